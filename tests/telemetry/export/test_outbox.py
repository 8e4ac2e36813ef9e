"""The queue towards a backend: what has no room is counted, and nobody waits longer than was said."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan

from spanwright.telemetry.export.outbox import Delivery, Outbox, Outcome, Room
from spanwright.telemetry.export.told import Place, Told


def span(number: int, text: str = "") -> ReadableSpan:
    place = Place(trace=1, span=number + 1)
    return Told(name=f"span {number}", place=place, started=0.0, ended=1.0, attributes={"text": text}).as_span(
        Resource({})
    )


class Backend:
    """A destination that does as it is told: it can be held up, and reports what the test wants."""

    def __init__(self, *reports: Delivery) -> None:
        self.reports = list(reports)
        self.batches: list[list[str]] = []
        self.holding = threading.Event()
        self.asked = threading.Event()
        self.closed = False
        self.holding.set()

    def deliver(self, spans) -> Delivery:
        self.batches.append([each.name for each in spans])
        self.asked.set()
        self.holding.wait()
        return self.reports.pop(0) if self.reports else Delivery()

    def close(self) -> None:
        self.closed = True

    @contextmanager
    def held_up(self) -> Iterator[None]:
        self.holding.clear()
        try:
            yield
        finally:
            self.holding.set()


def ended() -> None:
    for thread in threading.enumerate():
        if thread.name == "spanwright-export":
            thread.join(60)


@pytest.fixture
def small() -> Room:
    return Room(spans=10, bytes=1_000_000, batch_spans=4, batch_bytes=100_000, linger=0.0)


def test_everything_arrives_in_order_and_nothing_is_said(small) -> None:
    backend = Backend()
    outbox = Outbox(lambda: backend, small)
    for number in range(9):
        outbox.put(span(number))
    outbox.close(60)

    assert [f"span {number}" for number in range(9)] == [name for batch in backend.batches for name in batch]
    assert all(len(batch) <= 4 for batch in backend.batches)
    assert () == outbox.lines("it")
    assert backend.closed


def test_what_finds_the_queue_full_is_counted(small) -> None:
    backend = Backend()
    outbox = Outbox(lambda: backend, small)
    with backend.held_up():
        outbox.put(span(0))
        backend.asked.wait(60)
        for number in range(1, 31):
            outbox.put(span(number))
    outbox.close(60)

    assert ("export to it: 20 spans found the queue full; 11 arrived",) == outbox.lines("it")


def test_the_queue_is_bounded_in_bytes_too() -> None:
    backend = Backend()
    outbox = Outbox(lambda: backend, Room(bytes=10_000, linger=0.0))
    with backend.held_up():
        outbox.put(span(0))
        backend.asked.wait(60)
        for number in range(1, 11):
            outbox.put(span(number, "x" * 2_000))
    outbox.close(60)

    assert ("export to it: 6 spans found the queue full; 5 arrived",) == outbox.lines("it")


def test_a_batch_is_cut_by_its_bytes() -> None:
    backend = Backend()
    outbox = Outbox(lambda: backend, Room(batch_bytes=5_000, linger=0.0))
    with backend.held_up():
        outbox.put(span(0))
        backend.asked.wait(60)
        for number in range(1, 7):
            outbox.put(span(number, "x" * 2_000))
    outbox.close(60)

    assert [1, 2, 2, 2] == [len(batch) for batch in backend.batches]


def test_putting_never_waits_for_a_backend_that_is_held_up(small) -> None:
    backend = Backend()
    outbox = Outbox(lambda: backend, small)
    with backend.held_up():  # whoever waited for it would wait for ever
        outbox.put(span(0))
        backend.asked.wait(60)
        for _ in range(1_000):
            outbox.put(span(1))
        delivered = len(backend.batches)
    outbox.close(60)

    assert 1 == delivered


def test_closing_gives_a_backend_that_is_held_up_the_time_that_was_said_and_no_more(small) -> None:
    backend = Backend()
    outbox = Outbox(lambda: backend, small)
    with backend.held_up():
        for number in range(6):
            outbox.put(span(number))
        backend.asked.wait(60)
        began = time.perf_counter()
        outbox.close(0.05)
        took = time.perf_counter() - began
    ended()

    assert took < 60
    assert (
        "export to it: 6 spans were not delivered (the backend took longer than 0.05 s); 0 arrived",
    ) == outbox.lines("it")


def test_a_batch_for_which_a_backend_is_busy_is_delivered_later(small) -> None:
    backend = Backend(Delivery(outcome=Outcome.BUSY, reason="HTTP 503", wait=0.001))
    outbox = Outbox(lambda: backend, small)
    outbox.put(span(0))
    outbox.close(60)

    assert [["span 0"], ["span 0"]] == backend.batches
    assert () == outbox.lines("it")


def test_a_backend_that_cannot_be_reached_is_not_waited_for_when_all_is_done(small) -> None:
    backend = Backend(*[Delivery(outcome=Outcome.UNREACHABLE, reason="nobody answers")] * 9)
    outbox = Outbox(lambda: backend, small)
    for number in range(9):
        outbox.put(span(number))
    backend.asked.wait(60)
    began = time.perf_counter()
    outbox.close(3600)
    took = time.perf_counter() - began
    ended()

    assert took < 60
    assert ("export to it: 9 spans were not delivered (nobody answers); 0 arrived",) == outbox.lines("it")


def test_a_destination_with_a_bug_of_its_own_loses_a_batch_and_goes_on(small) -> None:
    class Broken(Backend):
        def deliver(self, spans) -> Delivery:
            super().deliver(spans)
            if len(self.batches) == 1:
                raise RuntimeError("not today")
            return Delivery()

    backend = Broken()
    outbox = Outbox(lambda: backend, small)
    with backend.held_up():
        outbox.put(span(0))
        backend.asked.wait(60)
        outbox.put(span(1))
    outbox.close(60)

    assert ("export to it: 1 spans were not delivered (RuntimeError: not today); 1 arrived",) == outbox.lines("it")


def test_scores_that_are_owed_are_written_when_no_span_waits(small) -> None:
    backend = Backend(Delivery(owed=5), Delivery(owed=3), Delivery(owed=3), Delivery(owed=0))
    outbox = Outbox(lambda: backend, small)
    with backend.held_up():
        outbox.put(span(0))
        backend.asked.wait(60)
        outbox.put(span(1))
    outbox.close(60)

    assert [["span 0"], ["span 1"], [], []] == backend.batches
    assert () == outbox.lines("it")


def test_scores_that_are_owed_when_there_is_no_time_left_are_counted(small) -> None:
    class SlowWithScores(Backend):
        def deliver(self, spans) -> Delivery:
            if not spans:
                self.holding.clear()
            return super().deliver(spans)

    backend = SlowWithScores(Delivery(owed=5))
    outbox = Outbox(lambda: backend, small)
    outbox.put(span(0))
    outbox.close(0.05)
    backend.holding.set()
    ended()

    assert outbox.lines("it")[0].startswith("export to it: 5 scores were not written as the backend's own")


def test_nothing_is_started_where_nothing_is_put(small) -> None:
    outbox = Outbox(Backend, small)
    outbox.close(60)

    assert () == outbox.lines("it")
    assert "spanwright-export" not in {thread.name for thread in threading.enumerate()}
