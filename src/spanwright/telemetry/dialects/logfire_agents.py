"""Logfire's instrumentation of the OpenAI Agents SDK: the kind of a span is its message template.

Errors of tools are attributes, while the status stays unset. A finish reason is not recorded, but that an answer was
cut off is.
"""

from spanwright.core.trace import AgentRun, ModelCall, Span, ToolCall
from spanwright.telemetry.dialects import Step
from spanwright.telemetry.dialects.foreign import Foreign
from spanwright.telemetry.dialects.messages import answer, conversation, definitions
from spanwright.telemetry.dialects.reading import (
    FAILED,
    Record,
    as_list,
    as_object,
    as_text,
    count,
    failure,
    json_of,
    number,
    object_of,
    spent,
    text,
)
from spanwright.telemetry.interning import Interned


class LogfireAgents(Foreign):
    """Reads the spans of `logfire.instrument_openai_agents`."""

    name = "Logfire OpenAI Agents"
    bulky = frozenset({"response", "raw_input", "events", "request_data", "model_settings", "logfire.json_schema"})

    def speaks(self, span: Span) -> bool:
        return span.scope == "logfire.openai_agents"

    def step(self, span: Span, interned: Interned) -> Step | None:
        template = text(span, "logfire.msg_template") or span.name
        if template.startswith("Agent run:"):
            return AgentRun(
                span_id=span.span_id,
                name=text(span, "name"),
                error=_error(span),
                started=span.started,
                ended=span.ended,
            )
        if template.startswith("Function:"):
            return _tool(span)
        if template.startswith("Responses API"):
            return _response(span)
        return _completion(span) if template.startswith("Chat completion with") else None


def _tool(span: Span) -> ToolCall:
    error = _error(span)
    told = text(span, "output")
    return ToolCall(
        span_id=span.span_id,
        name=text(span, "name"),
        arguments=text(span, "input"),
        result=None if error or "output" not in span.attributes else told,
        error="\n".join(filter(None, (error, told))) if error else "",
        started=span.started,
        ended=span.ended,
    )


def _response(span: Span) -> ModelCall:
    response = object_of(span, "response")
    events = as_list(json_of(span, "events"))
    raw = json_of(span, "raw_input")
    asked = as_list(raw) or ([raw] if isinstance(raw, str) else [])
    told = [event for event in events if as_object(event).get("role") == "system"] if asked else events
    said = as_list(response.get("output"))
    why = as_object(response.get("incomplete_details")).get("reason")
    system = as_text(response.get("instructions"))
    return _call(
        span,
        ModelCall(
            span_id=span.span_id,
            response_id=as_text(response.get("id")) or text(span, "response_id"),
            instructions=system,
            messages=conversation(([] if system else told) + asked),
            answer=answer(said) if said else None,
            finish_reason="length" if why == "max_output_tokens" else "",
        ),
        response,
    )


def _completion(span: Span) -> ModelCall:
    request = object_of(span, "request_data")
    asked = as_list(json_of(span, "input"))
    said = as_list(json_of(span, "output"))
    spoken = as_list(request.get("messages"))
    if not asked:
        asked = spoken[: len(spoken) - len(said)]
    return _call(
        span,
        ModelCall(
            span_id=span.span_id,
            messages=conversation(asked),
            answer=answer(said) if said else None,
        ),
        request,
    )


def _call(span: Span, call: ModelCall, source: Record) -> ModelCall:
    """Add what both APIs tell alike."""
    used = as_object(json_of(span, "usage"))
    details = as_object(used.get("input_tokens_details"))
    response = text(span, "gen_ai.response.model")
    asked = count(span, "gen_ai.usage.input_tokens") or number(used, "input_tokens")
    given = count(span, "gen_ai.usage.output_tokens") or number(used, "output_tokens")
    return ModelCall(
        span_id=call.span_id,
        model=text(span, "gen_ai.request.model") or response,
        response_model=response if call.answer or given else "",
        response_id=call.response_id,
        provider=text(span, "gen_ai.system"),
        instructions=call.instructions,
        messages=call.messages,
        answer=call.answer,
        tools=definitions(as_list(source.get("tools"))),
        finish_reason=call.finish_reason,
        usage=spent(span, answered=call.answer is not None, asked=asked, given=given),
        cached_tokens=number(details, "cached_tokens"),
        error=_error(span),
        started=span.started,
        ended=span.ended,
    )


def _error(span: Span) -> str:
    """Return the error of a span, which is an attribute: an object, whose data may say more."""
    said = json_of(span, "error")
    told = as_object(said)
    if not told:
        return (as_text(said) or FAILED) if said else failure(span)
    inner = as_object(told.get("data"))
    return "\n".join(filter(None, (as_text(told.get("message")), as_text(inner.get("error"))))) or FAILED
