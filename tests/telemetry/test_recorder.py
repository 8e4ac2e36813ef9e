"""Recordings: nested, concurrent, broken off, and what is said about what they miss."""

import asyncio
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest
from opentelemetry import baggage, propagate
from opentelemetry import context as otel_context
from opentelemetry import trace as otel_trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from pydantic_ai import Agent, RunContext
from pydantic_ai.capabilities import AbstractCapability, CapabilityOrdering
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel

from spanwright.core.protocols import Recorder
from spanwright.core.trace import Trace
from spanwright.telemetry.recorder import BlindRecorder, SpanRecorder, current_meters, current_provider, mark_components
from spanwright.telemetry.tape import Bounds


def names(trace: Trace) -> list[str]:
    return [span.name for span in trace.spans]


def tracer() -> otel_trace.Tracer:
    provider = current_provider()
    assert provider is not None
    return provider.get_tracer("test")


def span(name: str, **attributes):
    return tracer().start_as_current_span(name, attributes=attributes)


async def test_outside_of_a_recording_there_is_no_provider():
    with SpanRecorder.attach() as recorder:
        before = current_provider()
        async with recorder.recording({}) as recording:
            during = current_provider()
            with pytest.raises(RuntimeError, match="still going on"):
                _ = recording.trace

    assert (None, None, None) == (before, current_provider(), current_meters())
    assert isinstance(during, otel_trace.TracerProvider)
    assert recording.id == recording.trace.id
    assert 32 == len(recording.id)


async def test_what_is_raised_inside_passes_and_the_trace_is_there():
    kept = []

    async def failing(recorder: SpanRecorder) -> None:
        async with recorder.recording({}) as recording:
            kept.append(recording)
            with span("work"):
                raise ValueError("no")

    with SpanRecorder.attach() as recorder, pytest.raises(ValueError, match="no"):
        await failing(recorder)

    assert ["work"] == names(kept[0].trace)
    assert "error" == kept[0].trace.spans[0].status


async def test_a_recording_inside_another_is_a_trace_of_its_own():
    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as outer:
            with span("before"):
                async with recorder.recording({}) as inner:
                    with span("judge"):
                        pass
                with span("after"):
                    pass

    assert ["before", "after"] == names(outer.trace)
    assert ["judge"] == names(inner.trace)
    assert outer.trace.spans[0].span_id == outer.trace.spans[1].parent_id
    assert (outer.id,) == inner.trace.spans[0].links


async def test_a_recording_is_linked_to_the_span_around_it_and_no_part_of_it():
    around = TracerProvider(shutdown_on_exit=False).get_tracer("user")
    with SpanRecorder.attach() as recorder, around.start_as_current_span("around") as ambient:
        async with recorder.recording({}) as recording:
            with span("top"), span("below"):
                pass
        restored = otel_trace.get_current_span()
    top, below = recording.trace.spans
    outside = f"{ambient.get_span_context().trace_id:032x}"

    assert outside != recording.id
    assert ((outside,), ()) == (top.links, below.links)
    assert ambient is restored


async def test_ids_travel_as_baggage_that_is_fit_for_a_header():
    with SpanRecorder.attach() as recorder:
        async with recorder.recording({"candidate": "ab12", "spanwright.case": "Größe 42?\n" + "x" * 500}) as recording:
            carried = dict(baggage.get_all())
            headers: dict[str, str] = {}
            propagate.inject(headers)
            with span("work"):
                pass
    (work,) = recording.trace.spans

    assert "ab12" == carried["spanwright.candidate"]
    assert str(carried["spanwright.case"]).startswith("Gr__e_42__x")
    assert 128 == len(str(carried["spanwright.case"]))
    assert carried == {key: value for key, value in work.attributes.items() if key.startswith("spanwright.")}
    assert headers["traceparent"].startswith(f"00-{recording.id}-")
    assert headers["traceparent"].endswith("-01")
    assert {} == dict(baggage.get_all())


async def test_the_users_own_random_numbers_are_not_drawn_from():
    random.seed(1)
    expected, drawn = random.random(), []
    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            for _ in range(3):
                random.seed(1)  # a tool may do so each time: its spans still need ids of their own
                with span("work"):
                    drawn.append(random.random())

    assert [expected] * 3 == drawn
    assert 3 == len(recording.trace.spans)


async def test_a_span_that_ends_within_the_grace_belongs_to_the_trace():
    with SpanRecorder.attach(grace=5.0) as recorder:
        async with recorder.recording({}) as recording:
            late = span("late").__enter__()
            threading.Timer(0.02, late.end).start()

    assert ["late"] == names(recording.trace)
    assert recording.trace.complete
    assert () == recorder.diagnoses


async def test_a_span_that_does_not_end_makes_the_trace_incomplete_and_that_is_said():
    with SpanRecorder.attach(grace=0.01) as recorder:
        async with recorder.recording({}) as recording:
            open_span = tracer().start_span("forgotten")
        open_span.end()

    assert not recording.trace.complete
    assert (
        "1 traces of 1 were sealed before all their spans had ended: 'forgotten'",
        "1 spans ended after their trace had been sealed and are missing in it",
    ) == recorder.diagnoses


