"""Recordings that get spans from other processes: which are taken, how long is waited, what is said about the rest."""

import json
import os
import sys
from dataclasses import replace
from functools import partial

import anyio
import pytest

from spanwright.core.trace import Span, SpanEvent, Trace
from spanwright.telemetry.arrivals import Allowance, Arrivals
from spanwright.telemetry.collector import Collector
from spanwright.telemetry.receiver import Place, receiving
from spanwright.telemetry.recorder import BlindRecorder, SpanRecorder, current_provider
from spanwright.telemetry.remote import expect_spans, outgoing_headers
from spanwright.telemetry.sink import LoggedEvent
from spanwright.telemetry.tape import Bounds
from spanwright.testing.virtual import run_virtual


def sent(trace_id: str, number: int = 1, name: str = "far away", **attributes: str) -> Span:
    return Span(
        trace_id=trace_id,
        span_id=f"{number:016x}",
        name=name,
        started=1.0,
        ended=2.0,
        attributes=attributes,
        service="far",
    )


def names(trace: Trace) -> list[str]:
    return [span.name for span in trace.spans]


async def test_a_span_finds_the_recording_of_its_trace_and_carries_its_baggage():
    with SpanRecorder.attach() as recorder:
        async with recorder.recording({"rollout": "7"}) as one:
            expect_spans(1)
            async with recorder.recording({}) as other:
                expect_spans(1)
                receipt = recorder.arrivals.take_spans([sent(one.id), sent(other.id, name="near")])

    assert (0, "") == (receipt.rejected, receipt.reason)
    assert ["far away"] == names(one.trace)
    assert ("7", "far") == (one.trace.spans[0].attributes["spanwright.rollout"], one.trace.spans[0].service)
    assert ["near"] == names(other.trace)


def test_a_span_that_is_sent_again_is_taken_and_kept_once():
    async def main() -> Trace:
        with SpanRecorder.attach() as recorder:
            async with recorder.recording({}) as recording:
                for _ in range(3):
                    assert 0 == recorder.arrivals.take_spans([sent(recording.id)]).rejected
            return recording.trace

    trace = run_virtual(main())

    assert ["far away"] == names(trace)
    assert (True, False) == (trace.complete, trace.truncated)


def test_a_span_that_was_collected_in_process_is_not_kept_again_when_it_comes_by_otlp():
    async def main() -> Trace:
        with SpanRecorder.attach() as recorder:
            async with recorder.recording({}) as recording:
                provider = current_provider()
                assert provider is not None
                with provider.get_tracer("here").start_as_current_span("both ways") as span:
                    number = span.get_span_context().span_id
                    recorder.arrivals.take_spans([sent(recording.id, number)])
                recorder.arrivals.take_spans([sent(recording.id, number)])
            return recording.trace

    assert ["both ways"] == names(run_virtual(main()))


async def test_spans_of_traces_that_nobody_records_are_rejected_with_the_reason():
    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            pass
        late = recorder.arrivals.take_spans([sent(recording.id)])
        foreign = recorder.arrivals.take_spans([sent("ab" * 16), sent("ab" * 16, 2)])

    assert (1, 2) == (late.rejected, foreign.rejected)
    assert "complete already" in late.reason
    assert "Propagate traceparent" in foreign.reason
    assert any("ended after their trace had been sealed" in line for line in recorder.diagnoses)


async def test_a_trace_of_its_own_that_a_service_links_to_the_call_is_the_recordings():
    own = "cd" * 16
    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            expect_spans(2)
            below, root = sent(own, 1, "below", parent="2"), replace(sent(own, 2, "root"), links=(recording.id,))
            taken = recorder.arrivals.take_spans([below, root])
        after = recorder.arrivals.take_spans([sent(own, 3)])

    assert (0, 1) == (taken.rejected, after.rejected)
    assert [("below", recording.id), ("root", recording.id)] == [
        (span.name, span.trace_id) for span in recording.trace.spans
    ]


def seconds_until_sealed(*arrivals: float, count: int | None = None, quiet: float = 2.0) -> tuple[float, Trace]:
    """Return how long a recording that expects spans waits after its end, when spans come at these seconds."""

    async def main() -> tuple[float, Trace]:
        with SpanRecorder.attach() as recorder:
            async with anyio.create_task_group() as group:

                async def service(trace_id: str) -> None:
                    for number, at in enumerate(arrivals, 1):
                        await anyio.sleep_until(at)
                        recorder.arrivals.take_spans([sent(trace_id, number)])

                async with recorder.recording({"rollout": "1"}) as recording:
                    expect_spans(count, quiet=quiet)
                    group.start_soon(service, recording.id)
                sealed = anyio.current_time()
                group.cancel_scope.cancel()
            return sealed, recording.trace

    return run_virtual(main())


