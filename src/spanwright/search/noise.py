"""How far single measurements scatter: what a margin between two members is made of."""

from collections import defaultdict

_LEAST = 8
"""Degrees of freedom below which nothing is known of the scatter."""


class Noise:
    """The standard deviation of members' own cells around those that they inherited, case by case.

    It is pooled within members: a member that is better than its parent on every case adds nothing. One number is
    updated with each cell, by Welford's method.
    """

    def __init__(self) -> None:
        self._counts: defaultdict[int, int] = defaultdict(int)
        self._means: defaultdict[int, float] = defaultdict(float)
        self._squares = 0.0
        self._freedom = 0

    @property
    def deviation(self) -> float:
        """The standard deviation; 0 while too little was measured to tell."""
        return 0.0 if self._freedom < _LEAST else (self._squares / self._freedom) ** 0.5

    def add(self, member: int, difference: float) -> None:
        """Take the difference of a member's own cell from its parent's into account."""
        self._counts[member] += 1
        before = self._means[member]
        self._means[member] = before + (difference - before) / self._counts[member]
        self._squares += (difference - before) * (difference - self._means[member])
        self._freedom += self._counts[member] > 1