async def test_a_recording_that_is_cancelled_seals_at_once_what_it_has():
    kept = []
    with SpanRecorder.attach(grace=30.0) as recorder:
        with anyio.move_on_after(0.02):
            async with recorder.recording({}) as recording:
                kept.append(recording)
                with span("done"):
                    pass
                tracer().start_span("forgotten")
                await anyio.sleep(60)

    assert ["done"] == names(kept[0].trace)
    assert not kept[0].trace.complete


async def test_what_is_missing_is_said(scripted, instrumented):
    with SpanRecorder.attach(bounds=Bounds(spans=1, attribute=3_000)) as recorder:
        async with recorder.recording({}):
            pass  # a judge that asks no model: nothing is missing
        async with recorder.recording({"spanwright.rollout": "1"}):
            pass
        async with recorder.recording({}) as full:
            with span("kept", text="x" * 9_000):
                pass
            with span("dropped"):
                pass
        async with recorder.recording({}) as silent:
            agent = Agent(scripted("done"), name="desk")
            await agent.run("go", capabilities=instrumented(include_content=False))

    assert full.trace.truncated
    assert silent.trace.without_content
    assert (
        "1 recordings of 3 saw no span: are the agents instrumented?",
        "1 traces of 3 show no content: instrument with include_content=True",
        "1 spans inside tools found no room in their traces",
        "1 long attributes were shortened to head and tail",
    ) == recorder.diagnoses


async def test_attributes_that_the_users_limits_drop_are_said(user_provider, set_provider, monkeypatch):
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "3")
    set_provider(TracerProvider(shutdown_on_exit=False))
    with SpanRecorder.attach(export=True) as recorder:
        async with recorder.recording({}) as recording:
            with span("work", a=1, b=2, c=3, d=4):
                pass

    assert recording.trace.truncated
    assert "1 attributes were dropped by a limit: raise OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT" in recorder.diagnoses


async def test_the_blind_recorder_records_nothing_not_even_inside_a_recording():
    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as outer:
            async with BlindRecorder().recording({}) as blind:
                inside = current_provider()
            after = current_provider()

    assert (None, Trace(), "") == (inside, blind.trace, blind.id)
    assert after is not None
    assert () == outer.trace.spans


@pytest.mark.parametrize("theirs", [False, True])
async def test_agents_that_begin_in_a_thread_without_context_are_said(user_provider, backend, theirs):
    """By the provider that instruments agents inside recordings, or by the user's own."""
    operation = {"gen_ai.operation.name": "invoke_agent"}

    def work(tracer: otel_trace.Tracer) -> None:
        with tracer.start_as_current_span("invoke_agent desk", attributes=operation):
            tracer.start_span("chat", attributes={"gen_ai.operation.name": "chat"}).end()
        tracer.start_span("query").end()

    with SpanRecorder.attach() as recorder:
        used = otel_trace.get_tracer("desk") if theirs else None
        async with recorder.recording({"rollout": "1"}) as recording:
            with span("plan"):
                thread = threading.Thread(target=work, args=(used or tracer(),))
                thread.start()
                thread.join()
        work(otel_trace.get_tracer("desk"))  # nothing is being recorded: the user's own affair

    assert ["plan"] == names(recording.trace)
    (said,) = recorder.diagnoses
    assert said.startswith("1 traces of agents began where no recording reaches, as in a raw thread: start threads")


class Marking(AbstractCapability):
    """Marks what it wears, as the subject's capability does."""

    def get_ordering(self):
        return CapabilityOrdering(position="innermost")

    async def before_model_request(self, ctx, request_context):
        name = ctx.agent.name if ctx.agent else ""
        mark_components([f"{name}/tool:look", f"{name}/instructions"])
        mark_components([f"{name}/demos"])
        return request_context


async def test_components_are_marked_on_the_call_that_carries_them(scripted, instrumented):
    helper = Agent(scripted("helped"), name="helper")
    agent = Agent(scripted(ToolCallPart("ask", {}), "done"), name="desk")

    @agent.tool
    async def ask(ctx: RunContext) -> str:
        return (await helper.run("how?", capabilities=[*instrumented(), Marking()])).output

    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            await agent.run("go", capabilities=[*instrumented(), Marking()])

    assert [
        ("desk", ("desk/demos", "desk/instructions", "desk/tool:look")),
        ("helper", ("helper/demos", "helper/instructions", "helper/tool:look")),
        ("desk", ("desk/demos", "desk/instructions", "desk/tool:look")),
    ] == [(call.agent, call.components) for call in recording.trace.model_calls]


def test_marking_outside_of_a_recording_does_nothing():
    provider = TracerProvider(shutdown_on_exit=False)
    with provider.get_tracer("x").start_as_current_span("the user's") as own:
        mark_components(["desk/instructions"])

    assert isinstance(own, ReadableSpan)
    assert not own.attributes


def test_both_recorders_are_recorders():
    with SpanRecorder.attach() as spans:
        recorders: list[Recorder] = [spans, BlindRecorder()]

    assert 2 == len(recorders)