@pytest.mark.parametrize(
    ("arrivals", "count", "quiet", "sealed", "spans", "complete"),
    [
        ([], None, 2.0, 2.0, 0, True),
        ([1.0, 2.5, 9.0], None, 2.0, 4.5, 2, True),
        ([0.1], None, 0.25, 0.35, 1, True),
        ([1.0, 6.0, 7.0], 2, 2.0, 6.0, 2, True),
        ([], 0, 2.0, 0.0, 0, True),
        ([1.0], 2, 2.0, 15.0, 1, False),
        ([float(at) for at in range(1, 60)], None, 2.0, 15.0, 15, True),
    ],
)
def test_a_recording_waits_for_an_announced_number_or_until_it_is_quiet(
    arrivals, count, quiet, sealed, spans, complete
):
    at, trace = seconds_until_sealed(*arrivals, count=count, quiet=quiet)

    assert pytest.approx(sealed, abs=0.01) == at
    assert pytest.approx(spans, abs=1 if spans == 15 else 0) == len(trace.spans)
    assert complete is trace.complete


def test_a_recording_that_expects_nothing_does_not_wait():
    async def main() -> float:
        with SpanRecorder.attach() as recorder:
            async with recorder.recording({}):
                pass
            return anyio.current_time()

    assert 0.0 == run_virtual(main())


def test_a_service_that_sends_nothing_or_too_little_is_named():
    async def main() -> tuple[str, ...]:
        with SpanRecorder.attach() as recorder:
            async with recorder.recording({"rollout": "1"}):
                expect_spans()
            async with recorder.recording({"rollout": "2"}) as recording:
                expect_spans(3)
                recorder.arrivals.take_spans([sent(recording.id)])
            return recorder.diagnoses

    lines = run_virtual(main())

    assert 2 == len(lines)
    assert "1 recordings of 2 got no span of the service they called" in lines[0]
    assert "2 spans that a service announced did not arrive" in lines[1]


async def test_events_that_come_as_logs_stand_on_their_spans_each_once_and_in_order():
    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            expect_spans(1)
            result = LoggedEvent(
                name="gen_ai.evaluation.result",
                trace_id=recording.id,
                span_id=f"{1:016x}",
                time=3.0,
                attributes={"gen_ai.evaluation.score.value": 0.5},
            )
            taken = [recorder.arrivals.take_events([result]) for _ in range(2)]

            events = (SpanEvent(name="exception", time=9.0), SpanEvent(name="began", time=1.0))
            recorder.arrivals.take_spans([replace(sent(recording.id), events=events)])
        nowhere = recorder.arrivals.take_events(
            [LoggedEvent(name="gen_ai.choice", trace_id="", span_id="", time=0.0), result]
        )

    assert [0, 0] == [receipt.rejected for receipt in taken]
    assert ["began", "gen_ai.evaluation.result", "exception"] == [
        event.name for event in recording.trace.spans[0].events
    ]
    assert (2, "the event belongs to no span: it has no trace id and span id") == (nowhere.rejected, nowhere.reason)


async def test_an_event_without_its_span_is_that_of_the_model_call_whose_answer_it_names():
    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            expect_spans(1)
            response: dict[str, str | float] = {"gen_ai.response.id": "r-1"}
            judged = LoggedEvent(
                name="gen_ai.evaluation.result",
                trace_id=recording.id,
                span_id="ab" * 8,
                time=3.0,
                attributes={"gen_ai.evaluation.name": "exact", "gen_ai.evaluation.score.value": 0.5, **response},
            )
            recorder.arrivals.take_events([judged])
            chat = sent(recording.id, **{"gen_ai.operation.name": "chat", "gen_ai.response.id": "r-1"})
            recorder.arrivals.take_spans([chat])

    assert [("exact", chat.span_id)] == [(each.name, each.span_id) for each in recording.trace.evaluations]


async def test_announcements_of_another_process_count_as_spans_only_where_the_span_itself_never_came():
    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            expect_spans(3)
            ended = sent(recording.id, 1, name="ended")
            pending = {"logfire.span_type": "pending_span", "logfire.pending_parent_id": "0" * 16}
            announced = [
                replace(sent(recording.id, 10 + number, name=name, **pending), parent_id=f"{number:016x}")
                for number, name in ((1, "ended"), (2, "crashed"))
            ]
            recorder.arrivals.take_spans([*announced, ended])

    assert {"ended", "crashed"} == set(names(recording.trace))
    assert 2 == len(recording.trace.spans)
    assert not recording.trace.complete


