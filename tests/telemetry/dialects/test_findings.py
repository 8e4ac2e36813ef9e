"""What is said about spans that lack something: what it is, and the switch that brings it back."""

import json
from dataclasses import replace

import pytest

from spanwright.core.candidate import ComponentId
from spanwright.core.trace import AgentRun, ModelCall, Span, Trace
from spanwright.core.usage import Usage
from spanwright.telemetry.attribution import attributed
from spanwright.telemetry.diagnoses import check
from spanwright.telemetry.facts import folded
from spanwright.telemetry.findings import switch


def findings_of(spans) -> tuple[str, ...]:
    return check(folded(spans))


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("pydantic_ai_v5_no_content", "include_content=True"),
        ("google_adk_no_content", "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only"),
        ("traceloop_openai_no_content", "TRACELOOP_TRACE_CONTENT=true"),
        ("openinference_openai_no_content", "OPENINFERENCE_HIDE_INPUTS"),
        ("mcp", "instrument the agent that calls the server"),
        ("openinference_openai_truncated", "216 attributes were dropped by a limit: raise OTEL_SPAN_ATTRIBUTE_COUNT"),
        ("missing_root_pydantic_ai", "no root span"),
        ("missing_root_openinference", "no root span"),
        ("double_instrumented", "by two instrumentations"),
        ("duplicate_spans", "more than once"),
    ],
)
def test_what_is_missing_in_a_file_is_said_in_one_line(name, named, spans_of):
    (line,) = findings_of(spans_of(f"{name}.orders.jsonl"))

    assert named in line


def test_nothing_is_said_of_what_is_whole(file, spans_of, expected_of):
    if not expected_of(file)["hazards"]:
        assert () == findings_of(spans_of(file))


@pytest.mark.parametrize(
    ("scope", "named"),
    [
        ("opentelemetry.instrumentation.genai.openai", "SPAN_ONLY"),
        ("opentelemetry.instrumentation.openai_v2", "=true"),
        ("opentelemetry.instrumentation.openai.v1", "TRACELOOP_TRACE_CONTENT"),
        ("opentelemetry.instrumentation.openai_agents", "TRACELOOP_TRACE_CONTENT"),
        ("openinference.instrumentation.langchain", "OPENINFERENCE_HIDE_INPUTS"),
        ("logfire.openai_agents", "trace_include_sensitive_data"),
        ("logfire.openai", "version='latest'"),
        ("langsmith", "LANGSMITH_HIDE_INPUTS=false"),
        ("azure.core.tracing.ext.opentelemetry_span", "AZURE_TRACING_GEN_AI_CONTENT_RECORDING_ENABLED"),
        ("ai", "recordInputs"),
        ("gen_ai", "recordInputs"),
        ("my.own", "'my.own'"),
    ],
)
def test_each_library_has_its_own_switch(scope, named):
    assert named in switch(scope)


def test_a_file_of_calls_without_content_names_the_switches_of_all_their_libraries(spans_of):
    spans = [
        replace(span, trace_id="1" * 32)
        for name in ("google_adk_no_content", "traceloop_openai_no_content")
        for span in spans_of(f"{name}.orders.jsonl")
    ]
    (line,) = findings_of(spans)

    assert "span_only" in line
    assert "TRACELOOP_TRACE_CONTENT" in line


def test_agents_without_model_calls_lack_an_instrumentation(spans_of):
    spans = [span for span in spans_of("otel_openai_agents.orders.jsonl") if not span.name.startswith("chat")]

    assert ("1 traces of 1 show agents but no model calls: add opentelemetry-instrumentation-genai-openai",) == (
        findings_of(spans)
    )


