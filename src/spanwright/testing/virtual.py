"""Virtual time: an asyncio loop whose clock jumps to the next timer as soon as nothing else is to do.

A run of hours takes milliseconds and takes them in the same order each time. `anyio.sleep`, `anyio.current_time`,
`move_on_after` and whatever else asks the loop for the time follow. The clock waits, in real time, for what it can see
at work outside the loop: anyio's worker threads, executors, sockets. A thread of your own it cannot see: while one
works, timers may fire that would not have; without any timer the loop waits for it, up to `PATIENCE` seconds.
"""

import asyncio
import selectors
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import TypeVar, TypeVarTuple, Unpack

from anyio._backends._asyncio import WorkerThread

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

PATIENCE = 10.0
"""Real seconds to wait for news from outside when no timer is set and nothing is known to be at work."""


class Stalled(RuntimeError):
    """Every task waits, no timer is set and no news came from outside: the program would wait for ever."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} tasks wait for each other, and no timer is set: this is a deadlock")


def run_virtual(main: Coroutine[object, object, T]) -> T:
    """Run a coroutine to its end in virtual time, which begins at 0, and return its result."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop in virtual time."""

    def __init__(self) -> None:
        self._now = 0.0
        self._jobs = 0
        super().__init__(_VirtualSelector(self))

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds

    @property
    def expects_news(self) -> bool:
        """Whether something outside the loop is known to be at work, and will wake it."""
        return self._jobs > 0 or any(_works_for(self, thread) for thread in threading.enumerate())

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> "asyncio.Future[T]":
        """Run a function in an executor; the clock waits for it."""
        job = super().run_in_executor(executor, func, *args)
        self._jobs += 1
        job.add_done_callback(self._forget)
        return job

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Join the executor's threads; the clock waits for them."""
        self._jobs += 1
        try:
            await super().shutdown_default_executor()
        finally:
            self._jobs -= 1

    def _forget(self, _: "asyncio.Future[T]") -> None:
        self._jobs -= 1


class _VirtualSelector(selectors.DefaultSelector):
    """The loop's only place to wait: it lets virtual time pass instead, unless news may come from outside."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        # The loop's own wake-up pipe is always watched; anything beyond it is a socket or a child process.
        outside = len(self.get_map()) > 1 or self._loop.expects_news
        if outside:
            ready = super().select(timeout)
        elif timeout is None:
            ready = super().select(PATIENCE)
            if not ready:
                raise Stalled(len(asyncio.all_tasks(self._loop)))
        if timeout is not None and not ready:
            self._loop.advance(timeout)
        return ready


def _works_for(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> bool:
    # anyio has no public word for this: a worker is idle from when the loop has taken its last result.
    return isinstance(thread, WorkerThread) and thread.loop is loop and thread not in thread.idle_workers
