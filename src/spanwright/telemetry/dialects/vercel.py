"""Vercel's AI SDK with its own attributes (`ai.*`): an agent's span, its steps, its tools.

The newer `@ai-sdk/otel` follows the GenAI conventions and is read by those.
"""

from pydantic import JsonValue

from spanwright.core.trace import AgentRun, Attribute, Message, ModelCall, Span, ToolCall
from spanwright.telemetry.dialects import Step
from spanwright.telemetry.dialects.foreign import Foreign
from spanwright.telemetry.dialects.messages import answer, definitions, messages
from spanwright.telemetry.dialects.reading import as_list, as_object, count, failure, json_of, reason, spent, text
from spanwright.telemetry.interning import Interned

_OPERATION = "ai.operationId"
_AGENTS = ("ai.generateText", "ai.streamText", "ai.generateObject", "ai.streamObject")


class Vercel(Foreign):
    """Reads the spans of `experimental_telemetry`."""

    name = "Vercel AI SDK"
    bulky = frozenset({"ai.prompt", "ai.prompt.messages", "ai.prompt.tools", "ai.response.toolCalls"})

    def speaks(self, span: Span) -> bool:
        return _OPERATION in span.attributes

    def step(self, span: Span, interned: Interned) -> Step | None:
        operation = str(span.attributes[_OPERATION])
        if operation == "ai.toolCall":
            return _tool(span)
        if operation in _AGENTS:
            return _agent(span)
        whole, _, part = operation.rpartition(".")
        return _model_call(span, interned) if whole in _AGENTS and part in ("doGenerate", "doStream") else None


def _agent(span: Span) -> AgentRun:
    said = text(span, "ai.response.text", "ai.response.object", "ai.result.text", "ai.result.object")
    return AgentRun(
        span_id=span.span_id,
        name=text(span, "ai.telemetry.functionId"),
        final=said or None,
        error=failure(span),
        started=span.started,
        ended=span.ended,
    )


def _tool(span: Span) -> ToolCall:
    told = text(span, "ai.toolCall.result")
    return ToolCall(
        span_id=span.span_id,
        agent=text(span, "ai.telemetry.functionId"),
        name=text(span, "ai.toolCall.name"),
        call_id=text(span, "ai.toolCall.id"),
        arguments=text(span, "ai.toolCall.args", "ai.toolCall.input"),
        result=told if "ai.toolCall.result" in span.attributes and span.status != "error" else None,
        error=failure(span, told),
        started=span.started,
        ended=span.ended,
    )


def _model_call(span: Span, interned: Interned) -> ModelCall:
    heard = interned.messages(text(span, "ai.prompt.messages"), messages, within=span.parent_id)
    said = _answer(span)
    given = count(span, "ai.usage.outputTokens", "ai.usage.completionTokens", "gen_ai.usage.output_tokens")
    response = text(span, "ai.response.model", "gen_ai.response.model")
    return ModelCall(
        span_id=span.span_id,
        agent=text(span, "ai.telemetry.functionId"),
        model=text(span, "ai.model.id", "gen_ai.request.model") or response,
        response_model=response,
        response_id=text(span, "ai.response.id", "gen_ai.response.id"),
        provider=text(span, "ai.model.provider", "gen_ai.system"),
        messages=heard,
        answer=said and interned.message(said),
        tools=definitions(_strings(span.attributes.get("ai.prompt.tools"))),
        finish_reason=reason(text(span, "ai.response.finishReason", "ai.finishReason"))
        or reason(span.attributes.get("gen_ai.response.finish_reasons")),
        usage=spent(
            span,
            answered=said is not None or bool(response),
            asked=count(span, "ai.usage.inputTokens", "ai.usage.promptTokens", "gen_ai.usage.input_tokens"),
            given=given,
        ),
        cached_tokens=count(span, "ai.usage.cachedInputTokens"),
        error=failure(span),
        started=span.started,
        ended=span.ended,
    )


def _answer(span: Span) -> Message | None:
    said = text(span, "ai.response.text", "ai.response.object", "ai.result.text", "ai.result.object")
    thought = text(span, "ai.response.reasoning")
    calls = as_list(json_of(span, "ai.response.toolCalls", "ai.result.toolCalls"))
    if not (said or calls or thought):
        return None
    pieces: list[JsonValue] = []
    if thought:
        pieces.append({"type": "reasoning", "text": thought})
    if said:
        pieces.append({"type": "text", "text": said})
    pieces.extend({**as_object(call), "type": "tool-call"} for call in calls)
    return answer([{"role": "assistant", "content": pieces}])


def _strings(value: Attribute | None) -> list[JsonValue]:
    return [str(one) for one in value] if isinstance(value, tuple) else []
