"""Every row of the provider table, with agents that run and tools that make spans of their own."""

import asyncio

import logfire
import pytest
from opentelemetry import trace as otel_trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased
from pydantic_ai import Agent
from pydantic_ai.messages import ToolCallPart

from spanwright.core.trace import Trace
from spanwright.telemetry.providers import Found, Plan, find, plan
from spanwright.telemetry.recorder import SpanRecorder, current_meters, current_provider

AGENT_SPANS = {"invoke_agent desk", "chat gpt-5-mini", "execute_tool look"}
SECRET = "the password is hunter2"


@pytest.fixture
def desk(scripted):
    def make(tool=lambda: None) -> Agent:
        agent = Agent(scripted(ToolCallPart("look", {"password": "hunter2"}), "done"), name="desk")

        @agent.tool_plain
        def look(password: str) -> str:
            with otel_trace.get_tracer("shop").start_as_current_span("query"):
                tool()
            return SECRET

        return agent

    return make


@pytest.fixture
def run(instrumented):
    async def run_it(recorder: SpanRecorder, agent: Agent) -> Trace:
        async with recorder.recording({"rollout": "17"}) as recording:
            await agent.run("go", capabilities=instrumented())
        return recording.trace

    return run_it


@pytest.fixture
def configured(backend, set_provider):
    """Return logfire's provider with an exporter, as `logfire.configure()` makes it, but local to this test."""
    configured = logfire.configure(
        local=True,
        send_to_logfire=False,
        console=False,
        metrics=False,
        additional_span_processors=[SimpleSpanProcessor(backend)],
    )
    set_provider(configured.config.get_tracer_provider())
    backend.clear()
    return configured


class ForeignTracer(otel_trace.NoOpTracer):
    def __init__(self, made: list[str]) -> None:
        self._made = made

    def start_span(self, name, *args, **kwargs):
        self._made.append(name)
        return super().start_span(name, *args, **kwargs)


