"""OpenInference (Arize): lists flattened into numbered attributes, and the kind of a span in one attribute.

A limit on attributes drops the oldest of them, so numbers may be missing; hidden values are `__REDACTED__`.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from pydantic import JsonValue

from spanwright.core.trace import AgentRun, Attribute, Message, ModelCall, Span, ToolCall, ToolDefinition
from spanwright.telemetry.dialects import Step
from spanwright.telemetry.dialects.foreign import Foreign
from spanwright.telemetry.dialects.messages import answer, definition, messages
from spanwright.telemetry.dialects.reading import (
    REDACTED,
    as_list,
    as_object,
    as_text,
    count,
    failure,
    indexed,
    json_of,
    object_of,
    reason,
    spent,
    template,
    text,
)
from spanwright.telemetry.interning import Interned
from spanwright.telemetry.lenient import clean, parsed

KIND = "openinference.span.kind"
_AGENTS_SDK = "openinference.instrumentation.openai_agents"
_FLAT = ("llm.input_messages.", "llm.output_messages.", "llm.tools.")


class OpenInference(Foreign):
    """Reads spans that say their kind in OpenInference's words."""

    name = "OpenInference"
    flat = _FLAT
    bulky = frozenset({"input.value", "output.value", "llm.invocation_parameters"})

    def speaks(self, span: Span) -> bool:
        return KIND in span.attributes

    def step(self, span: Span, interned: Interned) -> Step | None:
        match span.attributes.get(KIND):
            case "AGENT":
                return self.agent(span)
            case "LLM":
                return model_call(span, interned)
            case "TOOL":
                return self.tool(span)
            case _:
                return None

    def agent(self, span: Span) -> AgentRun | None:
        """Read an agent's run. The Agents SDK's workflow is of the same kind, but has no name of an agent."""
        named = text(span, "agent.name", "graph.node.id")
        if span.scope == _AGENTS_SDK and not named:
            return None
        return AgentRun(
            span_id=span.span_id,
            name=named or span.name,
            final=text(span, "output.value") or None,
            error=failure(span),
            started=span.started,
            ended=span.ended,
        )

    def tool(self, span: Span) -> ToolCall | None:
        """Read a tool's execution. The Agents SDK's handoffs are of the same kind, but no tool runs."""
        if span.scope == _AGENTS_SDK and "tool.name" not in span.attributes:
            return None
        told = text(span, "output.value")
        if span.attributes.get("output.mime_type") != "application/json":
            told = _PRINTED.get(told, told)
        said = text(span, "input.value") or text(span, "tool_call.function.arguments")
        return ToolCall(
            span_id=span.span_id,
            name=text(span, "tool.name") or span.name,
            call_id=text(span, "tool_call.id", "tool.id"),
            arguments=said,
            result=told if told and span.status != "error" else None,
            error=failure(span, told),
            started=span.started,
            ended=span.ended,
        )


def model_call(span: Span, interned: Interned) -> ModelCall:
    """Read a request to a model."""
    # What has no arguments was called without any, unless a limit dropped them.
    bare = "" if span.dropped else "{}"
    said = answer([_unflat(item, bare) for _, item in indexed(span.attributes, "llm.output_messages.")])
    said = said or _raw_answer(span)
    used = object_of(span, "llm.invocation_parameters")
    asked = as_text(used.get("model") or used.get("model_name") or used.get("model_id"))
    answered = count(span, "llm.token_count.completion", "llm.token_count.total") > 0 or said is not None
    response = text(span, "llm.model_name")
    return ModelCall(
        span_id=span.span_id,
        agent=text(span, "agent.name"),
        model=asked or response,
        response_model=response if answered else "",
        response_id=as_text(as_object(json_of(span, "output.value")).get("id")),
        provider=text(span, "llm.provider", "llm.system"),
        prompt=template(span) or text(span, "llm.prompt_template.version"),
        messages=tuple(interned.message(message) for message in _heard(span)),
        answer=said and interned.message(said),
        tools=tuple(_tools(span)),
        finish_reason=reason(span.attributes.get("llm.finish_reason")) or _raw_reason(span),
        usage=spent(
            span,
            answered=answered,
            asked=count(span, "llm.token_count.prompt"),
            given=count(span, "llm.token_count.completion"),
        ),
        cached_tokens=count(span, "llm.token_count.prompt_details.cache_read"),
        error=failure(span),
        started=span.started,
        ended=span.ended,
    )


