"""The GenAI conventions of OpenTelemetry, 1.28 to 1.42, by whichever library and in whichever scope.

Messages stand in attributes, or in the older events (on the span, or as log records that the file reader has laid on
it). Tool results of agents' libraries, Vercel's `@ai-sdk/otel` and Logfire's newer formats are written like this, too.
"""

from dataclasses import replace
from typing import cast

from pydantic import JsonValue

from spanwright.core.trace import AgentRun, Attribute, Message, ModelCall, Span, SpanEvent, ToolCall
from spanwright.telemetry.dialects import Step
from spanwright.telemetry.dialects.foreign import Foreign
from spanwright.telemetry.dialects.messages import answer, conversation, definition, instructions, messages, words
from spanwright.telemetry.dialects.reading import (
    Record,
    as_list,
    as_object,
    as_text,
    count,
    failure,
    json_of,
    reason,
    spent,
    template,
    text,
)
from spanwright.telemetry.interning import Interned
from spanwright.telemetry.lenient import elements, parsed
from spanwright.telemetry.names import COMPONENTS

CHATS = frozenset({"chat", "generate_content", "text_completion", "completion", "responses"})
DETAILS = "gen_ai.client.inference.operation.details"
"""An event that holds the attributes of its span."""
CONTENT = "gen_ai.event.content"
"""The attribute of an event that holds its body as JSON."""

_SAID = frozenset({"gen_ai.system.message", "gen_ai.user.message", "gen_ai.assistant.message", "gen_ai.tool.message"})
_CHOICE = "gen_ai.choice"
_ROLE_OF = {"gen_ai.system.message": "system", "gen_ai.user.message": "user", "gen_ai.tool.message": "tool"}
_INPUT = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
_OUTPUT = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")
_CACHED = (
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.details.cache_read_tokens",
    "gen_ai.usage.details.cached_tokens",
)


class GenAI(Foreign):
    """Reads spans that follow the conventions, whoever made them."""

    name = "OpenTelemetry GenAI"
    bulky = frozenset(
        {
            "gen_ai.input.messages",
            "gen_ai.output.messages",
            "gen_ai.system_instructions",
            "gen_ai.tool.definitions",
            "gen_ai.prompt",
            "gen_ai.completion",
        }
    )

    def speaks(self, span: Span) -> bool:
        return any(key in span.attributes for key in ("gen_ai.operation.name", "gen_ai.system", "gen_ai.tool.name"))

    def step(self, span: Span, interned: Interned) -> Step | None:
        span = detailed(span)
        operation = span.attributes.get("gen_ai.operation.name")
        if operation == "invoke_agent":
            return agent_run(span)
        if operation == "execute_tool":
            return tool_call(span)
        if operation in CHATS:
            return model_call(span, interned)
        if operation is None:
            return self._unnamed(span, interned)
        return None

    def _unnamed(self, span: Span, interned: Interned) -> Step | None:
        """Read a span of before 1.28, which does not name its operation."""
        if "gen_ai.tool.name" in span.attributes:
            return tool_call(span)
        return model_call(span, interned) if "gen_ai.request.model" in span.attributes else None


def detailed(span: Span) -> Span:
    """Lay the attributes of an event that holds the details of its span on the span."""
    found = next((event for event in span.events if event.name == DETAILS), None)
    return span if found is None else replace(span, attributes={**_body(found), **span.attributes})


def agent_run(span: Span) -> AgentRun:
    """Read the span of an agent's run."""
    name = text(span, "gen_ai.agent.name") or _after(span.name, "invoke_agent ")
    said, _ = elements(text(span, "gen_ai.output.messages"))
    return AgentRun(
        span_id=span.span_id,
        name="" if name == text(span, "gen_ai.request.model") else name,
        final=words(answer(said)) or None if said else None,
        error=failure(span),
        started=span.started,
        ended=span.ended,
    )


def tool_call(span: Span) -> ToolCall:
    """Read the span of a tool's execution."""
    told = text(span, "gen_ai.tool.call.result", "gen_ai.tool.message")
    has_told = bool(told) or "gen_ai.tool.call.result" in span.attributes
    failed = span.status == "error"
    return ToolCall(
        span_id=span.span_id,
        agent=text(span, "gen_ai.agent.name"),
        name=text(span, "gen_ai.tool.name") or _after(span.name, "execute_tool "),
        call_id=text(span, "gen_ai.tool.call.id"),
        arguments=text(span, "gen_ai.tool.call.arguments"),
        result=told if has_told and not failed else None,
        error=failure(span, told),
        started=span.started,
        ended=span.ended,
    )


