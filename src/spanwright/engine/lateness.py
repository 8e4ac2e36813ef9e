"""Which attempts are late. One in a hundred rollouts takes ten times as long as the others, and so do reflections.

Nobody waits for those: while an attempt is late another one may begin in its place, and when the search has nothing
else to do it is given up.
"""

from bisect import insort
from collections.abc import Generator
from contextlib import contextmanager

import anyio

from spanwright.engine.executors import Cut
from spanwright.models import Alarm, Pulse, wall_clock

_ENOUGH = 5
"""Attempts that must have been answered before any is called late."""


class Lateness:
    """Knows how long attempts take, and those that take longer than `times` the median. None: nobody is ever late."""

    def __init__(self, times: float | None, pulse: Pulse) -> None:
        self._times = times
        self._pulse = pulse
        self._news = anyio.Event()
        self._took: list[float] = []
        self._late: list[Cut] = []

    @property
    def count(self) -> int:
        """How many attempts are late now."""
        return len(self._late)

    @contextmanager
    def watched(self) -> Generator[Cut]:
        """Watch an attempt that begins now; what is yielded is rung when it is given up."""
        cut = Cut()
        try:
            with Alarm(self._limit, wall_clock(self._pulse), lambda: self._is_late(cut)):
                yield cut
        finally:
            if cut in self._late:
                self._late.remove(cut)

    def learn(self, seconds: float) -> None:
        """Take note of how long an attempt took whose reflection was answered: others are no measure for it."""
        insort(self._took, seconds)

    async def news(self) -> None:
        """Wait until an attempt is late."""
        await self._news.wait()
        self._news = anyio.Event()

    def give_up(self) -> None:
        """Give up those that are late now."""
        for cut in tuple(self._late):
            cut.ring()

    @property
    def _limit(self) -> float | None:
        if self._times is None or len(self._took) < _ENOUGH:
            return None
        return self._times * self._took[len(self._took) // 2]

    def _is_late(self, cut: Cut) -> None:
        self._late.append(cut)
        self._news.set()
