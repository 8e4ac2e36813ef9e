"""The spans of pydantic-ai, formats 1 to 6.

Formats 2 to 4 only have other names for a tool's arguments and result; 5 says tool results in the user's role, 6 in
the tool's. What format 1 has of its own stands in `pydantic_ai_events`. One form comes out.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Literal, cast

from pydantic import JsonValue

from spanwright.core.trace import AgentRun, Attribute, Message, ModelCall, Part, Span, ToolCall, ToolDefinition
from spanwright.core.usage import Usage
from spanwright.telemetry.dialects import Reply, Step, pydantic_ai_events
from spanwright.telemetry.dialects.reading import template
from spanwright.telemetry.interning import Interned
from spanwright.telemetry.lenient import clean, elements, plain
from spanwright.telemetry.names import COMPONENTS

SCOPE = "pydantic-ai"
_NUMBER = (int, float)
_ATTEMPT = "pydantic_ai.model_request.attempt"
_TEMPLATE = "gen_ai.prompt.name"
_CACHED = ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.details.cache_read_tokens")
_ANSWERED = frozenset({"gen_ai.output.messages", "gen_ai.response.model", "gen_ai.usage.output_tokens"})
_ARGUMENTS = ("gen_ai.tool.call.arguments", "tool_arguments")
_RESULT = ("gen_ai.tool.call.result", "tool_response")
_CAUSE = ("pydantic_ai.tool.retry.cause", "pydantic_ai.output.retry.cause", "pydantic_ai.tool.failure_stage")
_BULKY = frozenset(
    {
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.system_instructions",
        "gen_ai.tool.definitions",
        "model_request_parameters",
        "pydantic_ai.all_messages",
        "logfire.json_schema",
        pydantic_ai_events.EVENTS,
        pydantic_ai_events.ALL_EVENTS,
    }
)
_RETRIES: Mapping[str, Literal["validation", "model_retry", "unknown_tool"]] = {
    "validation_error": "validation",
    "validation": "validation",
    "no_output": "validation",
    "model_retry": "model_retry",
    "unknown_tool": "unknown_tool",
    "unavailable_tool": "unknown_tool",
}
_UNWRAPPED = frozenset({"ToolRetryError", "ToolFailedError", "ToolRetry", "ToolFailed", "ModelRetry"})
"""Exceptions whose message was written for the model: their class says nothing more."""
_GAVE_UP = "UnexpectedModelBehavior"
"""What pydantic-ai raises when retries are used up. Why the last one was refused stands in the stack trace alone."""
_REFUSED = re.compile(
    r"\n[\w.]*\b(?P<kind>ModelRetry|ToolRetryError|ValidationError): (?P<text>.+?)"
    r"(?:\n +For further information[^\n]*)?\n\nThe above exception was the direct cause",
    re.DOTALL,
)
_FINISHED = re.compile(r"(Final result processed|Output not used|Output tool|Tool not executed)\b")
"""How pydantic-ai answers a call that ended the run, or that it passed over because another one did."""
_NO_OUTPUT = re.compile(r"(<system>)?(?P<text>Please (return|include|call) [a-z ]{1,120}\.)(</system>)?")
"""How pydantic-ai answers an answer in which there was nothing to use."""
_FEEDBACK = re.compile(r"<(?P<tag>validation_errors|retry_feedback)>\n(?P<text>.*)\n</(?P=tag)>\s*$", re.DOTALL)
_ROLES = frozenset({"system", "user", "assistant", "tool"})


class PydanticAI:
    """Reads what pydantic-ai's instrumentation writes."""

    @property
    def bulky(self) -> frozenset[str]:
        return _BULKY

    def speaks(self, span: Span) -> bool:
        return span.scope == SCOPE

    def step(self, span: Span, interned: Interned) -> Step | None:
        match span.attributes.get("gen_ai.operation.name") or pydantic_ai_events.operation(span):
            case "invoke_agent":
                return _agent_run(span)
            case "chat":
                return _model_call(span, interned)
            case "execute_tool":
                return _tool_call(span)
            case _:
                return _model_call(span, interned) if _ATTEMPT in span.attributes else None

    def history(self, span: Span, interned: Interned) -> tuple[Message, ...]:
        if pydantic_ai_events.ALL_EVENTS in span.attributes:
            return pydantic_ai_events.history(span)
        return interned.messages(_text(span, "pydantic_ai.all_messages"), _messages, within=f"{span.span_id} all")

    def guidance(self, span: Span) -> str:
        return _instructions(_text(span, "gen_ai.system_instructions"))

    def gave_up(self, run: AgentRun) -> bool:
        return run.error.startswith(_GAVE_UP) and "retries" in run.error

    def reply(self, part: Part, offered: Collection[str]) -> Reply | None:
        if part.kind == "text":
            return _feedback(part.text)
        if part.kind != "tool_result" or _FINISHED.match(part.text):
            return None
        if part.tool and part.tool not in offered:
            return Reply(error=part.text, retry="unknown_tool")
        return Reply(error=part.text, retry="validation" if part.text.startswith('[{"') else "model_retry")


