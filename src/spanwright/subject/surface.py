"""What an agent shows a model: the components of one request, in the order in which a reader would meet them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic_ai.messages import ModelMessage, ModelRequest, SystemPromptPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.tools import ToolDefinition

from spanwright.core.breaches import LONGEST_NAME
from spanwright.core.candidate import Component, ComponentId, Kind
from spanwright.subject import ids
from spanwright.subject.schemas import places
from spanwright.subject.skills import CATALOG

_REACH = {
    Kind.INSTRUCTIONS: "Read by agent {agent} before every request. Cannot change code, tools, names or types.",
    Kind.SYSTEM_PROMPT: "Read by agent {agent} at the start of a conversation. Cannot change code, tools, names or"
    " types.",
    Kind.TOOL: "What agent {agent} is told of the tool {name}: when and how to call it. Cannot change what the tool"
    " does, its name or its parameters.",
    Kind.TOOL_NAME: "The name by which agent {agent} knows the tool {name}: letters, digits, _ and -. What happened is"
    " told with the name {name}, whatever the model saw. Cannot change what the tool does.",
    Kind.PARAMETER: "What agent {agent} is told of one parameter of the tool {name}. Cannot change its name or type.",
    Kind.OUTPUT: "What agent {agent} is told of its final answer as a whole. Cannot change its fields.",
    Kind.OUTPUT_FIELD: "What agent {agent} is told of one field of its final answer. Cannot change its name or type.",
}

_FILLED = (
    "A Handlebars template: what stands in {{...}} is filled in for each run, and there is nothing else to fill in."
)

PROVIDER_LIMIT = 1_024
"""Characters of a tool description that every large provider accepts."""


def surface(
    agent: str,
    messages: Sequence[ModelMessage],
    parameters: ModelRequestParameters,
    made: Iterable[Component] = (),
) -> Iterator[Component]:
    """Yield the components of one request of `agent`; `made` are those that it shows only what comes of."""
    yield from _system_prompts(agent, messages)
    yield from _instructions(agent, parameters)
    yield from made
    for tool in parameters.function_tools:
        yield from _tool(agent, tool)
    if parameters.output_tools:
        for tool in parameters.output_tools:
            yield from _output(agent, tool.name, tool.description, tool.parameters_json_schema)
    elif parameters.output_object is not None:
        output = parameters.output_object
        yield from _output(agent, ids.OUTPUT, output.description, output.json_schema)


def templated(agent: str, templates: Mapping[ComponentId, str]) -> Iterator[Component]:
    """Yield the sources of templates among an agent's instructions as components."""
    reach = f"{_reach(Kind.INSTRUCTIONS, agent)} {_FILLED}"
    for id, text in templates.items():
        yield Component(id=id, kind=Kind.INSTRUCTIONS, agent=agent, text=text, reach=reach)


def _system_prompts(agent: str, messages: Sequence[ModelMessage]) -> Iterator[Component]:
    first = messages[0] if messages else None
    if not isinstance(first, ModelRequest):
        return
    static = [part for part in first.parts if isinstance(part, SystemPromptPart) and part.dynamic_ref is None]
    for place, part in enumerate(static):
        yield Component(
            id=ids.system_prompt(agent, place),
            kind=Kind.SYSTEM_PROMPT,
            agent=agent,
            text=part.content,
            reach=_reach(Kind.SYSTEM_PROMPT, agent),
        )


def _instructions(agent: str, parameters: ModelRequestParameters) -> Iterator[Component]:
    own = ids.instructions(agent)
    reach = _reach(Kind.INSTRUCTIONS, agent)
    found = {
        ids.instructions(agent, str(part.id)): part
        for part in parameters.instruction_parts or []
        if part.id is not None and str(part.id) != CATALOG
    }
    if own not in found:
        yield Component(id=own, kind=Kind.INSTRUCTIONS, agent=agent, text="", reach=reach)
    for id, part in found.items():
        yield Component(
            id=id, kind=Kind.INSTRUCTIONS, agent=agent, text=part.content, dynamic=part.dynamic, reach=reach
        )


def _tool(agent: str, tool: ToolDefinition) -> Iterator[Component]:
    yield Component(
        id=ids.tool(agent, tool.name),
        kind=Kind.TOOL,
        agent=agent,
        text=tool.description or "",
        reach=_reach(Kind.TOOL, agent, tool.name),
        limit=PROVIDER_LIMIT,
    )
    yield Component(
        id=ids.tool_name(agent, tool.name),
        kind=Kind.TOOL_NAME,
        agent=agent,
        text=tool.name,
        reach=_reach(Kind.TOOL_NAME, agent, tool.name),
        limit=LONGEST_NAME,
    )
    for path, text in places(tool.parameters_json_schema):
        yield Component(
            id=ids.tool(agent, tool.name, path),
            kind=Kind.PARAMETER,
            agent=agent,
            text=text,
            reach=_reach(Kind.PARAMETER, agent, tool.name),
            limit=PROVIDER_LIMIT,
        )


def _output(agent: str, name: str, description: str | None, schema: Mapping[str, object]) -> Iterator[Component]:
    yield Component(
        id=ids.output(agent, name),
        kind=Kind.OUTPUT,
        agent=agent,
        text=description or "",
        reach=_reach(Kind.OUTPUT, agent),
        limit=PROVIDER_LIMIT,
    )
    for path, text in places(schema):
        yield Component(
            id=ids.output(agent, name, path),
            kind=Kind.OUTPUT_FIELD,
            agent=agent,
            text=text,
            reach=_reach(Kind.OUTPUT_FIELD, agent),
            limit=PROVIDER_LIMIT,
        )


def _reach(kind: Kind, agent: str, name: str = "") -> str:
    return _REACH[kind].format(agent=agent, name=name)
