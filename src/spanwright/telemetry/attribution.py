"""Which components a trace speaks of: whose texts a model call carried, and whom a bad outcome points at.

Pure and cheap. Blame is evidence, not proof: it orders what a reflector looks at first. The weights of one failed
rollout add up to 1, so that every failure has the same say.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pydantic import JsonValue

from spanwright.core.candidate import Component, ComponentId, Kind
from spanwright.core.score import Score
from spanwright.core.tools_used import SKILL, ToolsUsed, address, same
from spanwright.core.trace import ModelCall, ToolCall, ToolDefinition, Trace
from spanwright.telemetry.lenient import parsed
from spanwright.telemetry.unspanned import OUTPUT

POINTED_AT = 3.0
"""An evaluator names the component."""
TOOL_FAILED = 2.0
"""A call of the tool, or an output given by it, was refused or raised; halved where the error names a parameter."""
PARAMETER_NAMED = 2.0
"""The error of a call of the tool names the parameter."""
TOOL_MISSED = 1.0
"""The tool was offered, never called, and the feedback or an error uses its words; times the share of its words."""
TOOL_WANTED = 3.0
"""It is known that the tool should have been called, and it was not."""
TOOL_NEEDLESS = 2.0
"""It is known that the tool should not have been called, and it was."""
TOOL_CALLED = 0.5
"""The tool was called without an error, in a rollout that went wrong."""
PARAMETER_USED = 0.1
"""The tool of the parameter was called without an error that names it."""
INSTRUCTED = 1.0
"""The agent of the instructions ran, or the program read the text."""
UNEXPLAINED = 1.0
"""More for instructions, where no call failed: what is wrong is what the agent did, not how it did it."""

_WORD = re.compile(r"[^\W\d_]{3,}")
_PLACEHOLDER = re.compile(r"\$?\{+[^{}]{0,80}\}+")
_TELLING_PIECE = 12
"""Of a text with placeholders, some piece has at least so many characters: shorter ones stand anywhere."""
_LOCATION = re.compile(r'"loc": ?\[(.*?)\]')
_TELLING_WORDS = 3
"""So many words of a description in the feedback count as all of them."""
_DESCRIPTION_SHARE = 0.5
"""A description's words say less than the tool's name."""
_COMMON = frozenset(
    {"the", "and", "for", "with", "that", "this", "from", "not", "are", "was", "has", "its", "use", "given"}
)

_GUIDING = frozenset({Kind.INSTRUCTIONS, Kind.SYSTEM_PROMPT, Kind.TEXT})


def governing(call: ModelCall, texts: Mapping[ComponentId, str]) -> tuple[ComponentId, ...]:
    """Return the components of `texts` whose text `call` sent, for calls whose span names none.

    Where the span names its prompt template (`gen_ai.prompt.name`) and that is a component, it is what guided the
    call. Else a text counts when it stands in the system prompt, whatever the white space: frameworks put sentences
    around instructions, and fill in what stands in braces. Tools count by their names and descriptions.
    """
    named = _named(call, texts)
    return tuple(
        key
        for key, text in sorted(texts.items())
        if key in named or (text.strip() and not (named and _guides(key)) and _stands_in(key, text, call))
    )


def attributed(trace: Trace, texts: Mapping[ComponentId, str]) -> Trace:
    """Return the trace with the components that governed each model call, where the spans do not say it."""
    calls = tuple(
        call if call.components else replace(call, components=governing(call, texts)) for call in trace.model_calls
    )
    return replace(trace, model_calls=calls)


def blame(
    trace: Trace, score: Score, components: Sequence[Component], used: ToolsUsed | None = None
) -> Mapping[ComponentId, float]:
    """Weigh how much the evidence of a failed rollout points at each component; equally where there is no evidence.

    `used` says which tools should have been called, where it is known.
    """
    evidence = _Evidence(trace, score, used)
    weights = {component.id: evidence.against(component) for component in components}
    total = sum(weights.values())
    if not total:
        return {component.id: 1 / len(components) for component in components}
    return {component: weight / total for component, weight in weights.items()}


class _Evidence:
    def __init__(self, trace: Trace, score: Score, used: ToolsUsed | None) -> None:
        self._score = score
        self._missed = frozenset(used.missed(used.wanted) if used else ())
        self._needless = frozenset(used.needless(used.wanted) if used else ())
        self._called = frozenset(used.calls if used else ())
        self._calls = trace.tool_calls
        self._read = trace.texts_read
        self._ran = {run.name for run in trace.agents} | {call.agent for call in trace.model_calls}
        self._offered = {(call.agent, tool.name): tool for call in trace.model_calls for tool in call.tools}
        self._failed = any(call.error for call in trace.tool_calls)
        self._words = _words(" ".join((score.feedback, *score.blame.values(), *trace.errors)))

    def against(self, component: Component) -> float:
        """Add up what speaks against `component`."""
        pointed_at = POINTED_AT if component.id in self._score.blame else 0.0
        if component.kind in _GUIDING:
            return pointed_at + self._against_guidance(component)
        if component.kind in (Kind.SKILL, Kind.SKILL_BODY):
            return pointed_at + self._against_skill(component)
        tool, _, parameter = component.id.partition("/")[2].partition(":")[2].partition("/")
        calls = [call for call in self._calls if call.agent == component.agent and _is_of(call, tool, component.kind)]
        if component.kind in (Kind.PARAMETER, Kind.OUTPUT_FIELD):
            return pointed_at + _against_parameter(parameter, calls)
        return pointed_at + self._against_tool(component, tool, calls)

    def _against_guidance(self, component: Component) -> float:
        if component.id not in self._read and component.agent not in self._ran:
            return 0.0
        return INSTRUCTED if self._failed else INSTRUCTED + UNEXPLAINED

    def _against_skill(self, component: Component) -> float:
        """Blame a description like a tool's for whether the skill was loaded, and a body for what came of it."""
        name = component.id.partition("/skill:")[2].removesuffix("/body")
        mine = address(component.agent, f"{SKILL}{name}")
        loaded = mine in self._called
        if component.kind is Kind.SKILL_BODY:
            return self._against_guidance(component) if loaded else 0.0
        if component.agent not in self._ran:
            return 0.0
        if any(same(mine, each) for each in self._missed):
            return TOOL_WANTED
        if loaded:
            return TOOL_CALLED + (TOOL_NEEDLESS if mine in self._needless else 0.0)
        return TOOL_MISSED * self._share(name, component.text)

    def _against_tool(self, component: Component, tool: str, calls: Sequence[ToolCall]) -> float:
        mine = address(component.agent, tool)
        if (component.agent, tool) in self._offered and any(same(mine, each) for each in self._missed):
            return TOOL_WANTED
        return (TOOL_NEEDLESS if calls and mine in self._needless else 0.0) + self._by_calls(component, tool, calls)

    def _by_calls(self, component: Component, tool: str, calls: Sequence[ToolCall]) -> float:
        errors = [call.error for call in calls if call.error]
        offered = self._offered.get((component.agent, tool))
        if errors:
            parameters = _properties(offered) if offered else frozenset[str]()
            named = any(_names(error, parameter) for error in errors for parameter in parameters)
            return TOOL_FAILED / 2 if named else TOOL_FAILED
        if calls or component.kind is Kind.OUTPUT:  # an output tool that worked leaves no span
            return TOOL_CALLED if component.agent in self._ran else 0.0
        return TOOL_MISSED * self._share(tool, offered.description) if offered else 0.0

    def _share(self, name: str, description: str) -> float:
        """Say how many of a tool's words the feedback and the errors use, from 0 to 1."""
        named, described = _words(name), _words(description)
        of_name = len(named & self._words) / len(named) if named else 0.0
        of_description = min(1.0, len(described & self._words) / _TELLING_WORDS)
        return max(of_name, _DESCRIPTION_SHARE * of_description)


