"""The collector and its tapes, fed by a plain SDK provider."""

import gc
import json
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import context as otel_context
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from spanwright.telemetry.collector import Collector
from spanwright.telemetry.excerpt import excerpt
from spanwright.telemetry.lenient import elements
from spanwright.telemetry.providers import remote_parent
from spanwright.telemetry.tape import Bounds


class Bench:
    """A collector with one trace, and a tracer whose spans go to it."""

    def __init__(self, **bounds: int) -> None:
        self.collector = Collector(Bounds(**bounds))
        provider = TracerProvider(sampler=ALWAYS_ON, shutdown_on_exit=False)
        provider.add_span_processor(self.collector)
        self.tracer = provider.get_tracer("test")
        self.trace_id = self.collector.mint()
        self.root = 7
        self.collector.begin(self.trace_id, self.root)
        self.context = remote_parent(self.trace_id, self.root)

    def span(self, name: str, operation: str = "", context: otel_context.Context | None = None, **attributes):
        kind = {"gen_ai.operation.name": operation} if operation else {}
        return self.tracer.start_as_current_span(name, context or self.context, attributes={**kind, **attributes})

    def sealed(self):
        sealed = self.collector.seal(self.trace_id)
        return sealed, {span.name: span for span in sealed.spans}


def test_a_span_becomes_plain_data():
    bench = Bench()
    outer = bench.span("outer", number=1, share=0.5, names=("a", "b"), odd=float("nan"))
    with outer, bench.tracer.start_as_current_span("inner") as below:
        below.record_exception(ValueError("no"))
    sealed, spans = bench.sealed()
    outer, inner = spans["outer"], spans["inner"]

    assert f"{bench.trace_id:032x}" == outer.trace_id
    assert (f"{7:016x}", outer.span_id) == (outer.parent_id, inner.parent_id)
    assert {"number": 1, "share": 0.5, "names": ("a", "b"), "odd": "nan"} == outer.attributes
    assert ("exception", "no") == (inner.events[0].name, inner.events[0].attributes["exception.message"])
    assert ("test", "unset", 0) == (outer.scope, outer.status, outer.dropped)
    assert outer.started <= inner.started <= inner.ended <= outer.ended
    assert (2, (), 0, 0) == (sealed.seen, sealed.open, sealed.dropped, sealed.cut)


def test_spans_of_other_traces_are_not_kept():
    bench = Bench()
    with bench.tracer.start_as_current_span("somebody else's", otel_context.Context()):
        pass
    sealed, spans = bench.sealed()

    assert {} == spans
    assert (0, 0) == (sealed.seen, bench.collector.late)


def test_spans_of_threads_belong_to_the_trace_of_their_context():
    bench = Bench()

    def work(number: int) -> None:
        for step in range(50):
            with bench.span(f"{number}.{step}"):
                pass

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sealed, spans = bench.sealed()

    assert (400, 400, ()) == (sealed.seen, len(spans), sealed.open)


def test_a_span_that_ends_after_the_seal_is_late_and_leaves_nothing_behind():
    bench = Bench()
    forgotten = bench.tracer.start_span("forgotten", bench.context)
    sealed, spans = bench.sealed()
    busy = bench.collector.idle
    started_late = bench.tracer.start_span("started late", bench.context)
    forgotten.end()
    started_late.end()

    assert (("forgotten",), {}) == (sealed.open, spans)
    assert (False, True) == (busy, bench.collector.idle)
    assert 2 == bench.collector.late


def test_who_waits_for_the_collector_to_be_idle_is_called_once():
    bench = Bench()
    called = []
    span = bench.tracer.start_span("late", bench.context)
    bench.collector.when_idle(lambda: called.append("now"))
    bench.sealed()
    before = list(called)
    span.end()
    with bench.span("later still"):
        pass

    assert ([], ["now"]) == (before, called)


def test_a_span_that_cannot_be_read_is_counted_and_hurts_nobody():
    bench = Bench()
    broken = ReadableSpan("broken", context=bench.tracer.start_span("x", bench.context).get_span_context())
    vars(broken)["_events"] = (object(),)  # there is no public way to break a span
    bench.collector.on_end(broken)

    assert 1 == bench.collector.unreadable


def test_on_a_full_tape_spans_inside_tools_give_way_then_tools_and_agents_never():
    bench = Bench(spans=6)
    for number in range(4):
        with bench.span(f"tool {number}", "execute_tool"):
            for query in range(3):
                with bench.tracer.start_as_current_span(f"query {number}.{query}"):
                    pass
    with bench.span("inner again"):
        pass
    for number in range(4):
        with bench.span(f"chat {number}", "chat"):
            pass
    with bench.span("agent", "invoke_agent"):
        pass
    sealed, spans = bench.sealed()

    assert {"tool 0", "chat 0", "chat 1", "chat 2", "chat 3", "agent"} == set(spans)
    assert 22 - 6 == sealed.dropped


def test_agents_and_model_calls_are_kept_beyond_the_bounds():
    bench = Bench(spans=2)
    for number in range(5):
        with bench.span(f"chat {number}", "chat"):
            pass

    assert 5 == len(bench.sealed()[1])


