"""Logfire's instrumentation of the OpenAI and Anthropic clients: the GenAI conventions, or (version 1) raw requests.

A streamed answer is told by a second span of no length, which repeats the request (see settle).
"""

from dataclasses import replace

from pydantic import JsonValue

from spanwright.core.trace import Message, ModelCall, Span
from spanwright.telemetry.dialects import Step
from spanwright.telemetry.dialects.genai import GenAI, model_call
from spanwright.telemetry.dialects.messages import answer, conversation, definitions
from spanwright.telemetry.dialects.reading import (
    Record,
    as_list,
    as_object,
    as_text,
    json_of,
    number,
    object_of,
    reason,
)
from spanwright.telemetry.interning import Interned

_STREAMED = "streaming response from"
_SCOPES = frozenset({"logfire.openai", "logfire.anthropic", "logfire.google_genai", "logfire.litellm"})


class LogfireOpenAI(GenAI):
    """Reads the spans of `logfire.instrument_openai` and its likes."""

    name = "Logfire OpenAI"
    bulky = GenAI.bulky | {"request_data", "response_data", "events", "logfire.json_schema"}

    def speaks(self, span: Span) -> bool:
        return span.scope in _SCOPES

    def step(self, span: Span, interned: Interned) -> Step | None:
        if "gen_ai.request.model" not in span.attributes and "request_data" not in span.attributes:
            return None
        used = object_of(span, "gen_ai.usage.raw")
        details = as_object(used.get("prompt_tokens_details") or used.get("input_tokens_details"))
        call = model_call(span, interned)
        call = replace(call, cached_tokens=call.cached_tokens or number(details, "cached_tokens"))
        if not call.messages:
            call = _raw(span, call)
        seconds = span.attributes.get("duration") if self.streams(span) else None
        return replace(call, started=span.started - seconds) if isinstance(seconds, int | float) else call

    def streams(self, span: Span) -> bool:
        return span.name.startswith(_STREAMED)


def _raw(span: Span, call: ModelCall) -> ModelCall:
    """Complete a call from the raw request and response."""
    request, response = object_of(span, "request_data"), object_of(span, "response_data")
    events = as_list(json_of(span, "events"))
    said = _answer(response, events)
    used = as_object(response.get("usage"))
    usage = call.usage
    if said is not None and not usage.requests:
        usage = replace(usage, requests=1, unpriced=1)
    if not usage.output_tokens:
        usage = replace(
            usage,
            input_tokens=usage.input_tokens or number(used, "prompt_tokens", "input_tokens"),
            output_tokens=number(used, "completion_tokens", "output_tokens"),
        )
    return replace(
        call,
        model=call.model or as_text(request.get("model")),
        instructions=call.instructions or as_text(request.get("instructions") or request.get("system")),
        messages=_heard(request, events),
        answer=call.answer or said,
        tools=call.tools or definitions(as_list(request.get("tools"))),
        usage=usage,
        finish_reason=call.finish_reason or reason(as_object(response.get("message")).get("stop_reason")),
    )


def _answer(response: Record, events: list[JsonValue]) -> Message | None:
    if as_object(response.get("message")):
        return answer([dict(response)])
    if as_text(response.get("combined_chunk_content")):
        return answer([response["combined_chunk_content"]])
    return answer(events[_input_length(events) :]) if events else None


def _heard(request: Record, events: list[JsonValue]) -> tuple[Message, ...]:
    told = as_list(request.get("messages")) or as_list(request.get("input")) or events[: _input_length(events)]
    if isinstance(request.get("input"), str):
        told = [request["input"]]
    return conversation(told)


def _input_length(events: list[JsonValue]) -> int:
    """Count the events before the answer: it is what the assistant says last."""
    length = len(events)
    while length and as_object(events[length - 1]).get("role") == "assistant":
        length -= 1
    return length