class Foreign(otel_trace.TracerProvider):
    """A provider of a vendor, which takes no span processors."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def get_tracer(self, *args, **kwargs):
        return ForeignTracer(self.made)


def names(trace: Trace) -> set[str]:
    return {span.name for span in trace.spans}


@pytest.mark.parametrize(
    ("found", "export", "eats", "theirs", "tap", "exports", "said"),
    [
        (Found.NOTHING, False, False, False, False, False, False),
        (Found.NOTHING, True, False, False, False, False, True),
        (Found.SDK, False, False, False, True, False, False),
        (Found.SDK, True, False, True, True, True, False),
        (Found.SDK, False, True, False, True, False, True),
        (Found.SDK, True, True, False, True, True, True),
        (Found.LOGFIRE, False, False, False, True, False, False),
        (Found.LOGFIRE, True, False, True, True, True, False),
        (Found.LOGFIRE, True, True, False, True, True, True),
        (Found.FOREIGN, False, False, False, False, False, True),
        (Found.FOREIGN, True, False, False, False, False, True),
    ],
)
def test_the_table(found, export, eats, theirs, tap, exports, said):
    made = plan(found, export=export, eats=eats)

    assert Plan(theirs=theirs, tap=tap, export=exports, diagnosis=made.diagnosis) == made
    assert said == bool(made.diagnosis)


def test_what_is_found(configured, user_provider):
    proxy = configured.config.get_tracer_provider()
    foreign = Foreign()

    assert (Found.NOTHING, None) == find(otel_trace.ProxyTracerProvider())
    assert (Found.NOTHING, None) == find(otel_trace.NoOpTracerProvider())
    assert (Found.SDK, user_provider) == find(user_provider)
    assert (Found.LOGFIRE, proxy.provider) == find(proxy)
    assert (Found.FOREIGN, foreign) == find(foreign)


async def test_without_a_provider_the_agents_are_recorded(desk, run):
    with SpanRecorder.attach() as recorder:
        trace = await run(recorder, desk())

    assert AGENT_SPANS == names(trace)
    assert () == recorder.diagnoses


async def test_an_sdk_provider_shows_us_everything_and_exports_nothing_of_it(desk, run, user_provider, backend):
    with SpanRecorder.attach() as recorder:
        trace = await run(recorder, desk())
        with otel_trace.get_tracer("shop").start_as_current_span("the user's own, outside"):
            pass

    assert AGENT_SPANS | {"query"} == names(trace)
    assert ["the user's own, outside"] == [span.name for span in backend.get_finished_spans()]
    assert () == recorder.diagnoses


async def test_the_users_spans_hang_below_the_tool_that_made_them(desk, run, user_provider):
    with SpanRecorder.attach() as recorder:
        trace = await run(recorder, desk())
    spans = {span.name: span for span in trace.spans}

    assert spans["execute_tool look"].span_id == spans["query"].parent_id
    assert "17" == spans["query"].attributes["spanwright.rollout"]


async def test_with_export_the_users_exporters_get_everything(desk, run, user_provider, backend):
    with SpanRecorder.attach(export=True) as recorder:
        trace = await run(recorder, desk())
    exported = backend.get_finished_spans()

    assert AGENT_SPANS | {"query"} == names(trace) == {span.name for span in exported}
    assert {trace.id} == {f"{span.context.trace_id:032x}" for span in exported}
    assert len(trace.spans) == len(exported)


async def test_logfire_shows_us_raw_text_and_exports_nothing_of_it(desk, run, configured, backend):
    def tool():
        with configured.span("asking {who}", who="the shop"):
            configured.info("an answer", password="hunter2")

    with SpanRecorder.attach() as recorder:
        trace = await run(recorder, desk(tool))
    (call,) = trace.tool_calls

    assert AGENT_SPANS | {"query", "asking {who}", "an answer"} == names(trace)
    assert ('{"password":"hunter2"}', SECRET) == (call.arguments, call.result)
    assert () == backend.get_finished_spans()


async def test_logfire_with_export_gets_its_scrubbed_copy_and_we_the_raw_text(desk, run, configured, backend):
    with SpanRecorder.attach(export=True) as recorder:
        trace = await run(recorder, desk())
    exported = {span.name: span for span in backend.get_finished_spans()}

    assert '{"password":"hunter2"}' == trace.tool_calls[0].arguments
    assert "Scrubbed" in str(exported["execute_tool look"].attributes["gen_ai.tool.call.arguments"])


async def test_logfire_may_be_configured_again_between_two_rollouts(desk, run, configured, backend):
    with SpanRecorder.attach() as recorder:
        before = await run(recorder, desk())
        proxy = configured.config.get_tracer_provider()
        again = TracerProvider(shutdown_on_exit=False)
        again.add_span_processor(SimpleSpanProcessor(backend))
        proxy.set_provider(again)
        after = await run(recorder, desk())

    assert names(before) == names(after) == AGENT_SPANS | {"query"}
    assert () == backend.get_finished_spans()


@pytest.mark.parametrize("export", [False, True])
async def test_a_foreign_provider_is_left_alone_and_that_is_said(desk, run, set_provider, export):
    foreign = Foreign()
    set_provider(foreign)
    with SpanRecorder.attach(export=export) as recorder:
        trace = await run(recorder, desk())

    assert AGENT_SPANS == names(trace)
    assert ["query"] == foreign.made
    assert ["the tracer provider is not one of"] == [line[:33] for line in recorder.diagnoses]


@pytest.mark.parametrize("sampler", [ParentBased(TraceIdRatioBased(0.01)), ParentBased(ALWAYS_OFF)])
async def test_a_sampler_that_asks_the_parent_drops_nothing(desk, run, set_provider, sampler):
    set_provider(TracerProvider(sampler=sampler, shutdown_on_exit=False))
    with SpanRecorder.attach() as recorder:
        traces = [await run(recorder, desk()) for _ in range(5)]

    assert [AGENT_SPANS | {"query"}] * 5 == [names(trace) for trace in traces]
    assert () == recorder.diagnoses


@pytest.mark.parametrize("export", [False, True])
@pytest.mark.parametrize("sampler", [ALWAYS_OFF, TraceIdRatioBased(0.99), TraceIdRatioBased(0.01)])
async def test_a_sampler_that_eats_our_spans_is_found_out(desk, run, set_provider, sampler, export):
    set_provider(TracerProvider(sampler=sampler, shutdown_on_exit=False))
    with SpanRecorder.attach(export=export) as recorder:
        trace = await run(recorder, desk())

    assert names(trace) >= AGENT_SPANS
    assert ["your sampler drops spans"] == [line[:24] for line in recorder.diagnoses]


async def test_a_disabled_sdk_is_said(desk, run, monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with SpanRecorder.attach() as recorder:
        trace = await run(recorder, desk())

    assert () == trace.spans
    assert "OTEL_SDK_DISABLED is set: nothing can be recorded" == recorder.diagnoses[0]


async def test_limits_in_the_environment_do_not_cut_what_our_provider_records(desk, run, monkeypatch, user_provider):
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "10")
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "3")
    with SpanRecorder.attach() as recorder:
        trace = await run(recorder, desk())

    assert not trace.truncated
    assert SECRET == trace.tool_calls[0].result


async def test_detaching_leaves_the_provider_as_it_was(desk, run, user_provider, backend):
    processor = user_provider.get_tracer("x").span_processor
    before = dict(vars(processor))
    with SpanRecorder.attach() as recorder:
        await run(recorder, desk())
        during = dict(vars(processor))
    with otel_trace.get_tracer("shop").start_as_current_span("afterwards"):
        pass

    assert before == vars(processor)
    assert before != during
    assert ["afterwards"] == [span.name for span in backend.get_finished_spans()]


async def test_two_recorders_at_one_provider_neither_double_nor_disturb_each_other(desk, run, user_provider, backend):
    processor = user_provider.get_tracer("x").span_processor
    before = dict(vars(processor))
    first = SpanRecorder.attach(export=True)
    second = SpanRecorder.attach()
    exporting, silent = first.__enter__(), second.__enter__()
    one, two = await asyncio.gather(run(exporting, desk()), run(silent, desk()))
    first.__exit__(None, None, None)
    three = await run(silent, desk())
    second.__exit__(None, None, None)

    assert [5, 5, 5] == [len(trace.spans) for trace in (one, two, three)]
    assert {one.id} == {f"{span.context.trace_id:032x}" for span in backend.get_finished_spans()}
    assert 5 == len(backend.get_finished_spans())
    assert before == vars(processor)


async def test_a_span_that_ends_after_we_detached_is_not_exported(user_provider, backend):
    tracer = otel_trace.get_tracer("shop")
    with SpanRecorder.attach(grace=0.0) as recorder:
        async with recorder.recording({}) as recording:
            abandoned = tracer.start_span("abandoned")
    abandoned.end()
    with tracer.start_as_current_span("afterwards"):
        pass

    assert (False, ()) == (recording.trace.complete, recording.trace.spans)
    assert ["afterwards"] == [span.name for span in backend.get_finished_spans()]
    assert {"_span_processors", "_lock"} == set(vars(user_provider.get_tracer("x").span_processor))


async def test_processors_that_are_added_meanwhile_stay(desk, run, user_provider):
    class Counting(SpanProcessor):
        ended = 0

        def on_end(self, span):
            self.ended += 1

    counting = Counting()
    with SpanRecorder.attach(export=True) as recorder:
        user_provider.add_span_processor(counting)
        trace = await run(recorder, desk())
    with otel_trace.get_tracer("shop").start_as_current_span("afterwards"):
        pass

    assert len(trace.spans) + 1 == counting.ended


async def test_meters_follow_export(user_provider):
    seen = {}
    for export in (False, True):
        with SpanRecorder.attach(export=export) as recorder:
            async with recorder.recording({}):
                seen[export] = (current_provider() is user_provider, current_meters() is None)

    assert {False: (False, False), True: (True, True)} == seen
