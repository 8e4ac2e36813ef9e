"""Time as it counts against a deadline: without waits that are nobody's work, and without what our own loop lost.

A deadline that asyncio's timers would fire may fire because the loop was late: the answer was there, and nobody had
looked. So a deadline looks at its own clock when its timer fires, and gives back what the loop had lost.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from types import TracebackType
from typing import Final, Self

import anyio

_BEAT: Final = 0.1
"""Seconds between two looks at how late the loop is."""
_TOLERANCE: Final = 0.02
_LATE: Final = 0.25
"""A loop that is later than this, by its recent worst, has enough to do."""
_FORGETS: Final = 0.9
_SHORTEST: Final = 0.05


def _now() -> float:
    """Return the loop's time. A timer asks for it, too, and in a timer anyio knows no time."""
    return asyncio.get_running_loop().time()


class Pulse:
    """How late the event loop is. The engine lets it beat while a run goes on; without that no time is lost."""

    def __init__(self) -> None:
        self._due = inf
        self._lost = 0.0
        self._recent = 0.0

    @property
    def keeps_up(self) -> bool:
        """Whether the loop does in time what it has to do."""
        return self._recent < _LATE

    def lost(self, now: float) -> float:
        """Return the seconds that the loop has lost so far, those that it is losing now included."""
        return self._lost + max(0.0, now - self._due - _TOLERANCE)

    async def beat(self) -> None:
        """Look again and again, until cancelled."""
        try:
            while True:
                self._due = _now() + _BEAT
                await anyio.sleep(_BEAT)
                late = max(0.0, _now() - self._due)
                self._lost += max(0.0, late - _TOLERANCE)
                self._recent = max(late, self._recent * _FORGETS)
        finally:
            self._due = inf


class WorkingTime:
    """How long something has been at work. Waits that overlap, of agents that work side by side, count once."""

    def __init__(self, pulse: Pulse, about: str | None = None) -> None:
        self.about = about
        """What is worked on: a case, mostly."""
        self._pulse = pulse
        self._began = _now()
        self._lost_before = pulse.lost(self._began)
        self._waited = 0.0
        self._waiting = 0
        self._since = 0.0

    @property
    def seconds(self) -> float:
        """Seconds without waits, those that the loop was late included."""
        now = _now()
        waited = self._waited + (now - self._since if self._waiting else 0.0)
        return now - self._began - waited

    @property
    def charged(self) -> float:
        """Seconds that count against a deadline."""
        lost = self._pulse.lost(_now()) - self._lost_before
        return max(0.0, self.seconds - lost)

    @contextmanager
    def waiting(self) -> Generator[None]:
        """Let the time in this block not count."""
        if not self._waiting:
            self._since = _now()
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._waited += _now() - self._since

    @contextmanager
    def at_work(self) -> Generator[Self]:
        """Make this the working time of whatever runs in the block: waits for models are taken out of it."""
        token = _WORKING.set(self)
        try:
            yield self
        finally:
            _WORKING.reset(token)


_WORKING: ContextVar[WorkingTime | None] = ContextVar("spanwright_working_time", default=None)


def working_time() -> WorkingTime | None:
    """Return the working time of what is running now; None where nobody measures it."""
    return _WORKING.get()


@contextmanager
def waiting() -> Generator[None]:
    """Wait for something that is no work of what is running now."""
    current = _WORKING.get()
    if current is None:
        yield
        return
    with current.waiting():
        yield


class Alarm:
    """Rings once while its block lasts, when `charged` says that the time is over. None: never."""

    def __init__(self, seconds: float | None, charged: Callable[[], float], ring: Callable[[], None]) -> None:
        self._seconds = seconds
        self._charged = charged
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        if self._seconds is not None:
            self._look()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.lift()

    def lift(self) -> None:
        """Let the block take as long as it wants from now on."""
        self._seconds = None
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        assert self._seconds is not None
        left = self._seconds - self._charged()
        if left <= 0:
            self._ring()
        else:
            self._timer = asyncio.get_running_loop().call_later(max(left, _SHORTEST), self._look)


class Deadline:
    """Cancels its block once `charged` says that the time is over; `expired` tells whether it did. None: never."""

    def __init__(self, seconds: float | None, charged: Callable[[], float]) -> None:
        self._scope = anyio.CancelScope()
        self._alarm = Alarm(seconds, charged, self._scope.cancel)
        self.expired = False
        """Whether the block was cut."""

    def __enter__(self) -> Self:
        self._scope.__enter__()
        self._alarm.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self.lift()
        swallowed = bool(self._scope.__exit__(kind, error, traceback))
        self.expired = self._scope.cancelled_caught
        return swallowed

    def lift(self) -> None:
        """Let the block take as long as it wants from now on."""
        self._alarm.lift()


def wall_clock(pulse: Pulse) -> Callable[[], float]:
    """Return a clock for a deadline over a block that waits for nothing of ours."""
    began = _now()
    lost_before = pulse.lost(began)

    def charged() -> float:
        now = _now()
        return now - began - (pulse.lost(now) - lost_before)

    return charged
