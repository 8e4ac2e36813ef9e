"""When the world is down: failures in a row open the breaker, one probe at a time tries whether it is up again.

A model that is asked seldom takes long to fail ten times: without an answer for as long as we wait it is down as well.

A state machine with the clock passed in, used for each model and, by the engine, for rollouts of any kind.
"""

from collections.abc import Hashable
from math import inf
from typing import Final

IN_A_ROW: Final = 10
"""Failures without an answer between them after which the world is taken to be down."""
_DIFFERENT: Final = 3
"""Of how many different things these must be: one that always fails may be to blame itself."""
_FIRST: Final = 1.0
_LONGEST: Final = 30.0
"""Seconds between two probes: doubled from the first to the longest."""


class Breaker:
    """Opens after failures in a row; after `patience` seconds without an answer it gives up."""

    def __init__(self, *, patience: float, in_a_row: int = IN_A_ROW) -> None:
        self._patience = patience
        self._in_a_row = in_a_row
        self._different = min(_DIFFERENT, in_a_row)
        self._failures = 0
        self._failing: set[Hashable] = set()
        self._since = inf
        self._probe_at = -inf
        self._pause = _FIRST
        self._probing = False
        self._silent = False
        self.times = 0
        """How often it opened."""

    @property
    def open(self) -> bool:
        """Whether the world is down: only a probe may go."""
        return len(self._failing) >= self._different and (self._failures >= self._in_a_row or self._silent)

    def given_up(self, now: float) -> bool:
        """Return whether the world has been down for longer than we wait."""
        return self.open and now - self._since >= self._patience

    def down_for(self, now: float) -> float:
        """Return the seconds since the world was last known to be up."""
        return max(0.0, now - self._since) if self.open else 0.0

    def wait(self, now: float) -> float:
        """Return the seconds until something may go: 0 for at once, at most until it is time to give up."""
        if not self.open:
            return 0.0
        left = max(0.0, self._since + self._patience - now)
        return left if self._probing else min(left, max(0.0, self._probe_at - now))

    def start(self) -> None:
        """Take note that something goes: where the world is down it is the probe."""
        self._probing = self.open

    def answered(self) -> bool:
        """Take note of a sign of life; return whether the world was down."""
        was_open = self.open
        self._failures = 0
        self._failing.clear()
        self._since = inf
        self._pause = _FIRST
        self._probing = False
        self._silent = False
        return was_open

    def failed(self, now: float, about: Hashable = None) -> None:
        """Take note of a failure, and what it was about: a case, mostly; None is something else each time."""
        was_open = self.open
        self._failures += 1
        if not was_open:
            self._failing.add(self._failures if about is None else about)
        self._since = min(self._since, now)
        self._silent = now - self._since >= self._patience
        if not self.open:
            return
        if not was_open:
            self.times += 1
        elif self._probing:
            self._pause = min(_LONGEST, self._pause * 2)
        self._probing = False
        self._probe_at = max(self._probe_at, now + self._pause)

    def left(self) -> None:
        """Take note that what went came to no end that says anything."""
        self._probing = False