def model_call(span: Span, interned: Interned) -> ModelCall:
    """Read the span of a request to a model."""
    heard, said = _conversation(span, interned)
    named = any(key in span.attributes for key in ("gen_ai.response.model", "gen_ai.response.id"))
    answered = bool(said) or (named and span.status != "error")
    model = text(span, "gen_ai.request.model")
    response = text(span, "gen_ai.response.model")
    finished = reason(span.attributes.get("gen_ai.response.finish_reasons"))
    return ModelCall(
        span_id=span.span_id,
        agent=text(span, "gen_ai.agent.name"),
        model=model or response,
        response_model=response,
        response_id=text(span, "gen_ai.response.id"),
        provider=text(span, "gen_ai.provider.name", "gen_ai.system"),
        prompt=template(span),
        instructions=instructions(_anything(span, "gen_ai.system_instructions")),
        messages=heard,
        answer=said,
        tools=interned.definitions(text(span, "gen_ai.tool.definitions"), definition),
        finish_reason=finished or _told_reason(span),
        usage=spent(span, answered=answered, asked=count(span, *_INPUT), given=count(span, *_OUTPUT)),
        cached_tokens=count(span, *_CACHED),
        error=failure(span),
        components=components(span),
        started=span.started,
        ended=span.ended,
    )


def components(span: Span) -> tuple[str, ...]:
    """Return the components that Spanwright itself has marked a request with."""
    marked = span.attributes.get(COMPONENTS)
    return tuple(str(component) for component in marked) if isinstance(marked, tuple) else ()


def _conversation(span: Span, interned: Interned) -> tuple[tuple[Message, ...], Message | None]:
    told, said = text(span, "gen_ai.input.messages"), text(span, "gen_ai.output.messages")
    if told or said:
        spoken, _ = elements(said) if said else ([], True)
        reply = answer(spoken)
        return interned.messages(told, messages, within=span.parent_id), reply and interned.message(reply)
    events = [event for event in span.events if event.name in _SAID or event.name == _CHOICE]
    if events:
        choices = [cast("JsonValue", _body(event)) for event in events if event.name == _CHOICE]
        heard = (message for event in events if event.name in _SAID for message in messages(_spoken(event)))
        return tuple(interned.message(message) for message in heard), answer(choices[:1])
    return _oldest(span)


def _oldest(span: Span) -> tuple[tuple[Message, ...], Message | None]:
    """Read the form of before 1.28: prompt and completion as JSON, on the span or in an event each."""
    prompt, completion = json_of(span, "gen_ai.prompt"), json_of(span, "gen_ai.completion")
    for event in span.events:
        if event.name == "gen_ai.content.prompt":
            prompt = parsed(str(event.attributes.get("gen_ai.prompt", "")))
        elif event.name == "gen_ai.content.completion":
            completion = parsed(str(event.attributes.get("gen_ai.completion", "")))
    heard = as_list(prompt) or as_list(as_object(prompt).get("messages"))
    said = as_list(completion) or as_list(as_object(completion).get("choices"))
    return conversation(heard), answer(said[:1])


def _spoken(event: SpanEvent) -> JsonValue:
    role = _ROLE_OF.get(event.name, "assistant")
    body = _body(event)
    return {**body, "role": body.get("role") or role}


def _body(event: SpanEvent) -> Record:
    """Return what an event says: its body, or its attributes, whose texts may be JSON."""
    body = parsed(str(event.attributes[CONTENT])) if CONTENT in event.attributes else None
    if body is not None:
        return as_object(body) or {"content": body}
    return {key.removeprefix("gen_ai.event."): _opened(key, value) for key, value in event.attributes.items()}


def _opened(key: str, value: Attribute) -> JsonValue:
    structured = key in ("message", "tool_calls") and isinstance(value, str) and value[:1] in "[{"
    return parsed(cast("str", value)) if structured else cast("JsonValue", value)


def _told_reason(span: Span) -> str:
    """Return the reason that stands with the message instead of on the span."""
    said = as_list(json_of(span, "gen_ai.output.messages"))
    choices = (_body(event) for event in span.events if event.name == _CHOICE)
    told = (as_object(element).get("finish_reason") for element in (*said, *choices))
    return next((reason(one) for one in told if one), "")


def _anything(span: Span, key: str) -> JsonValue:
    value = json_of(span, key)
    return as_text(cast("JsonValue", span.attributes.get(key))) if value is None else value


def _after(name: str, start: str) -> str:
    return name[len(start) :] if name.startswith(start) else ""


def unwrapped(said: str, key: str) -> str:
    """Take a value out of the object in which a library puts what is no object: `{key: value}`."""
    if said[:1] != "{":
        return said
    value = as_object(parsed(said))
    if set(value) != {key}:
        return said
    return "null" if value[key] is None else as_text(value[key])
