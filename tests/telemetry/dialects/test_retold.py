"""Other stories in the words of each dialect, made of the recorded one: other names and texts, agents below agents."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from spanwright.core.trace import Attribute, Span, SpanEvent

WORDS = {
    "order_desk": "parcel_clerk",
    "order desk": "Pakete – Büro ☃",
    "order-desk": "parcel-clerk",
    "lookup_order": "find_parcel",
    "send_note": "write_letter",
    "note service is down": "der Drucker streikt („leer“)",
    "A-17": "Ü 99/α",
    "shipped": "在路上",
    "chatcmpl-": "chatcmpl-other-",
    "resp-gpt": "resp-other-gpt",
    "call_lookup_1": "toolu_01AbC",
    "call_note_1": "toolu_02DeF",
    "gpt-4o-mini-2024-07-18": "other-large-2026-01-01",
    "gpt-4o-mini": "other-large",
}
PLAIN = [
    "azure_ai_inference",
    "google_adk",
    "langsmith_otel",
    "logfire_openai",
    "logfire_openai_agents",
    "logfire_openai_v1",
    "openinference_langchain",
    "openinference_openai",
    "openinference_openai_agents",
    "openinference_pydantic_ai",
    "otel_genai_openai",
    "otel_openai_agents",
    "pydantic_ai_mcp",
    "pydantic_ai_v1",
    "pydantic_ai_v2",
    "pydantic_ai_v4",
    "pydantic_ai_v5",
    "pydantic_ai_v6",
    "traceloop_openai",
    "traceloop_openai_agents",
    "traceloop_openai_indexed",
    "vercel_ai_v6",
    "vercel_ai_v7_otel",
]
TOOLLESS = {"logfire_openai", "logfire_openai_v1", "otel_genai_openai"}
"""Dialects in which no span tells of tools."""
NESTED = [name for name in PLAIN if name not in TOOLLESS]


OTHER_IDS = str.maketrans("0123456789abcdef", "fedcba9876543210")


def retold(text: str) -> str:
    for old, new in WORDS.items():
        text = text.replace(old, new)
    return text


def value(attribute: Attribute) -> Attribute:
    if isinstance(attribute, str):
        return retold(attribute)
    if isinstance(attribute, tuple):
        return tuple(retold(one) if isinstance(one, str) else one for one in attribute)
    return attribute


def attributes(of: Mapping[str, Attribute]) -> dict[str, Attribute]:
    return {retold(key): value(attribute) for key, attribute in of.items()}


def other(span: Span) -> Span:
    """Tell a span of another agent, in another trace."""
    events = tuple(
        SpanEvent(name=event.name, time=event.time, attributes=attributes(event.attributes)) for event in span.events
    )
    return replace(
        span,
        span_id=span.span_id.translate(OTHER_IDS),
        parent_id=span.parent_id.translate(OTHER_IDS),
        name=retold(span.name),
        status_message=retold(span.status_message),
        attributes=attributes(span.attributes),
        events=events,
    )


def moved(spans: list[Span], started: float, ended: float) -> list[Span]:
    """Let spans happen between two times."""
    first, last = min(span.started for span in spans), max(span.ended for span in spans)
    scale = (ended - started) / (last - first)
    return [
        replace(span, started=started + (span.started - first) * scale, ended=started + (span.ended - first) * scale)
        for span in spans
    ]


def main_trace(spans) -> list[Span]:
    """Leave out the short traces of a handshake that stand beside a run."""
    largest = max({span.trace_id for span in spans}, key=lambda one: sum(span.trace_id == one for span in spans))
    return [replace(span, trace_id="1" * 32) for span in spans if span.trace_id == largest]


def test_other_words(file, spans_of, expected_of, recovered, differences):
    expected = json.loads(retold(json.dumps(expected_of(file), ensure_ascii=False)))

    assert [] == differences(expected, recovered([other(span) for span in spans_of(file)]))


@pytest.mark.parametrize("name", NESTED)
@pytest.mark.parametrize("same_answers", [False, True])
def test_an_agent_that_a_tool_calls_is_told_below_its_caller(
    name, same_answers, spans_of, expected_of, recovered, differences
):
    file = f"{name}.orders.jsonl"
    spans = main_trace(spans_of(file))
    tool = next(span for span in sorted(spans, key=lambda span: span.started) if span.attributes and is_tool(span))
    spread = [
        replace(span, started=span.started * 1000, ended=span.ended * 1000) for span in spans
    ]  # room between two times, which are floats
    tool = next(span for span in spread if span.span_id == tool.span_id)
    inner = moved([other(span) for span in spread], tool.started + 0.01, tool.ended - 0.01)
    inner = [replace(span, parent_id=span.parent_id or tool.span_id) for span in inner]
    if same_answers:  # as stub servers give, whose answers are numbered for each conversation
        inner = [replace(span, attributes=answers_like(span, spread)) for span in inner]
    outer, below = expected_of(file), json.loads(retold(json.dumps(expected_of(file), ensure_ascii=False)))
    actual = recovered([*inner, *spread])
    below["agents"][0]["parent_agent"] = outer["agents"][0]["name"]
    first, *rest = outer["tool_calls"]

    assert [] == differences([*outer["agents"], *below["agents"]], actual["agents"])
    assert [] == differences([first, *below["tool_calls"], *rest], actual["tool_calls"])
    assert outer["final_output"] == actual["final_output"]
    assert [] == actual["hazards"]


def is_tool(span: Span) -> bool:
    kinds = ("tool", "TOOL", "execute_tool", "ai.toolCall")
    keys = ("openinference.span.kind", "traceloop.span.kind", "gen_ai.operation.name", "ai.operationId")
    return (
        any(span.attributes.get(key) in kinds for key in keys)
        or span.name == "running tool"
        or span.name.startswith("Function:")
        or span.scope == "azure.ai.agents.telemetry._trace_function"
    )


def answers_like(span: Span, others: list[Span]) -> dict[str, Attribute]:
    twin = next(one for one in others if one.span_id.translate(OTHER_IDS) == span.span_id)
    same = ("gen_ai.response.id", "ai.response.id", "response_id")
    return {key: twin.attributes[key] if key in same else value for key, value in span.attributes.items()}


@pytest.mark.parametrize("name", PLAIN)
def test_an_agent_that_goes_on_after_another_stands_beside_it(name, spans_of, expected_of, recovered, differences):
    file = f"{name}.orders.jsonl"
    spans = main_trace(spans_of(file))
    end = max(span.ended for span in spans)
    later = moved([other(span) for span in spans], end + 1, end + 2)
    root = Span(
        trace_id="1" * 32, span_id="e" * 16, name="request", scope="my.app", started=spans[0].started - 1, ended=end + 3
    )
    below = [replace(span, parent_id=span.parent_id or root.span_id) for span in (*spans, *later)]
    first, second = expected_of(file), json.loads(retold(json.dumps(expected_of(file), ensure_ascii=False)))
    actual = recovered([root, *below])

    assert [] == differences([*first["agents"], *second["agents"]], actual["agents"])
    assert [] == differences([*first["tool_calls"], *second["tool_calls"]], actual["tool_calls"])
    assert second["final_output"] == actual["final_output"]
    assert [] == actual["hazards"]