def _agent_run(span: Span) -> AgentRun:
    return AgentRun(
        span_id=span.span_id,
        name=_text(span, "gen_ai.agent.name") or _text(span, "agent_name"),
        final=_text(span, "final_result") if "final_result" in span.attributes else None,
        error=_error(span),
        started=span.started,
        ended=span.ended,
    )


def _model_call(span: Span, interned: Interned) -> ModelCall:
    if pydantic_ai_events.EVENTS in span.attributes:
        asked, said = pydantic_ai_events.conversation(span, interned)
    else:
        answers = interned.messages(_text(span, "gen_ai.output.messages"), _messages)
        asked = interned.messages(_text(span, "gen_ai.input.messages"), _messages, within=span.parent_id)
        said = answers[0] if answers else None
    tools = interned.definitions(_text(span, "gen_ai.tool.definitions"), _definition)
    response = _text(span, "gen_ai.response.model")
    instructions = _text(span, "gen_ai.system_instructions")
    return ModelCall(
        span_id=span.span_id,
        agent=_text(span, "gen_ai.agent.name"),
        model=_text(span, "gen_ai.request.model") or response,
        response_model=response,
        response_id=_text(span, "gen_ai.response.id"),
        provider=_text(span, "gen_ai.provider.name", "gen_ai.system"),
        prompt=template(span) if _TEMPLATE in span.attributes else "",
        instructions=interned.instructions(instructions, _instructions) if instructions else "",
        messages=asked,
        answer=said,
        tools=tools or pydantic_ai_events.definitions(span),
        finish_reason=_finish_reason(span.attributes.get("gen_ai.response.finish_reasons")),
        usage=_usage(span),
        cached_tokens=_count(span, *_CACHED),
        error=_error(span),
        components=_components(span.attributes.get(COMPONENTS)),
        started=span.started,
        ended=span.ended,
    )


def _tool_call(span: Span) -> ToolCall:
    told = next((_text(span, key) for key in _RESULT if key in span.attributes), None)
    failed = span.status == "error"
    cause = _text(span, *_CAUSE) if failed else ""
    refusal = _refusal(span) if failed and told is None else None
    return ToolCall(
        span_id=span.span_id,
        agent=_text(span, "gen_ai.agent.name"),
        name=_text(span, "gen_ai.tool.name"),
        call_id=_text(span, "gen_ai.tool.call.id"),
        arguments=_text(span, *_ARGUMENTS),
        result=None if failed else told,
        error=(told or (refusal and refusal.error) or _error(span)) if failed else "",
        retry=((refusal and refusal.retry) or _RETRIES.get(cause, "")) if failed else "",
        started=span.started,
        ended=span.ended,
    )


def _usage(span: Span) -> Usage:
    if _ANSWERED.isdisjoint(span.attributes):
        return Usage()
    cost = span.attributes.get("operation.cost")
    priced = isinstance(cost, _NUMBER)
    return Usage(
        requests=1,
        input_tokens=_count(span, "gen_ai.usage.input_tokens"),
        output_tokens=_count(span, "gen_ai.usage.output_tokens"),
        usd=float(cost) if priced else 0.0,
        unpriced=0 if priced else 1,
    )


def _error(span: Span) -> str:
    """Return why a span failed; never empty where it did."""
    if span.status != "error":
        return ""
    kind, message = _raised(span)
    if not kind:
        return clean(span.status_message) or "failed without a message"
    refusal = _refusal(span)
    why = f". The last refusal: {refusal.error}" if refusal else ""
    return clean(message if message and kind in _UNWRAPPED else ": ".join(filter(None, (kind, message))) + why)


