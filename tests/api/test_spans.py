"""The user's own spans inside tools are part of the stored trace, and a judge's are not."""

from collections.abc import Iterator

import logfire
import pytest
from api_world import Task, Teacher, words
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.util._once import Once
from pydantic_ai import Agent
from pydantic_evals.evaluators import LLMJudge

from spanwright import Run, SqliteStore, optimizable, optimize
from spanwright.core.events import RolloutEnded


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    """Stand for the user's backend, at a tracer provider of the user's."""
    before = trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE  # noqa: SLF001  (there is no public way to put it back)
    trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE = None, Once()  # noqa: SLF001
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    yield exporter
    trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE = before  # noqa: SLF001


def storekeeper(task: Task) -> Agent[object, str]:
    agent = optimizable(Agent(task.model, name="speaker", instructions="Say the word."))

    @agent.tool_plain
    async def punctuate(word: str) -> str:
        """Punctuate, always."""
        with trace.get_tracer("shop").start_as_current_span("query", attributes={"sql": f"select {word}"}):
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


async def test_logfire_spans_are_stored_too(world, exporter: InMemorySpanExporter) -> None:
    logfire.configure(send_to_logfire=False, console=False, inspect_arguments=False)
    agent = optimizable(Agent(world.task.model, name="speaker", instructions="Say the word."))

    @agent.tool_plain
    async def punctuate(word: str) -> str:
        """Punctuate, always."""
        with logfire.span("look up {word}", word=word, password="secret"):
            return f"{word}!"

    await optimize(agent, words(20), **world.options(rollouts=30))

    stored = SqliteStore(world.store).reader.trace("first", 1).trace
    (span,) = [span for span in stored.spans if span.name == "look up {word}"]
    assert str(span.attributes["word"]).startswith("word")
    assert "secret" == span.attributes["password"], "what the backend would scrub the reflector may read"


async def test_a_judges_spans_are_kept_apart(world) -> None:
    evals = words(20)
    judge = Task()

    async def verdict(messages, info):
        from pydantic_ai.messages import ModelResponse, ToolCallPart

        judge.requests += 1
        answer = {"reason": "because", "score": 1.0, "pass": True}
        return ModelResponse(parts=[ToolCallPart(info.output_tools[0].name, answer)])

    from pydantic_ai.models.function import FunctionModel

    evals.add_evaluator(LLMJudge(rubric="Polite.", model=FunctionModel(verdict)))
    teacher = Teacher()
    await optimize(world.agent, evals, **(world.options(rollouts=60) | {"reflection_model": teacher}))

    assert judge.requests
    stored = SqliteStore(world.store).reader.trace("first", 1).trace
    assert {"speaker"} == {run.name for run in stored.agents}
    shown = [
        call for context in teacher.contexts for each in context.examples for call in each.observed.trace.model_calls
    ]
    assert shown
    assert not any("Polite." in str(call.messages) + call.instructions for call in shown)
