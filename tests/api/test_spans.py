"""The user's own spans inside tools are part of the stored trace, and a judge's are not."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from typing import Any

import logfire
import pytest
from api_world import Task, words
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_evals.evaluators import LLMJudge

from spanwright import Budget, Component, Kind, Proposal, Reflection, Run, SqliteStore, optimizable, optimize
from spanwright.core.events import RolloutEnded
from spanwright.core.trace import Span
from spanwright.telemetry import expect_spans, outgoing_headers


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Stand for the user's backend, at a tracer provider of the user's: a real one could never be taken away again."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    return exporter


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> logfire.Logfire:
    """Configure logfire for one test."""
    configured = logfire.configure(local=True, send_to_logfire=False, console=False, metrics=False)
    monkeypatch.setattr(trace, "get_tracer_provider", configured.config.get_tracer_provider)
    return configured


def storekeeper(task: Task) -> Agent[object, str]:
    agent = optimizable(Agent(task.model, name="speaker", instructions="Say the word."))

    @agent.tool_plain
    async def punctuate(word: str) -> str:
        """Punctuate, always."""
        with (
            trace.get_tracer_provider()
            .get_tracer("shop")
            .start_as_current_span("query", attributes={"sql": f"select {word}"})
        ):
            return f"{word}!"

    return agent


async def test_spans_of_the_users_own_are_stored_below_their_tool(world, exporter: InMemorySpanExporter) -> None:
    await optimize(storekeeper(world.task), words(20), **world.options(rollouts=30))

    reader = SqliteStore(world.store).reader
    numbers = [event.rollout.number for event in reader.events("first") if isinstance(event, RolloutEnded)]
    assert numbers
    for number in numbers:
        stored = reader.trace("first", number).trace
        spans = {span.span_id: span for span in stored.spans}
        (query,) = [span for span in spans.values() if span.name == "query"]
        assert str(query.attributes["sql"]).startswith("select word")
        assert "execute_tool punctuate" == spans[query.parent_id].name
    assert () == exporter.get_finished_spans(), "without export the user's backend gets nothing of the rollouts"


async def test_with_export_the_users_backend_gets_them_too(world, exporter: InMemorySpanExporter) -> None:
    options = {**world.options(rollouts=30), "run": Run(name="first", progress=False, export=True)}
    result = await optimize(storekeeper(world.task), words(20), **options)

    names = [span.name for span in exporter.get_finished_spans()]
    assert result.rollouts == names.count("query") == names.count("execute_tool punctuate")
    assert 0 == names.count("preview")


async def test_logfire_spans_are_stored_too(world, configured: logfire.Logfire) -> None:
    agent = optimizable(Agent(world.task.model, name="speaker", instructions="Say the word."))

    @agent.tool_plain
    async def punctuate(word: str) -> str:
        """Punctuate, always."""
        with configured.span("look up {word}", word=word, password="secret"):
            return f"{word}!"

    await optimize(agent, words(20), **world.options(rollouts=30))

    stored = SqliteStore(world.store).reader.trace("first", 1).trace
    (span,) = [span for span in stored.spans if span.name == "look up {word}"]
    assert str(span.attributes["word"]).startswith("word")
    assert "secret" == span.attributes["password"], "what the backend would scrub the reflector may read"


async def verdict(_messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    answer = {"reason": "because", "score": 1.0, "pass": True}
    return ModelResponse(parts=[ToolCallPart(info.output_tools[0].name, answer)])


async def test_a_judges_spans_are_kept_apart(world) -> None:
    evals = words(20)
    evals.add_evaluator(LLMJudge(rubric="Polite.", model=FunctionModel(verdict)))

    result = await optimize(world.agent, evals, **world.options(rollouts=60))

    stored = SqliteStore(world.store).reader.trace("first", 1)
    assert {"speaker"} == {run.name for run in stored.trace.agents}
    assert stored.rollout.usage.requests == 1 + len(stored.trace.model_calls), "the judge's request is counted"
    assert result.usage.requests == world.task.requests + result.rollouts
    examples = [example for context in world.teacher.contexts for example in context.examples]
    calls = [call for example in examples for call in example.observed.trace.model_calls]
    assert calls
    assert not any("Polite." in f"{call.messages} {call.instructions}" for call in calls)


async def test_agents_in_a_raw_thread_are_reported_where_no_rollout_reaches_them(world) -> None:
    helper = optimizable(Agent(world.task.model, name="helper", instructions="Say the word."))
    agent = optimizable(Agent(world.task.model, name="speaker", instructions="Say the word."))

    @optimizable(agents=[agent, helper])
    async def program(word: str) -> str:
        with ThreadPoolExecutor(1) as pool:
            bare = pool.submit(asyncio.run, helper.run(word)).result()
            pool.submit(copy_context().run, asyncio.run, helper.run(word)).result()
            return (await agent.run(bare.output)).output

    result = await optimize(program, words(20), **world.options(rollouts=30))

    (said,) = [remark for remark in result.remarks if "thread" in remark]
    assert said.startswith(f"{result.rollouts} runs of 'helper' began where no rollout reaches, as in a raw thread")
    assert said.endswith("Start threads with contextvars.copy_context().run, or use asyncio.to_thread")
    stored = SqliteStore(world.store).reader.trace("first", 1).trace
    assert ["helper", "speaker"] == [run.name for run in stored.agents]


async def test_a_program_that_works_in_a_raw_thread_alone_is_not_silently_empty(world) -> None:
    agent = optimizable(Agent(world.task.model, name="speaker", instructions="Say the word."))

    @optimizable(agents=[agent])
    async def program(word: str) -> str:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, agent.run(word)).result().output

    result = await optimize(program, words(20), **world.options(rollouts=30))

    told = "\n".join(result.remarks)
    assert f"{result.rollouts} runs of 'speaker' began where no rollout reaches" in told
    assert f"{result.rollouts} recordings of {result.rollouts} saw no span" in told


class Courier:
    """A subject of the user's own, whose worker sends its spans over no HTTP at all."""

    sink: Any = None

    @asynccontextmanager
    async def receiving(self, sink):
        self.sink = sink
        try:
            yield
        finally:
            self.sink = None

    async def components(self):
        return (Component(id="worker/text", kind=Kind.TEXT, agent="worker", text="Say the word."),)

    async def run(self, candidate, case):
        trace_id = outgoing_headers()["traceparent"].split("-")[1]
        span = Span(trace_id=trace_id, span_id=f"{hash(case.id) & 0xFFFF:016x}", name="worked", started=1.0, ended=2.0)
        self.sink.take_spans([span])
        expect_spans(1)
        return f"{case.inputs}!".upper() if "capital" in candidate.texts["worker/text"] else case.inputs

    def fingerprints(self):
        return {}


class Capitals:
    async def reflect(self, context):
        edits = {"worker/text": "Answer in capital letters."}
        return Reflection(result=Proposal(parents=(context.parent.id,), edits=edits))


async def test_a_subject_of_the_users_own_may_have_its_spans_sent_from_elsewhere(tmp_path) -> None:
    store, courier = SqliteStore(tmp_path / "store.sqlite"), Courier()
    result = await optimize(
        courier,
        words(20),
        reflection_model=Capitals(),
        components="all",
        budget=Budget(rollouts=60),
        store=store,
        run=Run(name="courier", progress=False),
    )
    traces = [
        store.reader.trace("courier", event.rollout.number).trace
        for event in store.reader.events("courier")
        if isinstance(event, RolloutEnded)
    ]

    assert result.components_changed
    assert {("worked",)} == {tuple(span.name for span in trace.spans) for trace in traces}
    assert courier.sink is None