def test_the_tree_stays_whole_around_dropped_spans():
    bench = Bench(spans=4)
    current = bench.tracer.start_as_current_span
    with bench.span("agent", "invoke_agent"), bench.span("tool", "execute_tool", otel_context.get_current()):
        with current("wrapper"), current("inner wrapper"):
            for name in ("sub agent", "second sub agent"):
                with bench.span(name, "invoke_agent", otel_context.get_current()):
                    pass
            with current("query"):
                pass
        with current("chat", attributes={"gen_ai.operation.name": "chat"}):
            pass
    sealed, spans = bench.sealed()

    assert {"agent", "sub agent", "second sub agent", "chat"} == set(spans)
    assert {spans["agent"].span_id} == {spans[name].parent_id for name in ("sub agent", "second sub agent", "chat")}
    assert 4 == sealed.dropped


def test_bytes_are_bounded_and_given_back():
    bench = Bench(bytes=100_000)
    for number in range(20):
        with bench.span(f"query {number}", statement=f"{number}" * 10_000):
            pass
    sealed, spans = bench.sealed()
    second = bench.collector.mint()
    bench.collector.begin(second, 1)
    with bench.tracer.start_as_current_span("after", remote_parent(second, 1)):
        pass

    assert (8, 12) == (len(spans), sealed.dropped)
    assert 1 == len(list(bench.collector.seal(second).spans))


def test_a_long_attribute_keeps_its_head_and_its_tail():
    bench = Bench(attribute=1_000)
    with bench.span("query", statement="a" * 5_000 + "z" * 5_000):
        pass
    sealed, spans = bench.sealed()
    statement = str(spans["query"].attributes["statement"])

    assert 1 == sealed.cut
    assert len(statement) <= 1_000
    assert statement.startswith("aaaa")
    assert statement.endswith("zzzz")
    assert "characters left out" in statement


def history(length: int, size: int) -> str:
    message = {"role": "user", "parts": [{"type": "text", "content": "x" * size}]}
    return json.dumps([{**message, "number": number} for number in range(length)], separators=(",", ":"))


def test_a_growing_history_is_held_once_and_given_back_whole():
    bench = Bench(bytes=2_000_000, attribute=100_000)
    histories = [history(length, 3_000) for length in range(1, 120)]
    with bench.span("agent", "invoke_agent"):
        for number, text in enumerate(histories):
            with bench.tracer.start_as_current_span(
                f"chat {number}", attributes={"gen_ai.operation.name": "chat", "messages": text, "tools": "t" * 4_000}
            ):
                pass
    held = bench.collector._load.bytes  # noqa: SLF001 - what is held is the point
    sealed, spans = bench.sealed()

    assert histories == [spans[f"chat {number}"].attributes["messages"] for number in range(len(histories))]
    assert {"t" * 4_000} == {spans[f"chat {number}"].attributes["tools"] for number in range(len(histories))}
    assert (0, 0) == (sealed.cut, sealed.dropped)
    assert held < 4 * len(histories[-1])
    assert sum(map(len, histories)) > 20 * held


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.text("ab,]", max_size=3)), max_size=12))
def test_what_a_tape_keeps_of_agents_and_model_calls_it_gives_back(steps):
    bench = Bench()
    told, text = [], "["
    for kind, added in steps:
        text = text[:-1] + "," + added * 1_500 + "]" if kind else "[" + added * 2_000 + "]"
        told.append(text)
        with bench.span(f"{len(told) - 1}", "chat", messages=text):
            pass
    _, spans = bench.sealed()

    assert told == [spans[str(number)].attributes["messages"] for number in range(len(told))]


def test_the_garbage_collector_may_end_a_span_while_another_is_being_kept():
    bench = Bench()

    class Forgotten:
        """Ends its span when it is freed, but leaves the context alone: CPython 3.11 crashes if that is left then."""

        def __init__(self) -> None:
            self.span = bench.tracer.start_span("forgotten", bench.context)
            self.cycle = self  # only the garbage collector can free it

        def __del__(self) -> None:
            self.span.end()

    for _ in range(50):
        Forgotten()
    try:
        gc.set_threshold(1)
        for _ in range(50):
            with bench.span("kept"):
                pass
    finally:
        gc.set_threshold(700, 10, 10)
    gc.collect()

    assert () == bench.sealed()[0].open


@settings(deadline=None)
@given(st.text(max_size=200), st.integers(-3, 300))
def test_an_excerpt_never_exceeds_its_room(text, room):
    short = excerpt(text, room)

    assert len(short) <= max(room, 0)
    assert short == text or len(text) > room


@pytest.mark.parametrize("room", range(560, 600))
def test_a_cut_array_of_messages_is_read_around_the_cut(room):
    whole = json.dumps([{"role": "user", "content": f"{number}" * 50} for number in range(20)], separators=(",", ":"))
    found, _ = elements(excerpt(whole, room))
    told = [str(item["content"]) for item in found if isinstance(item, dict) and "content" in item]

    assert ["00", "11", "22"] == [text[:2] for text in told[:3]]
    assert ["18", "19"] == [text[-2:] for text in told[-2:]]


@pytest.mark.parametrize("text", ["", "null", "[1, 2", "nonsense", '"\\ud800"', "[" * 100_000])
def test_reading_json_never_raises(text):
    found, _ = elements(text)

    assert isinstance(found, list)