def _raised(span: Span) -> tuple[str, str]:
    """Return the class and the message of the exception that a span ended with."""
    for event in reversed(span.events):
        if event.name == "exception":
            kind = str(event.attributes.get("exception.type", "")).rpartition(".")[2]
            return kind, str(event.attributes.get("exception.message", ""))
    return "", ""


def _refusal(span: Span) -> Reply | None:
    """Return what was refused for the last time before pydantic-ai gave up."""
    if _raised(span)[0] != _GAVE_UP:
        return None
    stacks = (str(event.attributes.get("exception.stacktrace", "")) for event in span.events)
    found = next((match for stack in stacks for match in reversed([*_REFUSED.finditer(stack)])), None)
    if found is None:
        return None
    return Reply(error=found["text"], retry="validation" if found["kind"] == "ValidationError" else "model_retry")


def _feedback(text: str) -> Reply | None:
    if nothing := _NO_OUTPUT.fullmatch(text):
        return Reply(error=nothing["text"], retry="validation")
    found = _FEEDBACK.search(text)
    if found is None:
        return None
    return Reply(error=found["text"], retry="validation" if found["tag"] == "validation_errors" else "model_retry")


def _messages(element: JsonValue) -> Sequence[Message]:
    """Read one message; results of tools become messages of the tool, whatever role the format gave them."""
    if not isinstance(element, dict) or not isinstance(parts := element.get("parts"), list):
        return ()
    said = element.get("role")
    role = cast("Literal['system', 'user', 'assistant', 'tool']", said if said in _ROLES else "user")
    read = [_part(part) for part in parts if isinstance(part, dict)]
    if role == "assistant":
        return (Message(role=role, parts=tuple(read)),)
    other = "user" if role == "tool" else role
    return [
        Message(role="tool" if results else other, parts=tuple(group))
        for results, group in groupby(read, key=_is_result)
    ]


def _is_result(part: Part) -> bool:
    return part.kind == "tool_result"


def _part(part: Mapping[str, JsonValue]) -> Part:
    match part.get("type"):
        case "text":
            return Part(kind="text", text=_plain(part, "content"))
        case "thinking":
            return Part(kind="thinking", text=_plain(part, "content"))
        case "tool_call" if not part.get("builtin"):
            return Part(
                kind="tool_call", text=_plain(part, "arguments"), tool=_plain(part, "name"), call_id=_plain(part, "id")
            )
        case "tool_call_response" if not part.get("builtin"):
            return Part(
                kind="tool_result", text=_plain(part, "result"), tool=_plain(part, "name"), call_id=_plain(part, "id")
            )
        case _:
            return Part(kind="other", text=_other(part))


def _other(part: Mapping[str, JsonValue]) -> str:
    """Say what it is (a picture, a file, a call that the provider ran itself) without its bytes."""
    facts: dict[str, JsonValue] = {
        key: value
        for key, value in part.items()
        if value is not None and not (key == "content" and "mime_type" in part)
    }
    return plain(facts)


def _plain(part: Mapping[str, JsonValue], key: str) -> str:
    value = part.get(key)
    if isinstance(value, str):
        return clean(value)
    return "" if value is None else plain(value)


def _definition(element: JsonValue) -> ToolDefinition | None:
    if not isinstance(element, dict) or not element.get("name"):
        return None
    parameters = element.get("parameters")
    return ToolDefinition(
        name=_plain(element, "name"),
        description=_plain(element, "description"),
        parameters="" if parameters is None else plain(parameters),
    )


def _instructions(text: str) -> str:
    if not text:
        return ""
    found, _ = elements(text)
    return "\n\n".join(_plain(part, "content") for part in found if isinstance(part, dict))


def _finish_reason(reasons: Attribute | None) -> str:
    return str(reasons[0]) if isinstance(reasons, tuple) and reasons else ""


def _components(ids: Attribute | None) -> tuple[str, ...]:
    return tuple(str(component) for component in ids) if isinstance(ids, tuple) else ()


def _text(span: Span, *keys: str) -> str:
    for key in keys:
        value = span.attributes.get(key)
        if value is not None:
            return clean(value) if isinstance(value, str) else str(value)
    return ""


def _count(span: Span, *keys: str) -> int:
    for key in keys:
        value = span.attributes.get(key)
        if isinstance(value, _NUMBER):
            return int(value)
    return 0
