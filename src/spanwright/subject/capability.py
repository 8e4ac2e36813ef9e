"""The capability through which an agent's texts are read and replaced, request by request.

It is ordered innermost, so that it has the last word before the model and sees what other capabilities add; the agent's
spans then show the text that was sent. Validators, argument names and execution are untouched.
"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

from pydantic_ai.capabilities import AbstractCapability, CapabilityOrdering
from pydantic_ai.messages import InstructionPart, ModelMessage, ModelRequest, SystemPromptPart
from pydantic_ai.models import ModelRequestContext, ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.tools import RunContext, ToolDefinition

from spanwright.core.candidate import Candidate, ComponentId
from spanwright.subject import ids
from spanwright.subject.schemas import reworded
from spanwright.subject.surface import surface
from spanwright.subject.wearing import Preview, worn
from spanwright.telemetry import mark_components


class Previewed(Exception):
    """Ends a run at its first model request: what would have been sent is known, and no model is called."""


@dataclass
class Wearable(AbstractCapability[Any]):
    """Lets an agent wear candidates. `base` is worn where nothing else is."""

    agent: str
    _: KW_ONLY
    id: str | None = "spanwright"
    base: Candidate | None = None

    def get_ordering(self) -> CapabilityOrdering:
        """Be the last to see a request before the model."""
        return CapabilityOrdering(position="innermost")

    async def prepare_tools(self, ctx: RunContext[Any], tool_defs: list[ToolDefinition]) -> list[ToolDefinition]:
        """Give tools the worn descriptions and parameter docs."""
        return self._reworded(tool_defs, ids.tool)

    async def prepare_output_tools(self, ctx: RunContext[Any], tool_defs: list[ToolDefinition]) -> list[ToolDefinition]:
        """Give output tools the worn descriptions and field docs."""
        return self._reworded(tool_defs, ids.output)

    async def before_model_request(
        self, ctx: RunContext[Any], request_context: ModelRequestContext
    ) -> ModelRequestContext:
        """Replace instructions, system prompts and output objects, and note on the span what was worn."""
        what = worn()
        if isinstance(what, Preview):
            found = surface(self.agent, request_context.messages, request_context.model_request_parameters)
            what.components.update({component.id: component for component in found})
            raise Previewed
        candidate = what or self.base
        if candidate is None:
            return request_context
        parameters = request_context.model_request_parameters
        parameters = replace(
            parameters,
            instruction_parts=self._instructions(candidate, parameters.instruction_parts or []),
            output_object=self._output_object(candidate, parameters.output_object),
        )
        messages = self._system_prompts(candidate, request_context.messages)
        mark_components(self._applied(candidate, messages, parameters))
        return replace(request_context, messages=messages, model_request_parameters=parameters)

    def _candidate(self) -> Candidate | None:
        what = worn()
        return what if isinstance(what, Candidate) else self.base if what is None else None

    def _reworded(self, tools: list[ToolDefinition], address: "ids.Address") -> list[ToolDefinition]:
        candidate = self._candidate()
        if candidate is None:
            return tools
        return [self._tool(candidate, tool, address(self.agent, tool.name)) for tool in tools]

    def _tool(self, candidate: Candidate, tool: ToolDefinition, id: ComponentId) -> ToolDefinition:
        texts = _below(candidate, id)
        description = candidate.texts.get(id)
        if description is None and not texts:
            return tool
        return replace(
            tool,
            description=tool.description if description is None else description or None,
            parameters_json_schema=reworded(tool.parameters_json_schema, texts),
        )

    def _instructions(self, candidate: Candidate, parts: Sequence[InstructionPart]) -> list[InstructionPart] | None:
        """Return the parts with the worn texts; an agent without instructions of its own gets the worn ones."""
        changed: list[InstructionPart] = []
        own = ids.instructions(self.agent)
        seen = False
        for part in parts:
            id = None if part.id is None else ids.instructions(self.agent, str(part.id))
            seen = seen or id == own
            text = None if id is None else candidate.texts.get(id)
            if text is None:
                changed.append(part)
            elif text:
                changed.append(replace(part, content=text))
        if not seen and candidate.texts.get(own):
            changed.insert(0, InstructionPart(content=candidate.texts[own]))
        return changed or None

    def _output_object(
        self, candidate: Candidate, output: OutputObjectDefinition | None
    ) -> OutputObjectDefinition | None:
        if output is None:
            return None
        id = ids.output(self.agent, ids.OUTPUT)
        texts = _below(candidate, id)
        description = candidate.texts.get(id)
        if description is None and not texts:
            return output
        return replace(
            output,
            description=output.description if description is None else description or None,
            json_schema=reworded(output.json_schema, texts),
        )

    def _system_prompts(self, candidate: Candidate, messages: list[ModelMessage]) -> list[ModelMessage]:
        """Replace static system prompts in the first request; the history that is kept stays as it was."""
        first = messages[0] if messages else None
        if not isinstance(first, ModelRequest):
            return messages
        parts = list(first.parts)
        place = 0
        for index, part in enumerate(parts):
            if isinstance(part, SystemPromptPart) and part.dynamic_ref is None:
                text = candidate.texts.get(ids.system_prompt(self.agent, place))
                place += 1
                if text is not None:
                    parts[index] = replace(part, content=text)
        return messages if place == 0 else [replace(first, parts=parts), *messages[1:]]

    def _applied(
        self, candidate: Candidate, messages: Sequence[ModelMessage], parameters: ModelRequestParameters
    ) -> tuple[ComponentId, ...]:
        """Return the candidate's components that this request carries: what is worn is accounted for."""
        present = {component.id for component in surface(self.agent, messages, parameters)}
        return tuple(id for id in candidate.texts if id in present)


def _below(candidate: Candidate, id: ComponentId) -> dict[str, str]:
    """Return the texts of the places in a schema by their paths."""
    prefix = f"{id}/"
    return {key.removeprefix(prefix): text for key, text in candidate.texts.items() if key.startswith(prefix)}