def _against_parameter(parameter: str, calls: Sequence[ToolCall]) -> float:
    name = parameter.rpartition("/")[2]
    if any(_names(call.error, name) for call in calls):
        return PARAMETER_NAMED
    return PARAMETER_USED if calls else 0.0


def _is_of(call: ToolCall, tool: str, kind: Kind) -> bool:
    return call.name == tool or (kind in (Kind.OUTPUT, Kind.OUTPUT_FIELD) and call.name == OUTPUT)


def _names(error: str, parameter: str) -> bool:
    """Say whether an error speaks of a parameter: a validation error by its location, any other by the word."""
    places = _LOCATION.findall(error)
    return bool(parameter) and re.search(rf"\b{re.escape(parameter)}\b", " ".join(places) or error) is not None


def _words(text: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in _WORD.findall(text)) - _COMMON


def _stands_in(key: ComponentId, text: str, call: ModelCall) -> bool:
    agent, _, place = key.partition("/")
    if call.agent and agent != call.agent:
        return False
    kind, _, address = place.partition(":")
    tool, _, parameter = address.partition("/")
    said = list(_guidance(call)) if kind != "tool" else []
    if kind in ("tool", "output"):
        for definition in call.tools:
            if definition.name == tool:
                said.extend(_descriptions(parsed(definition.parameters)) if parameter else (definition.description,))
    return any(_contains(_normal(one), text) for one in said)


def _named(call: ModelCall, texts: Mapping[ComponentId, str]) -> frozenset[ComponentId]:
    """Return the component that the template of a call is: its id, or what stands in the id after the agent."""
    name = call.prompt.partition("@")[0]
    if not name:
        return frozenset()
    wanted = {name, f"{call.agent}/{name}"}
    return frozenset(key for key in texts if key in wanted)


def _guides(key: ComponentId) -> bool:
    """Say whether a component stands in the system prompt, not in a tool."""
    return key.partition("/")[2].partition(":")[0] not in ("tool", "output")


def _contains(said: str, text: str) -> bool:
    """Say whether a text was sent: as it is, or with something in the place of each of its placeholders."""
    if _normal(text) in said:
        return True
    pieces = [piece for piece in map(_normal, _PLACEHOLDER.split(text)) if piece]
    if len(pieces) < 2 or max(map(len, pieces)) < _TELLING_PIECE:
        return False
    at = 0
    for piece in pieces:
        found = said.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _guidance(call: ModelCall) -> Iterator[str]:
    yield call.instructions
    for message in call.messages:
        if message.role == "system":
            yield from (part.text for part in message.parts)


def _descriptions(schema: JsonValue) -> Iterator[str]:
    """Yield the descriptions anywhere in a JSON schema."""
    if isinstance(schema, list):
        for item in schema:
            yield from _descriptions(item)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key == "description" and isinstance(value, str):
                yield value
            yield from _descriptions(value)


def _properties(tool: ToolDefinition) -> frozenset[str]:
    schema = parsed(tool.parameters)
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return frozenset(properties) if isinstance(properties, dict) else frozenset()


def _normal(text: str) -> str:
    return " ".join(text.split()).casefold()