def test_one_trace_takes_so_many_spans_and_bytes_and_no_more():
    collector = Collector()
    arrivals = Arrivals(collector, Allowance(spans=2, bytes=10_000))
    few, long = collector.mint(), collector.mint()
    for trace_id in (few, long):
        collector.begin(trace_id, 1)
    many = arrivals.take_spans([sent(f"{few:032x}", number) for number in range(1, 6)])
    heavy = arrivals.take_spans([sent(f"{long:032x}", number, text="x" * 6_000) for number in (1, 2)])

    assert (3, 1) == (many.rejected, heavy.rejected)
    assert "2 spans already" in many.reason
    assert "10,000 bytes already" in heavy.reason
    assert 2 == len(list(collector.seal(few).spans))


def test_a_process_whose_traces_are_full_says_so():
    collector = Collector(Bounds(total=5_000))
    arrivals = Arrivals(collector)
    trace_id = collector.mint()
    collector.begin(trace_id, 1)
    before = arrivals.busy
    arrivals.take_spans([sent(f"{trace_id:032x}", 1, **{"gen_ai.operation.name": "chat", "text": "x" * 6_000})])

    assert ("", "the traces in the making hold as much as they may") == (before, arrivals.busy)


async def test_outside_of_a_recording_and_in_a_blind_one_nothing_is_expected():
    expect_spans(3)
    async with BlindRecorder().recording({}):
        expect_spans(3)

    assert {} == outgoing_headers()


WORKER = """
import json, sys
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), max_export_batch_size=100))
tracer = provider.get_tracer("worker")
for number, headers in enumerate(json.load(sys.stdin)):
    with tracer.start_as_current_span(f"rollout {number}", extract(headers)):
        for step in range(20):
            with tracer.start_as_current_span(f"{number}.{step}"):
                pass
provider.shutdown()
"""


async def test_many_rollouts_in_two_other_processes_get_each_their_own_spans():
    traces: dict[int, Trace] = {}
    headers: dict[int, dict[str, str]] = {}
    begun, count = anyio.Event(), 40

    async def rollout(number: int, recorder: SpanRecorder) -> None:
        async with recorder.recording({"rollout": str(number)}) as recording:
            headers[number] = dict(outgoing_headers())
            expect_spans(21)
            if len(headers) == count:
                begun.set()
        traces[number] = recording.trace

    with SpanRecorder.attach() as recorder:
        async with receiving(recorder.arrivals) as endpoint, anyio.create_task_group() as rollouts:
            for number in range(count):
                rollouts.start_soon(rollout, number, recorder)
            await begun.wait()
            for half in (0, 1):
                mine = [headers[number] for number in range(half, count, 2)]
                command = [sys.executable, "-c", WORKER]
                told = os.environ | endpoint.environment
                work = partial(anyio.run_process, command, input=json.dumps(mine).encode(), env=told)
                rollouts.start_soon(work)

    for number, trace in traces.items():
        assert {f"rollout {number // 2}", *(f"{number // 2}.{step}" for step in range(20))} == set(names(trace))
        assert {str(number)} == {span.attributes["spanwright.rollout"] for span in trace.spans}
    assert (count, ()) == (len(traces), recorder.diagnoses)


ELSEWHERE = """
import os
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
context = extract({"traceparent": os.environ["TRACEPARENT"]})
tracer = provider.get_tracer("elsewhere")
with tracer.start_as_current_span("work", context=context), tracer.start_as_current_span("a step of it"):
    pass
provider.shutdown()
"""


async def test_an_agent_in_another_process_is_recorded_under_the_trace_id_that_it_was_given():
    with SpanRecorder.attach() as recorder:
        async with (
            receiving(recorder.arrivals, Place(token="ours")) as endpoint,
            recorder.recording({"rollout": "7"}) as recording,
        ):
            told = {"TRACEPARENT": outgoing_headers()["traceparent"], **endpoint.environment}
            await anyio.run_process([sys.executable, "-c", ELSEWHERE], env=os.environ | told)
            expect_spans(2)

    work, step = recording.trace.spans
    assert ("work", "a step of it", "elsewhere") == (work.name, step.name, work.scope)
    assert work.span_id == step.parent_id
    assert recording.trace.complete
    assert "7" == step.attributes["spanwright.rollout"]
