"""The capability through which an agent's texts are read and replaced, request by request.

It is ordered innermost, so that it has the last word before the model and sees what other capabilities add; the agent's
spans then show the text that was sent. Validators, argument names and execution are untouched.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any

from pydantic_ai.capabilities import AbstractCapability, CapabilityOrdering
from pydantic_ai.messages import InstructionPart, ModelMessage, ModelRequest, SystemPromptPart
from pydantic_ai.models import ModelRequestContext, ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.tools import RunContext, ToolDefinition
from pydantic_ai.toolsets import AbstractToolset

from spanwright.core.candidate import Candidate, Component, ComponentId
from spanwright.models import Retries, current_traffic, model_id
from spanwright.subject import ids
from spanwright.subject.fit import Fit
from spanwright.subject.out_of_reach import out_of_reach
from spanwright.subject.outfit import Outfit, Wardrobe
from spanwright.subject.renaming import RenamingModel, renaming
from spanwright.subject.settings import Choices, set_in
from spanwright.subject.skills import components_of, dressed, skills_of
from spanwright.subject.surface import surface, templated
from spanwright.subject.templating import filled, sources_of, templates_in
from spanwright.subject.tools import GuardedToolset, Rules, TimedToolset, current_rehearsal, inherited_rules
from spanwright.subject.unreached import Unreached
from spanwright.subject.wearing import Preview, worn
from spanwright.telemetry import current_provider, mark_components


class Previewed(Exception):
    """Ends a run at its first model request: what would have been sent is known, and no model is called."""


@dataclass
class Wearable(AbstractCapability[Any]):
    """Lets an agent wear candidates, and retries its requests inside a recording.

    One capability for both: pydantic-ai calls some thirty hooks in a run, and each costs, whatever it does.
    """

    agent: str
    _: KW_ONLY
    id: str | None = "spanwright"
    base: Candidate | None = None
    """Worn for good, under whatever else is worn."""
    rules: Rules | None = field(default=None, repr=False, compare=False)
    """What its tools do while it is tried; None where nobody said: they run."""
    choices: Choices | None = field(default=None, repr=False, compare=False)
    """The settings of its model that are searched."""
    retries: Retries = field(default_factory=Retries, repr=False, compare=False)
    unreached: Unreached = field(init=False, repr=False, compare=False)
    fit: Fit = field(init=False, repr=False, compare=False)
    _wardrobe: Wardrobe = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.unreached = Unreached(self.agent)
        self.fit = Fit(self.agent)
        self._wardrobe = Wardrobe(self.agent)

    def get_ordering(self) -> CapabilityOrdering:
        """Be the last to see a request before the model."""
        return CapabilityOrdering(position="innermost")

    @property
    def guarding(self) -> Rules | None:
        """The rules that hold for a run that begins here; None where tools run, and leave nothing behind."""
        rules = self.rules or inherited_rules()
        if rules is None or not rules.intervene:
            return None
        return rules if current_rehearsal() is not None or isinstance(worn(), Preview) else None

    def get_wrapper_toolset(self, toolset: AbstractToolset[Any]) -> AbstractToolset[Any] | None:
        """Keep the rules for tools around all of them, and their deadline."""
        traffic, rules = current_traffic(), self.guarding
        if traffic is not None and traffic.terms.deadlines.tool_call is not None:
            timed = TimedToolset(toolset, traffic)
            return timed if rules is None else self._guarded(timed, rules)
        return None if rules is None else self._guarded(toolset, rules)

    def _guarded(self, toolset: AbstractToolset[Any], rules: Rules) -> AbstractToolset[Any]:
        return GuardedToolset(toolset, agent=self.agent, rules=rules, rehearsal=current_rehearsal())

    async def prepare_tools(self, ctx: RunContext[Any], tool_defs: list[ToolDefinition]) -> list[ToolDefinition]:
        """Give tools the worn descriptions and parameter docs."""
        return self.tools(tool_defs)

    async def prepare_output_tools(self, ctx: RunContext[Any], tool_defs: list[ToolDefinition]) -> list[ToolDefinition]:
        """Give output tools the worn descriptions and field docs."""
        return self.output_tools(tool_defs)

    async def before_model_request(
        self, ctx: RunContext[Any], request_context: ModelRequestContext
    ) -> ModelRequestContext:
        """Replace instructions, system prompts and output objects, and note on the span what was worn."""
        self.dress(ctx, request_context)
        return request_context

    def tools(self, tools: list[ToolDefinition]) -> list[ToolDefinition]:
        """Return tools with the worn descriptions and parameter docs."""
        self.fit.note(tools, output=False)
        return self._dressed(tools, ids.tool)

    def output_tools(self, tools: list[ToolDefinition]) -> list[ToolDefinition]:
        """Return output tools with the worn descriptions and field docs."""
        self.fit.note(tools, output=True)
        return self._dressed(tools, ids.output)

    def dress(self, ctx: RunContext[Any], request_context: ModelRequestContext) -> None:
        """Put what else is worn into a request, and retry it inside a recording."""
        what = worn()
        if isinstance(what, Preview):
            self._show(what, ctx, request_context)
            raise Previewed
        if self.fit.champion is not None:
            self.fit.look(request_context.messages, request_context.model_request_parameters, self._made(ctx))
        outfit = self._wardrobe.outfit(what, self.base)
        if outfit is not None and outfit.settings:
            set_in(request_context, outfit.settings, self.choices)
        recorded = current_provider() is not None
        if recorded:
            # Here and not in `get_wrapper_model`, around whose model pydantic-ai opens a scope for each request.
            # Outside of a recording the run is the user's own affair.
            request_context.model = self.retries.get_wrapper_model(request_context.model)
        if outfit is not None:
            carried = self._put_on(outfit, ctx, request_context)
            if recorded:
                mark_components([*carried, *self._carried_below(outfit, request_context.model_request_parameters)])

    def _made(self, ctx: RunContext[Any]) -> Iterator[Component]:
        """Yield the components of which a request shows only what comes of them: templates and skills."""
        yield from templated(self.agent, {id: str(template) for id, template in sources_of(ctx.agent).items()})
        yield from components_of(self.agent, skills_of(ctx))

    def _show(self, preview: Preview, ctx: RunContext[Any], request_context: ModelRequestContext) -> None:
        """Show a preview what would be sent."""
        messages, parameters = request_context.messages, request_context.model_request_parameters
        shown = [*surface(self.agent, messages, parameters, self._made(ctx))]
        if self.choices is not None:
            # A preview runs with a model of its own.
            model = "" if ctx.agent is None else model_id(ctx.agent.model)
            shown += self.choices.components(self.agent, request_context.model_settings, model)
        preview.components.update({component.id: component for component in shown})
        reached = templates_in(ctx, parameters.instruction_parts)
        preview.out_of_reach.extend(out_of_reach(self.agent, parameters, reached))

    def _put_on(self, outfit: Outfit, ctx: RunContext[Any], request_context: ModelRequestContext) -> list[ComponentId]:
        """Put an outfit into a request; return the components that it carries beside those of tools and outputs."""
        carried = [ids.setting(self.agent, name) for name in outfit.settings]
        if outfit.has_system_prompts:
            self._dress_messages(outfit, request_context, carried)
        if outfit.has_templates:
            self._dress_templates(outfit, ctx, request_context, carried)
        if outfit.has_skills:
            self._dress_skills(outfit, ctx, request_context, carried)
        parameters = self._dress_parameters(outfit, request_context, carried)
        if outfit.names:
            named = [tool.name for tool in parameters.function_tools if tool.name in outfit.names]
            carried += [ids.tool_name(self.agent, name) for name in named]
            if names := renaming(outfit.names, parameters):
                request_context.model = RenamingModel(request_context.model, names)
        return carried

    def _outfit(self) -> Outfit | None:
        what = worn()
        return None if isinstance(what, Preview) else self._wardrobe.outfit(what, self.base)

    def _dressed(self, tools: list[ToolDefinition], address: "ids.Address") -> list[ToolDefinition]:
        outfit = self._outfit() if tools else None
        return tools if outfit is None else [_tool(outfit, tool, address(self.agent, tool.name)) for tool in tools]

    def _dress_parameters(
        self, outfit: Outfit, request_context: ModelRequestContext, carried: list[ComponentId]
    ) -> ModelRequestParameters:
        parameters = request_context.model_request_parameters
        parts = self._instructions(outfit, parameters.instruction_parts or (), carried)
        output = parameters.output_object
        if output is not None:
            output = _output_object(outfit, output, ids.output(self.agent, ids.OUTPUT))
        tools = self._late_tools(outfit, parameters.function_tools)
        if parts is not None or tools is not None or output is not parameters.output_object:
            parameters = replace(
                parameters,
                function_tools=parameters.function_tools if tools is None else tools,
                instruction_parts=parameters.instruction_parts if parts is None else parts or None,
                output_object=output,
            )
            request_context.model_request_parameters = parameters
        return parameters

    def _late_tools(self, outfit: Outfit, tools: list[ToolDefinition]) -> list[ToolDefinition] | None:
        """Return the tools with those dressed that pydantic-ai adds after `prepare_tools`; None where there are none.

        These load skills and search tools, and have a kind. A tool of the user's that has one is dressed twice, which
        changes nothing.
        """
        if all(tool.tool_kind is None or outfit.piece(ids.tool(self.agent, tool.name)) is None for tool in tools):
            return None
        return [
            tool if tool.tool_kind is None else _tool(outfit, tool, ids.tool(self.agent, tool.name)) for tool in tools
        ]

    def _dress_templates(
        self, outfit: Outfit, ctx: RunContext[Any], request_context: ModelRequestContext, carried: list[ComponentId]
    ) -> None:
        """Fill the worn sources of templates in place of the agent's own."""
        parameters = request_context.model_request_parameters
        parts = list(parameters.instruction_parts or ())
        sources = sources_of(ctx.agent)
        for place, id in templates_in(ctx, parts).items():
            if (text := outfit.text(id)) is not None:
                carried.append(id)
                parts[place] = replace(parts[place], content=filled(text, sources[id], ctx.deps))
        parts = [part for part in parts if part.content or part.on_change == "append"]
        request_context.model_request_parameters = replace(parameters, instruction_parts=parts or None)

    def _dress_skills(
        self, outfit: Outfit, ctx: RunContext[Any], request_context: ModelRequestContext, carried: list[ComponentId]
    ) -> None:
        """Put the worn descriptions and bodies of skills in place of their own."""
        parameters = request_context.model_request_parameters
        parts = dressed(outfit, skills_of(ctx), parameters.instruction_parts or (), carried)
        request_context.model_request_parameters = replace(parameters, instruction_parts=parts or None)

    def _instructions(
        self, outfit: Outfit, parts: Sequence[InstructionPart], carried: list[ComponentId]
    ) -> list[InstructionPart] | None:
        """Return the parts with the worn texts, None where nothing changes.

        An agent without instructions of its own gets the worn ones. An empty text takes a part away.
        """
        changed: list[InstructionPart] = []
        own = ids.instructions(self.agent)
        missing = outfit.text(own)
        different = False
        for part in parts:
            id = None if part.id is None else ids.instructions(self.agent, str(part.id))
            if id == own:
                missing = None
            text = None if id is None else outfit.text(id)
            if id is None or text is None:
                changed.append(part)
                continue
            carried.append(id)
            different = True
            if text:
                changed.append(replace(part, content=text))
        shown = outfit.text(ids.demonstrations(self.agent))
        if shown is not None:
            carried.append(ids.demonstrations(self.agent))
        if shown:
            changed.append(InstructionPart(content=shown))
            different = True
        if missing is not None:
            carried.append(own)
        if missing:
            changed.insert(0, InstructionPart(content=missing))
        return changed if different or missing else None

    def _dress_messages(self, outfit: Outfit, request_context: ModelRequestContext, carried: list[ComponentId]) -> None:
        """Replace static system prompts in the first request; the history that is kept stays as it was."""
        messages = request_context.messages
        first = messages[0] if messages else None
        if not isinstance(first, ModelRequest):
            return
        parts = list(first.parts)
        place = 0
        for index, part in enumerate(parts):
            if isinstance(part, SystemPromptPart) and part.dynamic_ref is None:
                id = ids.system_prompt(self.agent, place)
                place += 1
                if (text := outfit.text(id)) is not None:
                    carried.append(id)
                    parts[index] = replace(part, content=text)
        if any(new is not old for new, old in zip(parts, first.parts, strict=True)):
            request_context.messages = list[ModelMessage]([replace(first, parts=parts), *messages[1:]])

    def _carried_below(self, outfit: Outfit, parameters: ModelRequestParameters) -> Iterator[ComponentId]:
        """Yield the worn components of the tools and outputs in a request: what is worn is accounted for."""
        for tool in parameters.function_tools:
            yield from _carried(outfit, ids.tool(self.agent, tool.name), tool.parameters_json_schema)
        for tool in parameters.output_tools:
            yield from _carried(outfit, ids.output(self.agent, tool.name), tool.parameters_json_schema)
        if parameters.output_object is not None and not parameters.output_tools:
            yield from _carried(outfit, ids.output(self.agent, ids.OUTPUT), parameters.output_object.json_schema)


def _tool(outfit: Outfit, tool: ToolDefinition, id: ComponentId) -> ToolDefinition:
    piece = outfit.piece(id)
    if piece is None:
        return tool
    return replace(
        tool,
        description=tool.description if piece.description is None else piece.description or None,
        parameters_json_schema=piece.dressed(tool.parameters_json_schema),
    )


def _output_object(outfit: Outfit, output: OutputObjectDefinition, id: ComponentId) -> OutputObjectDefinition:
    piece = outfit.piece(id)
    if piece is None:
        return output
    return replace(
        output,
        description=output.description if piece.description is None else piece.description or None,
        json_schema=piece.dressed(output.json_schema),
    )


def _carried(outfit: Outfit, id: ComponentId, schema: Mapping[str, Any]) -> Iterable[ComponentId]:
    piece = outfit.piece(id)
    return () if piece is None else piece.carried(schema)