@pytest.mark.parametrize("name", ["pydantic_ai_v5", "vercel_ai_v6", "vercel_ai_v7_otel"])
def test_a_sampler_that_eats_spans_is_found_by_the_totals_of_their_agents(name, spans_of):
    spans = spans_of(f"{name}.orders.jsonl")
    eaten = next(span for span in spans if "chat" in span.name or "doGenerate" in span.name)
    (line,) = findings_of([span for span in spans if span is not eaten])

    assert "a sampler or a filter" in line


def test_a_sampler_that_eats_spans_is_found_by_the_parents_that_are_missing(spans_of):
    spans = spans_of("logfire_openai_agents.orders.jsonl")
    (line,) = findings_of([span for span in spans if "turn" not in span.name.lower()])

    assert "use a parent-based one" in line


def announced(span: Span) -> Span:
    """Tell a span as Logfire does when it begins."""
    attributes = {
        **{key: value for key, value in span.attributes.items() if not key.startswith("gen_ai.output")},
        "logfire.span_type": "pending_span",
        "logfire.pending_parent_id": span.parent_id or "0" * 16,
    }
    span_id = span.span_id.translate(str.maketrans("0123456789abcdef", "fedcba9876543210"))
    return replace(span, span_id=span_id, parent_id=span.span_id, ended=span.started, attributes=attributes)


def test_announcements_of_spans_that_came_say_nothing_new(file, spans_of, recovered):
    spans = spans_of(file)

    assert recovered(spans) == recovered([announced(span) for span in spans] + [*spans])


def test_spans_that_began_and_never_ended_are_said(spans_of, recovered):
    spans = spans_of("logfire_openai_agents.orders.jsonl")
    ended = [span for span in spans if span.parent_id]
    seen = [*ended, *(announced(span) for span in spans)]
    (line,) = findings_of(seen)

    assert "never ended" in line
    assert recovered(spans)["agents"] == recovered(seen)["agents"]


def test_a_file_without_agents_is_said_to_have_none():
    span = Span(trace_id="1" * 32, span_id="2" * 16, name="GET /", started=0.0, ended=1.0)

    assert ("1 traces show no agent, no model call and no tool: is anything instrumented?",) == findings_of([span])


def test_an_agent_that_failed_before_it_asked_a_model_lacks_nothing():
    span = Span(
        trace_id="1" * 32, span_id="2" * 16, name="invoke_agent x", started=0.0, ended=1.0, status="error",
        attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "x"},
    )  # fmt: skip

    assert () == findings_of([span])


def test_traces_are_counted():
    call = ModelCall(span_id="a", usage=Usage(requests=1))
    run = AgentRun(span_id="a", name="x")
    span = Span(trace_id="1", span_id="a", name="x", scope="langsmith", started=0.0, ended=1.0)
    silent = Trace(agents=(run,), model_calls=(call,), spans=(span,))

    assert (
        "2 traces of 3 show no content: set LANGSMITH_HIDE_INPUTS=false and LANGSMITH_HIDE_OUTPUTS=false",
    ) == check([silent, silent, Trace()])


def test_the_components_of_any_library_are_found_in_what_was_sent(file, spans_of, expected_of):
    expected = expected_of(file)
    prompts = [agent["system_prompt"] for agent in expected["agents"] if agent["system_prompt"]]
    name = next((agent["name"] for agent in expected["agents"] if agent["name"]), "desk")
    texts: dict[ComponentId, str] = {
        f"{name}/instructions": "You are the order desk. Look up the order\nbefore you answer.",
        f"{name}/tool:lookup_order": "Look up an order by its id.",
        f"{name}/tool:send_note": "Look up an order by its id.",
    }
    (trace, *_) = [trace for trace in folded(spans_of(file)) if trace.model_calls] or [Trace()]
    governed = [call.components for call in attributed(trace, texts).model_calls if call.messages]

    assert all(f"{name}/tool:send_note" not in components for components in governed)
    assert json.dumps(prompts) == "[]" or f"{name}/instructions" in governed[0]
    assert not governed or not trace.model_calls[0].tools or f"{name}/tool:lookup_order" in governed[0]
