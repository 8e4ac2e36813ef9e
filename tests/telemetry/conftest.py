"""Scripted agents and the recordings of their runs."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from typing import Literal

import pytest
from opentelemetry import trace as otel_trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic_ai import Agent, InstrumentationSettings
from pydantic_ai.capabilities import AgentCapability, Instrumentation
from pydantic_ai.messages import ModelMessage, ModelResponse, ModelResponsePart, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from spanwright.core.trace import Trace
from spanwright.telemetry.recorder import SpanRecorder, current_meters, current_provider

Answer = str | ModelResponsePart | Sequence[ModelResponsePart] | Exception


def scripted(*answers: Answer) -> FunctionModel:
    """Return a model that gives these answers one after the other."""
    left = iter(answers)

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        match next(left):
            case Exception() as error:
                raise error
            case str() as text:
                return ModelResponse(parts=[TextPart(text)], finish_reason="stop")
            case [*parts]:
                return ModelResponse(parts=parts, finish_reason="tool_call")
            case part:
                return ModelResponse(parts=[part], finish_reason="tool_call")

    return FunctionModel(answer, model_name="gpt-5-mini")


def instrumented(version: Literal[5, 6] = 5, **settings: bool) -> list[AgentCapability]:
    """Return the capability with which the subject instruments a run."""
    chosen = InstrumentationSettings(
        tracer_provider=current_provider(), meter_provider=current_meters(), version=version, **settings
    )
    return [Instrumentation(settings=chosen)]


Record = Callable[..., Awaitable[Trace]]


@pytest.fixture(name="scripted")
def scripted_fixture() -> Callable[..., FunctionModel]:
    return scripted


@pytest.fixture(name="instrumented")
def instrumented_fixture() -> Callable[..., list[AgentCapability]]:
    return instrumented


@pytest.fixture(autouse=True)
def no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every test start in a process without a tracer provider: a real one could never be taken away again."""
    monkeypatch.setattr(otel_trace, "get_tracer_provider", otel_trace.ProxyTracerProvider)


@pytest.fixture
def set_provider(monkeypatch: pytest.MonkeyPatch) -> Callable[[otel_trace.TracerProvider], None]:
    def set_it(provider: otel_trace.TracerProvider) -> None:
        monkeypatch.setattr(otel_trace, "get_tracer_provider", lambda: provider)

    return set_it


@pytest.fixture
def backend() -> InMemorySpanExporter:
    """Stands for the backend that the user pays for."""
    return InMemorySpanExporter()


@pytest.fixture
def user_provider(backend: InMemorySpanExporter, set_provider) -> Iterator[TracerProvider]:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(backend))
    set_provider(provider)
    yield provider
    provider.shutdown()


@pytest.fixture
def record() -> Record:
    """Run an agent in a recording of its own; what it raises is part of the trace, not of the test."""

    async def record_it(agent: Agent, prompt: str = "go", *, version: Literal[5, 6] = 5, **settings: bool) -> Trace:
        with SpanRecorder.attach() as recorder:
            async with recorder.recording({}) as recording:
                with suppress(Exception):  # the trace tells it
                    await agent.run(prompt, capabilities=instrumented(version, **settings))
            return recording.trace

    return record_it
