"""LangSmith in OpenTelemetry mode: raw requests and answers, and agents that are chains like any other function.

A chain right above a model call is taken for an agent (so `tentative`).
"""

from pydantic import JsonValue

from spanwright.core.trace import AgentRun, ModelCall, Span, ToolCall
from spanwright.telemetry.dialects import Step
from spanwright.telemetry.dialects.foreign import Foreign
from spanwright.telemetry.dialects.genai import unwrapped
from spanwright.telemetry.dialects.messages import answer, conversation, definitions
from spanwright.telemetry.dialects.reading import (
    Record,
    as_list,
    as_object,
    as_text,
    count,
    failure,
    is_object,
    number,
    object_of,
    reason,
    spent,
    template,
    text,
)
from spanwright.telemetry.interning import Interned

KIND = "langsmith.span.kind"
_NODE = "langsmith.metadata.langgraph_node"


class LangSmith(Foreign):
    """Reads the spans of LangSmith's exporter."""

    name = "LangSmith"
    tentative = True
    bulky = frozenset({"gen_ai.prompt", "gen_ai.completion"})

    def speaks(self, span: Span) -> bool:
        return KIND in span.attributes or span.scope == "langsmith"

    def step(self, span: Span, interned: Interned) -> Step | None:
        match span.attributes.get(KIND) or span.attributes.get("gen_ai.operation.name"):
            case "chain":
                return _chain(span)
            case "llm" | "chat":
                return _model_call(span)
            case "tool" | "execute_tool":
                return _tool(span)
            case _:
                return None


def _chain(span: Span) -> AgentRun | None:
    named = text(span, "langsmith.metadata.lc_agent_name")
    if named and named != span.name:
        return None
    if not named and _NODE in span.attributes:  # a step of a graph, not the graph
        return None
    told = unwrapped(text(span, "gen_ai.completion"), "output")
    return AgentRun(
        span_id=span.span_id,
        name=named or text(span, "langsmith.trace.name") or span.name,
        final=told if told not in ("", "null") and span.status != "error" else None,
        error=_error(span),
        started=span.started,
        ended=span.ended,
    )


def _tool(span: Span) -> ToolCall:
    told = text(span, "gen_ai.completion")
    failed = span.status == "error"
    return ToolCall(
        span_id=span.span_id,
        name=text(span, "gen_ai.tool.name", "langsmith.trace.name") or span.name,
        arguments=text(span, "gen_ai.prompt"),
        result=None if failed or not told else unwrapped(told, "output"),
        error=_error(span),
        started=span.started,
        ended=span.ended,
    )


def _model_call(span: Span) -> ModelCall:
    request, response = object_of(span, "gen_ai.prompt"), object_of(span, "gen_ai.completion")
    system = request.get("system") or request.get("instructions")
    asked = as_list(request.get("messages")) or as_list(request.get("input"))
    if asked and isinstance(asked[0], list):  # LangChain batches: one list of messages a prompt
        asked = as_list(asked[0])
    choices = as_list(response.get("choices"))
    said = choices[:1] or as_list(response.get("output")) or _generations(response) or _bare(response)
    finished = reason(span.attributes.get("gen_ai.response.finish_reasons")) or next(
        (reason(as_object(choice).get("finish_reason")) for choice in choices), reason(response.get("stop_reason"))
    )
    answered = text(span, "gen_ai.response.model") or as_text(response.get("model"))
    details = as_object(object_of(span, "langsmith.metadata.usage_metadata").get("input_token_details"))
    return ModelCall(
        span_id=span.span_id,
        model=text(span, "gen_ai.request.model") or answered,
        response_model=answered,
        response_id=text(span, "gen_ai.response.id") or as_text(response.get("id")),
        provider=text(span, "gen_ai.system"),
        prompt=template(span),
        instructions=as_text(system) if isinstance(system, str) else "",
        messages=conversation([request["input"]] if isinstance(request.get("input"), str) else asked),
        answer=answer(said) if said else None,
        tools=definitions(as_list(request.get("tools"))),
        finish_reason=finished,
        usage=spent(
            span,
            answered=bool(said),
            asked=count(span, "gen_ai.usage.input_tokens"),
            given=count(span, "gen_ai.usage.output_tokens"),
        ),
        cached_tokens=number(details, "cache_read"),
        error=_error(span),
        started=span.started,
        ended=span.ended,
    )


def _generations(response: Record) -> list[JsonValue]:
    """Read LangChain's result: a list of generations a prompt, each with a message."""
    first = as_list(response.get("generations"))[:1]
    inner = as_list(first[0]) if first and isinstance(first[0], list) else first
    return [one for one in inner[:1] if is_object(one)]


def _bare(response: Record) -> list[JsonValue]:
    """Read an answer that is a message itself, as of a streamed call that was put together."""
    if "content" in response or "tool_calls" in response:
        return [dict(response)]
    inner = response.get("output")
    return [inner] if is_object(inner) or isinstance(inner, str) else []


def _error(span: Span) -> str:
    """Return the first paragraph of an error: LangSmith puts the stack trace into the message."""
    said = failure(span)
    return said.partition("\n\nTraceback (most recent call last)")[0].removeprefix("Exception: ")
