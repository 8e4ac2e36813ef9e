"""The validation cells of all members: own means, inherited ones, estimates, wins and the incumbent.

A cell that a member has not measured itself is its parent's, recursively: so a fresh child competes with its well-known
elders on equal terms. Everything here is kept up to date one cell at a time with work on one row of arrays, so that a
decision costs the same after five thousand members as after fifty.
"""

from dataclasses import dataclass

import numpy as np

from spanwright.search.arrays import Flags, Floats, Integers, sealed, widened
from spanwright.search.lineage import Lineage
from spanwright.search.noise import Noise

FIRST_LOOK = 8
"""Cells of its own that a member needs before its estimate may make it the incumbent."""

_RESERVED = 1 << 20
"""Cells for which room is reserved at the start: the system maps it when it is first touched, and growing is rare."""

_DIGITS = 12
"""Digits of an estimate that count: sums that differ by rounding only are ties."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How a member stands against another one on the cells that it measured itself."""

    other: float
    own: float
    cells: int


class Cells:
    """Members are numbered in the order of their admission, cases as they stand in the split."""

    def __init__(self, cases: int) -> None:
        room = max(256, min(8192, _RESERVED // max(1, cases)))
        self.size = 0
        self._lineage = Lineage()
        self._noise = Noise()
        self._values: Floats = np.zeros((cases, room))
        self._source: Integers = np.zeros((cases, room), dtype=np.int32)  # 0: unknown; else 1 + the member measured
        self._winning: Flags = np.zeros((cases, room), dtype=np.bool_)
        self._known: Integers = np.zeros(room, dtype=np.int32)
        self._owns: Integers = np.zeros(room, dtype=np.int32)
        self._wins: Integers = np.zeros(room, dtype=np.int32)
        self._totals: Floats = np.zeros(room)
        self._estimates: Floats = np.zeros(room)
        self._measured: Flags = np.zeros(cases, dtype=np.bool_)

    @property
    def estimates(self) -> Floats:
        """The mean of each member's cells, own or inherited; NaN where none is known."""
        return sealed(self._estimates[: self.size])

    @property
    def owns(self) -> Integers:
        """How many cells each member measured itself."""
        return sealed(self._owns[: self.size])

    @property
    def knowns(self) -> Integers:
        """How many cells of each member are known, own or inherited."""
        return sealed(self._known[: self.size])

    @property
    def deviation(self) -> float:
        """The standard deviation of an own cell around the one that was inherited; 0 while too little is known."""
        return self._noise.deviation

    @property
    def wins(self) -> Integers:
        """On how many cases each member is among the best."""
        return sealed(self._wins[: self.size])

    @property
    def fronts(self) -> Flags:
        """For each case (row) whether a member (column) is among the best on it."""
        return sealed(self._winning[:, : self.size])

    @property
    def established(self) -> Flags:
        """Whether each member has enough cells of its own to be compared.

        Where the validation set is small, or the world keeps failing a case, all cases that anyone measured will do.
        """
        least = max(1, min(FIRST_LOOK, int(self._measured.sum())))
        return self._owns[: self.size] >= least

    def value(self, member: int, case: int) -> float | None:
        """Return a cell, own or inherited; None where it is unknown."""
        return float(self._values[case, member]) if self._source[case, member] else None

    def owned(self, member: int) -> Flags:
        """Return for each case whether `member` measured it itself."""
        return self._source[:, member] == member + 1

    def compare(self, member: int, other: int) -> Comparison | None:
        """Compare `member` with `other` on the cells that it measured and that `other` knows; None without any."""
        both = self.owned(member) & (self._source[:, other] != 0) & (self._source[:, other] != member + 1)
        count = int(both.sum())
        if not count:
            return None
        return Comparison(
            other=float(self._values[both, other].mean()), own=float(self._values[both, member].mean()), cells=count
        )

    def is_surely_better(self, member: int, other: int) -> bool:
        """Say whether `member` leads on the cells that both know, by more than a standard error of the difference."""
        both = (self._source[:, member] != 0) & (self._source[:, other] != 0)
        both &= self._source[:, member] != self._source[:, other]
        count = int(both.sum())
        if count < max(2, min(FIRST_LOOK, int(self._measured.sum()))):
            return False
        lead = self._values[both, member] - self._values[both, other]
        return bool(lead.mean() > lead.std(ddof=1) / count**0.5)

    def admit(self, parent: int | None) -> int:
        """Add a member with its parent's cells, and return its number."""
        member = self.size
        if member == len(self._owns):
            self._grow()
        self.size += 1
        self._lineage.add(parent)
        self._estimates[member] = np.nan
        if parent is not None:
            for rows in (self._values, self._source, self._winning):
                rows[:, member] = rows[:, parent]
            for row in (self._known, self._wins, self._totals, self._estimates):
                row[member] = row[parent]
        return member

    def measure(self, member: int, case: int, mean: float) -> None:
        """Set the own cell of a member; those who inherit it follow."""
        values, source = self._values[case, : self.size], self._source[case, : self.size]
        before = int(source[member])
        heirs = source == before
        if before != member + 1:
            if before:
                self._noise.add(member, mean - float(values[member]))
            heirs &= self._lineage.under(member)
            self._owns[member] += 1
            self._measured[case] = True
        if not before:
            self._known[: self.size][heirs] += 1
        who = np.flatnonzero(heirs)
        self._totals[who] += mean - values[who]
        values[who] = mean
        source[who] = member + 1
        self._estimates[who] = np.round(self._totals[who] / self._known[who], _DIGITS)
        self._crown(case)

    def _crown(self, case: int) -> None:
        """Find anew who is among the best on `case`."""
        values, known = self._values[case, : self.size], self._source[case, : self.size] != 0
        winning = known & (values == np.where(known, values, -np.inf).max())
        wins = self._wins[: self.size]
        wins += winning
        wins -= self._winning[case, : self.size]
        self._winning[case, : self.size] = winning

    def _grow(self) -> None:
        room = 2 * len(self._owns)
        self._values = widened(self._values, room)
        self._source = widened(self._source, room)
        self._winning = widened(self._winning, room)
        self._known = widened(self._known, room)
        self._owns = widened(self._owns, room)
        self._wins = widened(self._wins, room)
        self._totals = widened(self._totals, room)
        self._estimates = widened(self._estimates, room)
