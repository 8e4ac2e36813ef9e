"""The trace of a play: what the spans of a real agent with the same texts would tell, built only when asked for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from spanwright.core.candidate import ComponentId
from spanwright.core.trace import AgentRun, Message, ModelCall, Part, ToolCall, ToolDefinition, Trace
from spanwright.core.usage import Usage
from spanwright.testing.worlds.plan import AGENT, INSTRUCTIONS, Tool

MODEL: Final = "sim-world"
LOOK_UP: Final = "look_up"
_LOOK_UP: Final = ToolDefinition(
    name=LOOK_UP,
    description="Look an entry of the files up.",
    parameters='{"type": "object", "properties": {"entry": {"type": "integer"}}, "required": ["entry"]}',
)
_CHARACTERS_PER_TOKEN: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """A call of a tool, and what the tool answered."""

    tool: str
    arguments: Mapping[str, object]
    result: str
    refused: bool = False

    @property
    def asked(self) -> str:
        """The arguments as JSON."""
        return json.dumps(dict(self.arguments))


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What every request to the model carries with one set of texts."""

    instructions: str
    tools: tuple[ToolDefinition, ...]
    components: tuple[ComponentId, ...]
    words: int

    @classmethod
    def of(cls, texts: Mapping[ComponentId, str], tools: Sequence[Tool], *, look_up: bool) -> "Offer":
        """Make the offer of these texts; a component that is not among them has none."""
        offered = tuple(definition(tool, texts) for tool in tools)
        said = texts.get(INSTRUCTIONS, "")
        return cls(
            instructions=said,
            tools=(*offered, _LOOK_UP) if look_up else offered,
            components=tuple(sorted(id for id, text in texts.items() if text)),
            words=len(said) + sum(len(each.description) + len(each.parameters) for each in offered),
        )


def parsed_docs(schema: Mapping[str, object]) -> Mapping[str, str]:
    """Return the docs of the parameters that a tool's schema describes, by name."""
    shapes = cast("Mapping[str, Mapping[str, object]]", schema.get("properties", {}))
    return {name: str(shape.get("description", "")) for name, shape in shapes.items()}


def schema_of(tool: Tool, texts: Mapping[ComponentId, str]) -> dict[str, Any]:
    """Return the JSON schema of a tool's parameters."""
    properties: dict[str, object] = {}
    for aspect in tool.aspects:
        doc = texts.get(f"{tool.id}/{aspect}", "")
        properties[aspect] = {"type": "string", **({"description": doc} if doc else {})}
    return {"type": "object", "properties": properties, "required": list(tool.aspects)}


def definition(tool: Tool, texts: Mapping[ComponentId, str]) -> ToolDefinition:
    """Return a tool as the model sees it."""
    said = texts.get(tool.id, tool.description)
    return ToolDefinition(name=tool.name, description=said, parameters=json.dumps(schema_of(tool, texts)))


def told(offer: Offer, task: str, deeds: Sequence[Deed], final: str, *, id: str) -> Trace:
    """Return the trace: one model call for each deed and one for the answer."""
    history = [Message(role="user", parts=(Part(kind="text", text=task),))]
    models: list[ModelCall] = []
    tools: list[ToolCall] = []
    said = 0
    for number, deed in enumerate(deeds):
        call, clock, asked = f"call-{number}", 2.0 * number, deed.asked
        answer = Message(role="assistant", parts=(Part(kind="tool_call", text=asked, tool=deed.tool, call_id=call),))
        models.append(_model_call(offer, history, answer, number=2 * number, clock=clock, said=said))
        tools.append(
            ToolCall(
                span_id=f"{2 * number + 1:016x}",
                agent=AGENT,
                name=deed.tool,
                call_id=call,
                arguments=asked,
                result=deed.result,
                error=deed.result if deed.refused else "",
                retry="model_retry" if deed.refused else "",
                started=clock + 1,
                ended=clock + 1.5,
            )
        )
        result = Message(role="tool", parts=(Part(kind="tool_result", text=deed.result, tool=deed.tool, call_id=call),))
        history += [answer, result]
        said += len(asked) + len(deed.result)
    end = 2.0 * len(deeds)
    answer = Message(role="assistant", parts=(Part(kind="text", text=final),))
    models.append(_model_call(offer, history, answer, number=2 * len(deeds), clock=end, said=said))
    run = AgentRun(span_id="f" * 16, name=AGENT, final=final, started=0.0, ended=end + 1)
    return Trace(id=id, agents=(run,), model_calls=tuple(models), tool_calls=tuple(tools))


def _model_call(
    offer: Offer, history: Sequence[Message], answer: Message, *, number: int, clock: float, said: int
) -> ModelCall:
    calls = answer.parts[0].kind == "tool_call"
    return ModelCall(
        span_id=f"{number:016x}",
        agent=AGENT,
        model=MODEL,
        response_model=MODEL,
        provider="simulated",
        instructions=offer.instructions,
        messages=tuple(history),
        answer=answer,
        tools=offer.tools,
        finish_reason="tool_call" if calls else "stop",
        usage=Usage(
            requests=1,
            input_tokens=(offer.words + said) // _CHARACTERS_PER_TOKEN,
            output_tokens=len(answer.parts[0].text) // _CHARACTERS_PER_TOKEN + 1,
            unpriced=1,
        ),
        components=offer.components,
        started=clock,
        ended=clock + 1,
    )
