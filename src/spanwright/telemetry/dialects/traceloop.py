"""OpenLLMetry (Traceloop): decorators for agents and tools, and, until 0.53, messages flattened into attributes.

Since then its model calls follow the GenAI conventions and are read by those. A tool's positional arguments have no
names here; the model's tool call has (so `secondhand`).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from pydantic import JsonValue

from spanwright.core.trace import AgentRun, Attribute, ModelCall, Span, ToolCall, ToolDefinition
from spanwright.telemetry.dialects import Step
from spanwright.telemetry.dialects.foreign import Foreign
from spanwright.telemetry.dialects.genai import agent_run, model_call, tool_call
from spanwright.telemetry.dialects.messages import answer, messages
from spanwright.telemetry.dialects.reading import (
    as_list,
    as_object,
    as_text,
    count,
    indexed,
    json_of,
    reason,
    spent,
    text,
)
from spanwright.telemetry.interning import Interned
from spanwright.telemetry.lenient import clean, plain

KIND = "traceloop.span.kind"
_INPUT, _OUTPUT = "traceloop.entity.input", "traceloop.entity.output"
_REQUEST = "llm.request.type"


class Traceloop(Foreign):
    """Reads the spans of Traceloop's decorators and of its older instrumentations."""

    name = "OpenLLMetry"
    flat = ("gen_ai.prompt.", "gen_ai.completion.", "llm.request.functions.")
    secondhand = True

    def speaks(self, span: Span) -> bool:
        attributes = span.attributes
        return KIND in attributes or _REQUEST in attributes or "gen_ai.prompt.0.role" in attributes

    def step(self, span: Span, interned: Interned) -> Step | None:
        match span.attributes.get(KIND):
            case "agent":
                return _agent(span)
            case "tool":
                return _tool(span)
            case None:
                return _request(span, interned)
            case _:
                return None


def _agent(span: Span) -> AgentRun:
    run = agent_run(span)
    said = json_of(span, _OUTPUT)
    return replace(
        run,
        name=text(span, "traceloop.entity.name") or run.name or span.name.removesuffix(".agent"),
        final=run.final or as_text(said) or None,
    )


def _tool(span: Span) -> ToolCall:
    call = tool_call(span)
    told = call.result if call.result is not None else _told(span)
    failed = span.status == "error"
    return replace(
        call,
        name=text(span, "traceloop.entity.name") or call.name or span.name.removesuffix(".tool"),
        arguments=call.arguments or _arguments(span),
        result=None if failed else told,
    )


def _told(span: Span) -> str | None:
    return as_text(json_of(span, _OUTPUT)) if _OUTPUT in span.attributes else None


def _arguments(span: Span) -> str:
    said = as_object(json_of(span, _INPUT))
    given = as_object(said.get("inputs")) or said  # the JavaScript decorators say `inputs`
    if as_list(given.get("args")):
        return plain(dict(given))
    named = given.get("kwargs")
    return plain(named) if named is not None else plain(dict(given)) if given else ""


def _request(span: Span, interned: Interned) -> ModelCall | None:
    if span.attributes.get(_REQUEST) in ("embedding", "rerank"):
        return None
    call = model_call(span, interned)
    if not any(key.startswith(("gen_ai.prompt.", "gen_ai.completion.")) for key in span.attributes):
        return call
    choices = [item for _, item in indexed(span.attributes, "gen_ai.completion.")]
    said = answer([_unflat(item, "assistant") for item in choices[:1]])
    return replace(
        call,
        messages=tuple(
            interned.message(message)
            for _, item in indexed(span.attributes, "gen_ai.prompt.")
            for message in messages(_unflat(item, "user"))
        ),
        answer=said and interned.message(said),
        tools=tuple(_definition(item) for _, item in indexed(span.attributes, "llm.request.functions.")),
        finish_reason=call.finish_reason or next((reason(item.get("finish_reason")) for item in choices), ""),
        usage=spent(
            span,
            answered=said is not None,
            asked=count(span, "gen_ai.usage.prompt_tokens", "gen_ai.usage.input_tokens"),
            given=count(span, "gen_ai.usage.completion_tokens", "gen_ai.usage.output_tokens"),
        ),
    )


def _unflat(item: Mapping[str, Attribute], role: str) -> JsonValue:
    calls = [
        {key: clean(str(call[key])) for key in ("id", "name", "arguments") if key in call}
        for _, call in indexed(item, "tool_calls.")
    ]
    message: dict[str, JsonValue] = {
        "role": str(item.get("role") or role),
        "content": cast("JsonValue", item.get("content")),
        "tool_calls": cast("JsonValue", calls),
        "tool_call_id": cast("JsonValue", item.get("tool_call_id")),
    }
    if "function_call.name" in item:
        message["function_call"] = {
            "name": str(item["function_call.name"]),
            "arguments": str(item.get("function_call.arguments", "")),
        }
    return message


def _definition(item: Mapping[str, Attribute]) -> ToolDefinition:
    return ToolDefinition(
        name=str(item.get("name", "")),
        description=str(item.get("description", "")),
        parameters=str(item.get("parameters", "")),
    )
