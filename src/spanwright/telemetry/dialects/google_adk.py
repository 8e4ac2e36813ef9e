"""Google's Agent Development Kit: the GenAI conventions, with its own wrapping of tool results.

Before it followed the conventions it wrote whole requests and answers into attributes of its own.
"""

from dataclasses import replace

from spanwright.core.trace import ModelCall, Span, ToolCall
from spanwright.telemetry.dialects import Step
from spanwright.telemetry.dialects.genai import GenAI, unwrapped
from spanwright.telemetry.dialects.messages import answer, conversation, definitions, instructions
from spanwright.telemetry.dialects.reading import (
    as_list,
    as_object,
    as_text,
    count,
    failure,
    is_object,
    json_of,
    number,
    object_of,
    reason,
    spent,
    text,
)
from spanwright.telemetry.interning import Interned
from spanwright.telemetry.lenient import plain

_REQUEST = "gcp.vertex.agent.llm_request"
_MERGED = "(merged tools)"
"""After tools ran side by side, a span tells their answers once more."""
_RESPONSE = "gcp.vertex.agent.llm_response"


class GoogleADK(GenAI):
    """Reads the spans of `gcp.vertex.agent`."""

    name = "Google ADK"
    bulky = GenAI.bulky | {_REQUEST, _RESPONSE}

    def speaks(self, span: Span) -> bool:
        return span.scope == "gcp.vertex.agent"

    def step(self, span: Span, interned: Interned) -> Step | None:
        if span.name == "call_llm":
            return _old_call(span) if object_of(span, _REQUEST) else None
        step = super().step(span, interned)
        if isinstance(step, ToolCall) and step.name == _MERGED:
            return None
        return _tool(span, step) if isinstance(step, ToolCall) else step


def _tool(span: Span, call: ToolCall) -> ToolCall:
    """Take result and error out of ADK's objects."""
    told = call.result if call.result is not None else text(span, "gen_ai.tool.call.result")
    told = told or _old_response(span)
    call = replace(call, arguments=call.arguments or text(span, "gcp.vertex.agent.tool_call_args"))
    if span.status == "error":
        return replace(call, result=None, error=failure(span, unwrapped(told, "error")))
    return replace(call, result=unwrapped(told, "result") if told else None)


def _old_response(span: Span) -> str:
    said = json_of(span, "gcp.vertex.agent.tool_response")
    return plain(said) if is_object(said) else ""


def _old_call(span: Span) -> ModelCall:
    request, response = object_of(span, _REQUEST), object_of(span, _RESPONSE)
    config, content = as_object(request.get("config")), as_object(response.get("content"))
    used = as_object(response.get("usage_metadata"))
    declared = [as_object(tool).get("function_declarations") for tool in as_list(config.get("tools"))]
    return ModelCall(
        span_id=span.span_id,
        model=text(span, "gen_ai.request.model") or as_text(request.get("model")),
        provider=text(span, "gen_ai.system"),
        instructions=instructions(config.get("system_instruction")),
        messages=conversation(as_list(request.get("contents"))),
        answer=answer([{**content, "role": "assistant"}]) if content else None,
        tools=definitions(one for some in declared for one in as_list(some)),
        finish_reason=reason(span.attributes.get("gen_ai.response.finish_reasons") or response.get("finish_reason")),
        usage=spent(
            span,
            answered=bool(response),
            asked=count(span, "gen_ai.usage.input_tokens") or number(used, "prompt_token_count"),
            given=count(span, "gen_ai.usage.output_tokens") or number(used, "candidates_token_count"),
        ),
        error=failure(span),
        started=span.started,
        ended=span.ended,
    )
