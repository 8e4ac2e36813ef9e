"""Spans on their way to a backend: a bounded queue and one thread, which nobody waits for but `close`, and it not long.

The thread is the third of the named exceptions to "only engine/ starts tasks", beside the store's and the receiver's:
encoding and sending would else hold up the loop in which the rollouts run.
"""

import random
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, cast

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace import ReadableSpan

_BARE = 400
"""Bytes of a span without its texts, about."""
_LAST_WORD = 0.5
"""Seconds that a backend has at the end of a run which did not answer before."""
_TRIES = 5


class Outcome(StrEnum):
    """What became of a batch."""

    ARRIVED = "arrived"
    REFUSED = "refused"
    """Another try would end the same."""
    BUSY = "busy"
    """The backend asks for it again, later."""
    UNREACHABLE = "unreachable"
    """Nobody answers. It is tried again, but when the run is over it is not waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a destination reports of a batch."""

    outcome: Outcome = Outcome.ARRIVED
    reason: str = ""
    """Why it did not arrive, or not all that belongs to it."""
    wait: float = 0.0
    """Seconds for which a busy backend asks."""
    unscored: int = 0
    """Scores that arrived as events of their spans only, not in the form that the backend wants."""
    owed: int = 0
    """Scores that can wait: when no spans do, `deliver` is called with none to go on with them."""


class Destination(Protocol):
    """Delivers batches to one backend, from one thread. The smallest one:

    class Printed:
        def deliver(self, spans):
            print(*(span.name for span in spans))
            return Delivery()
        def close(self): ...
    """

    def deliver(self, spans: Sequence[ReadableSpan]) -> Delivery:
        """Try once to deliver a batch. An empty batch is the time for what is owed."""
        ...

    def close(self) -> None:
        """Close connections."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much may wait, and how much goes out at once."""

    spans: int = 20_000
    bytes: int = 128 * 1024 * 1024
    batch_spans: int = 512
    batch_bytes: int = 2 * 1024 * 1024
    """A collector refuses bodies of 20 MB, and one chat can be of a hundred kilobytes."""
    linger: float = 1.0
    """Seconds that a batch waits for more."""


@dataclass(slots=True)
class Counts:
    """What became of the spans."""

    arrived: int = 0
    no_room: int = 0
    undelivered: int = 0
    unscored: int = 0
    reason: str = ""


class Outbox:
    """Takes spans from any thread, and never keeps one waiting."""

    def __init__(self, connect: Callable[[], Destination], room: Room | None = None) -> None:
        self._connect = connect
        self._room = room or Room()
        self._queue: deque[tuple[ReadableSpan, int]] = deque()
        self._bytes = 0
        self._underway = 0
        self._owed = 0
        self._counts = Counts()
        self._troubled = False
        self._closing = False
        self._given_up = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def put(self, span: ReadableSpan) -> None:
        """Queue a span; count it where there is no room."""
        weight = _weight(span)
        with self._changed:
            if self._closing or len(self._queue) >= self._room.spans or self._bytes + weight > self._room.bytes:
                self._counts.no_room += 1
                return
            self._queue.append((span, weight))
            self._bytes += weight
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="spanwright-export", daemon=True)
                self._thread.start()
            if len(self._queue) == 1 or self._is_batch():
                self._changed.notify()

    def close(self, patience: float) -> None:
        """Send what is queued, for so many seconds at most; a backend in trouble is not waited for."""
        with self._changed:
            self._closing = True
            self._changed.notify()
            thread = self._thread
            wait = min(patience, _LAST_WORD) if self._troubled else patience
        if thread is None:
            return
        thread.join(wait)
        if not thread.is_alive():
            return
        with self._changed:
            self._given_up = True
            self._counts.undelivered += len(self._queue) + self._underway
            self._counts.unscored += self._owed
            self._counts.reason = self._counts.reason or f"the backend took longer than {patience:g} s"
            self._queue.clear()
            self._changed.notify()

    def lines(self, name: str) -> tuple[str, ...]:
        """Say what did not arrive, in one line; nothing where all did."""
        with self._changed:
            counts = self._counts
            lost = (
                (counts.undelivered, "spans were not delivered"),
                (counts.no_room, "spans found the queue full"),
                (counts.unscored, "scores were not written as the backend's own"),
            )
            told = ", ".join(f"{count} {what}" for count, what in lost if count)
            reason = f" ({counts.reason})" if counts.reason else ""
            return (f"export to {name}: {told}{reason}; {counts.arrived} arrived",) if told else ()

    def _work(self) -> None:
        with suppress_instrumentation():  # the user's traces must not be about our sending of traces
            destination = self._connect()
            try:
                while (batch := self._next()) is not None:
                    self._account(len(batch), self._send(destination, batch))
            finally:
                destination.close()

    def _send(self, destination: Destination, batch: Sequence[ReadableSpan]) -> Delivery:
        """Try to deliver a batch, a few times where that can help."""
        delivery = _tried(destination, batch)
        for tried in range(1, _TRIES):
            with self._changed:
                self._troubled = delivery.outcome is Outcome.UNREACHABLE
                if delivery.outcome not in {Outcome.BUSY, Outcome.UNREACHABLE}:
                    break
                # Tries of many processes at once would meet a busy backend together again.
                wait = delivery.wait or random.uniform(0.5, 1.0) * 2**tried
                self._changed.wait_for(lambda: self._given_up or (self._closing and self._troubled), timeout=wait)
                if self._given_up or (self._closing and self._troubled):
                    break
            delivery = _tried(destination, batch)
        return delivery

    def _next(self) -> Sequence[ReadableSpan] | None:
        """Wait for a batch, which is empty where only scores are owed; None is the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing or self._owed)
            if self._given_up or not (self._queue or self._owed):
                return None
            if self._queue:
                self._changed.wait_for(lambda: self._closing or self._is_batch(), timeout=self._room.linger)
            batch: list[ReadableSpan] = []
            size = 0
            while self._queue and len(batch) < self._room.batch_spans:
                span, weight = self._queue[0]
                if batch and size + weight > self._room.batch_bytes:
                    break
                self._queue.popleft()
                batch.append(span)
                size += weight
            self._bytes -= size
            self._underway = len(batch)
            return batch

    def _is_batch(self) -> bool:
        return len(self._queue) >= self._room.batch_spans or self._bytes >= self._room.batch_bytes

    def _account(self, sent: int, delivery: Delivery) -> None:
        with self._changed:
            self._underway = 0
            self._owed = delivery.owed
            if self._given_up:
                return  # all that was left then has been counted
            if delivery.outcome is Outcome.ARRIVED:
                self._counts.arrived += sent
            else:
                self._counts.undelivered += sent
            self._counts.unscored += delivery.unscored
            self._counts.reason = delivery.reason or self._counts.reason


def _tried(destination: Destination, batch: Sequence[ReadableSpan]) -> Delivery:
    try:
        return destination.deliver(batch)
    except Exception as error:  # noqa: BLE001 - a destination may be the user's own code, and the thread must live on
        return Delivery(outcome=Outcome.REFUSED, reason=f"{type(error).__name__}: {error}")


def _weight(span: ReadableSpan) -> int:
    attributes = cast("Mapping[str, object]", span.attributes or {})
    return _BARE + sum(len(value) for value in attributes.values() if isinstance(value, str))