async def test_1000_recordings_at_once_keep_every_one_of_20_spans_in_its_own_trace(user_provider, backend):
    """In tasks, sub-agents, worker threads and threads of the user's own; spans of ours and of the user's."""
    shop = otel_trace.get_tracer("shop")
    pool = ThreadPoolExecutor(4)

    def agent(name: str, number: str):
        return span(
            f"invoke_agent {name}",
            **{"asked": number, "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name},
        )

    def query(number: str) -> None:
        with shop.start_as_current_span("query", attributes={"asked": number}), span("inside", asked=number):
            context = otel_context.get_current()
            pool.submit(shop.start_span, "own pool", context, attributes={"asked": number}).result().end()

    async def step(number: str) -> None:
        with span("step", asked=number):
            await asyncio.sleep(random.random() / 50)
            await anyio.to_thread.run_sync(query, number)

    async def helper(number: str) -> None:
        with agent("helper", number):
            await asyncio.sleep(random.random() / 50)
            with span("chat", **{"asked": number, "gen_ai.operation.name": "chat"}):
                await asyncio.sleep(0)

    async def rollout(recorder: SpanRecorder, number: str) -> Trace:
        async with recorder.recording({"rollout": number}) as recording:
            with agent("desk", number), span("plan", asked=number):
                async with anyio.create_task_group() as group:
                    for _ in range(3):
                        group.start_soon(step, number)
                        group.start_soon(helper, number)
        return recording.trace

    with SpanRecorder.attach() as recorder:
        traces = await asyncio.gather(*(rollout(recorder, str(number)) for number in range(1_000)))
    pool.shutdown()

    assert {2 + 3 * 4 + 3 * 2} == {20} == {len(trace.spans) for trace in traces}
    for number, trace in enumerate(traces):
        assert {trace.id} == {span.trace_id for span in trace.spans}
        assert {str(number)} == {span.attributes["asked"] for span in trace.spans}
        assert {str(number)} == {span.attributes["spanwright.rollout"] for span in trace.spans}
        assert [("desk", ""), *[("helper", "desk")] * 3] == [(run.name, run.parent_agent) for run in trace.agents]
        assert trace.complete
    assert () == backend.get_finished_spans()
    assert () == recorder.diagnoses


def ask(messages, info):
    asked = str(messages[0].parts[0].content)
    results = [part.content for message in messages for part in message.parts if isinstance(part, ToolReturnPart)]
    if len(results) < 2:
        tool = "in_a_thread" if not results else "delegate"
        return ModelResponse(parts=[ToolCallPart(tool, {"number": asked})], finish_reason="tool_call")
    return ModelResponse(parts=[TextPart(f"done {asked}")], finish_reason="stop")


def echo(messages, info):
    return ModelResponse(parts=[TextPart(str(messages[0].parts[0].content))])


async def test_agents_at_work_at_once_with_sync_tools_and_sub_agents_keep_their_traces(instrumented, user_provider):
    helper = Agent(FunctionModel(echo, model_name="gpt-5-mini"), name="helper")
    agent = Agent(FunctionModel(ask, model_name="gpt-5-mini"), name="desk")
    shop = otel_trace.get_tracer("shop")

    @agent.tool_plain
    def in_a_thread(number: str) -> str:
        with shop.start_as_current_span("query", attributes={"asked": number}):
            return number

    @agent.tool_plain
    async def delegate(number: str) -> str:
        await asyncio.sleep(random.random() / 100)
        return (await helper.run(number, capabilities=instrumented())).output

    async def rollout(recorder: SpanRecorder, number: int) -> Trace:
        async with recorder.recording({}) as recording:
            await agent.run(f"{number}", capabilities=instrumented())
        return recording.trace

    with SpanRecorder.attach() as recorder:
        traces = await asyncio.gather(*(rollout(recorder, number) for number in range(60)))

    assert {9} == {len(trace.spans) for trace in traces}
    assert [[("desk", "", f"done {n}"), ("helper", "desk", f"{n}")] for n in range(60)] == [
        [(run.name, run.parent_agent, run.final) for run in trace.agents] for trace in traces
    ]
    assert [[f"{n}", f"{n}"] for n in range(60)] == [[call.result for call in trace.tool_calls] for trace in traces]
    assert [[f"{n}"] for n in range(60)] == [
        [span.attributes["asked"] for span in trace.spans if span.name == "query"] for trace in traces
    ]


async def test_instructions_and_tools_that_trace_after_trace_repeats_are_held_once(scripted, instrumented):
    agent = Agent(scripted("done", "done", "done"), name="desk", instructions="Be kind. " * 9)
    agent.tool_plain(lambda: "", name="look", description="Look.")
    calls = []

    with SpanRecorder.attach() as recorder:
        for more in ("", "", "Today is Friday."):
            async with recorder.recording({}) as recording:
                await agent.run("go", instructions=more or None, capabilities=instrumented())
            calls += recording.trace.model_calls

    first, second, third = calls
    assert first.instructions is second.instructions
    assert first.tools is second.tools
    assert third.instructions.endswith("Today is Friday.")