def _heard(span: Span) -> Iterator[Message]:
    items = [item for _, item in indexed(span.attributes, "llm.input_messages.")]
    if items:
        for item in items:
            yield from messages(_unflat(item))
        return
    request = json_of(span, "input.value")
    told = as_list(request) or as_list(as_object(request).get("messages")) or as_list(as_object(request).get("input"))
    for element in told:
        yield from messages(element)


def _unflat(item: Mapping[str, Attribute], bare: str = "") -> JsonValue:
    """Build the message of a chat out of its attributes."""
    calls = [
        {
            "id": _said(call, "tool_call.id"),
            "name": _said(call, "tool_call.function.name"),
            "arguments": _said(call, "tool_call.function.arguments") or bare,
        }
        for _, call in indexed(item, "message.tool_calls.")
    ]
    pieces = [piece for _, content in indexed(item, "message.contents.") if (piece := _piece(content)) is not None]
    content = _said(item, "message.content")
    texts = [piece for piece in pieces if piece.get("type") == "text"]
    alone = content is not None and len(texts) == len(pieces)  # the same text stands in both
    message: dict[str, JsonValue] = {
        "role": _said(item, "message.role") or "user",
        "content": content if alone or not pieces else cast("JsonValue", pieces),
        "tool_calls": cast("JsonValue", calls),
        "tool_call_id": _said(item, "message.tool_call_id"),
        "name": _said(item, "message.name"),
    }
    if message["role"] == "tool" and isinstance(message["content"], list):
        message["content"] = "\n".join(as_text(piece.get("text")) for piece in texts)
    old = _said(item, "message.function_call_name")
    if old:
        message["function_call"] = {"name": old, "arguments": _said(item, "message.function_call_arguments_json")}
    return message


def _piece(content: Mapping[str, Attribute]) -> dict[str, JsonValue] | None:
    kind = _said(content, "message_content.type")
    said = _said(content, "message_content.text")
    if said is not None:
        return {"type": "reasoning" if kind == "reasoning" else "text", "text": said}
    facts = {key.removeprefix("message_content."): cast("JsonValue", value) for key, value in content.items()}
    return {**facts, "type": kind or "other"} if facts else None


def _said(item: Mapping[str, Attribute], key: str) -> str | None:
    value = item.get(key)
    return None if value is None or value == REDACTED else clean(str(value))


def _tools(span: Span) -> Iterator[ToolDefinition]:
    for _, item in indexed(span.attributes, "llm.tools."):
        schema = as_object(parsed(str(item.get("tool.json_schema", ""))))
        read = definition(cast("JsonValue", schema)) if "tool.name" not in item else None
        if read is not None:
            yield read
        elif "tool.name" in item:
            yield ToolDefinition(
                name=str(item["tool.name"]),
                description=str(item.get("tool.description", "")),
                parameters=str(item.get("tool.json_schema", "")),
            )


def _raw_answer(span: Span) -> Message | None:
    """Read the provider's own answer, where the flattened one is missing."""
    raw = as_object(json_of(span, "output.value"))
    said = as_list(raw.get("choices"))[:1] or as_list(raw.get("output"))
    return answer(said) if said else None


def _raw_reason(span: Span) -> str:
    choices = as_list(as_object(json_of(span, "output.value")).get("choices"))
    return reason(as_object(choices[0]).get("finish_reason")) if choices else ""


_PRINTED = {"None": "null", "True": "true", "False": "false"}
"""What is no text and no JSON object is written as Python prints it."""
