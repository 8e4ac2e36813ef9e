"""Show events to those who watch: each has a bounded queue and a task of its own, and cannot disturb the run."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from spanwright.core.events import Event
from spanwright.core.protocols import Observer

_LONGEST_QUEUE = 10_000
_BATCH = 256
"""Events that an observer is shown in one turn of the loop."""
_log = logging.getLogger("spanwright")


@dataclass(slots=True)
class _Queue:
    """Events that an observer has still to see."""

    send: MemoryObjectSendStream[Event]
    receive: MemoryObjectReceiveStream[Event]
    observer: Observer
    attached: bool = True

    def waiting(self) -> Iterator[Event]:
        """Take what is there now, at most a batch: others want the loop, too."""
        with suppress(anyio.WouldBlock, anyio.EndOfStream):
            for _ in range(_BATCH):
                yield self.receive.receive_nowait()


class Observers:
    """The observers of one run, entered for as long as it goes on."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._queues = [
            _Queue(*anyio.create_memory_object_stream[Event](_LONGEST_QUEUE), observer) for observer in observers
        ]

    def start(self, group: TaskGroup) -> None:
        """Start one task an observer; they end after `close`, when the queues are empty."""
        for queue in self._queues:
            group.start_soon(self._drain, queue)

    def offer(self, event: Event) -> None:
        """Queue an event for every observer; one whose queue is full is detached with a warning."""
        for queue in self._queues:
            if not queue.attached:
                continue
            try:
                queue.send.send_nowait(event)
            except anyio.WouldBlock:
                self._detach(queue, f"it is {_LONGEST_QUEUE} events behind")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the queues; what is still in them is not shown: the run had ended before, or it broke."""
        for queue in self._queues:
            queue.send.close()
            queue.receive.close()

    def close(self) -> None:
        """Let the tasks end when they have shown what is queued."""
        for queue in self._queues:
            queue.send.close()

    async def _drain(self, queue: _Queue) -> None:
        with queue.receive:
            async for event in queue.receive:
                # A stream gives one event a turn of the loop, and in a turn a run of fast rollouts makes dozens.
                for each in (event, *queue.waiting()):
                    if not (queue.attached and self._show(queue, each)):
                        return

    def _show(self, queue: _Queue, event: Event) -> bool:
        """Show an event; False where the observer is detached for that."""
        try:
            queue.observer(event)
        except Exception as error:  # noqa: BLE001  (an observer's bug must not end a paid run)
            self._detach(queue, f"{type(error).__name__}: {error}")
        return queue.attached

    def _detach(self, queue: _Queue, reason: str) -> None:
        queue.attached = False
        _log.warning("observer %r was detached: %s", queue.observer, reason)
