"""What each member is worth, judged by all scores of its whole family: a Gaussian model on the tree of descent.

    value(child) = value(parent) + edit,            edit  ~ N(drift, reach^2)
    score        = value(member) + ease(case) + noise

A child was measured on a few cases only, but most of what it is it has from its parent; and what edits are worth on
average, this reflector's edits on this task, is known after a few of them. Drift, reach, noise and the ease of cases
are learned from the run's own scores (empirical Bayes, by expectation-maximization), so where edits help a fresh child
is trusted, and where they harm it has to prove itself. Scores of minibatches count as well as those of validation: who
is a parent often is measured often, so that a lineage which was only lucky is found out.

On a tree the posterior is exact by elimination of children before parents, which fills nothing in (Rue and Held,
Gaussian Markov Random Fields, 2005, chapter 2). It is solved anew where attempts begin and end, once for each twentieth
more scores that are known; between two solutions only the member that was measured moves. So where one attempt follows
the other it makes no difference which rollout of a block ended first.
"""

from dataclasses import dataclass

import numpy as np

from spanwright.search.arrays import Floats, Integers, sealed, widened

_DIGITS = 9
"""Digits of a value that count: less is rounding, and those are equals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What is believed before anything is known, for scores between 0 and 1; and how many observations that weighs."""

    reach: float = 0.08
    noise: float = 0.35
    ease: float = 0.2
    edits: float = 5.0
    """Edits that the prior reach weighs as much as."""
    drift: float = 3.0
    """Edits of no effect at all that a drift has to stand up against."""
    scores: float = 8.0
    """Scores that the prior noise, and cases that the prior ease weighs as much as."""


PRIOR = Prior()
_SWEEPS = 2
"""Steps of expectation-maximization at each solution; they go on from the last one."""
_GROWTH = 0.05
_LEAST = 1e-6
"""No variance is taken to be smaller, for scores between 0 and 1."""


class Posterior:
    """Members are numbered in the order of their admission, cases over all splits that teach or choose."""

    def __init__(self, cases: int, prior: Prior = PRIOR) -> None:
        self.size = 0
        self.drift = 0.0
        """What an edit is worth on average."""
        self._prior = prior
        self._low, self._high = np.inf, -np.inf
        self._reach, self._noise, self._spread = prior.reach**2, prior.noise**2, prior.ease**2
        self._ease: Floats = np.zeros(cases)
        self._parents: Integers = np.zeros(64, dtype=np.int32)
        self._values: Floats = np.zeros(64)
        self._variances: Floats = np.zeros(64)
        self._informed: Floats = np.zeros(64)  # precision and mean times precision that children add to a member
        self._shifted: Floats = np.zeros(64)
        self._owns: Integers = np.zeros(64, dtype=np.int32)
        self._rows: dict[tuple[int, int], int] = {}
        self._member: Integers = np.zeros(256, dtype=np.int32)
        self._case: Integers = np.zeros(256, dtype=np.int32)
        self._total: Floats = np.zeros(256)
        self._count: Floats = np.zeros(256)
        self._by_member: list[list[int]] = []
        self._scores = 0
        self._due = 1

    @property
    def values(self) -> Floats:
        """The expected score of each member on a case of middling ease."""
        return sealed(self._values[: self.size])

    @property
    def spreads(self) -> Floats:
        """The standard deviation of each member's value, given its parent's."""
        return np.sqrt(self._variances[: self.size])

    def gain_of_knowing(self, member: int, scores: int) -> float:
        """Return how far, as a standard deviation, so many more scores of a member will move its value."""
        before = float(self._variances[member])
        after = 1.0 / (1.0 / before + scores / self._noise) if before else 0.0
        return max(0.0, before - after) ** 0.5

    def admit(self, parent: int | None) -> None:
        """Add a member: it is worth what its parent is and what edits are on average."""
        member = self.size
        if member == len(self._values):
            self._grow()
        self.size += 1
        self._by_member.append([])
        if not member:
            self._parents[member], self._variances[member] = -1, self._scale**2
            return
        # Whoever has no parent is taken for a child of the first: a text for the same task, by the same hand.
        self._parents[member] = parent = parent or 0
        self._values[member] = round(float(self._values[parent]) + self.drift, _DIGITS)
        self._variances[member] = self._reach

    def add(self, member: int, case: int, score: float) -> None:
        """Take a score of a member into account."""
        self._low, self._high = min(self._low, score), max(self._high, score)
        row = self._rows.get((member, case))
        if row is None:
            row = self._rows[member, case] = len(self._rows)
            if row == len(self._total):
                self._widen()
            self._member[row], self._case[row] = member, case
            self._by_member[member].append(row)
        self._total[row] += score
        self._count[row] += 1
        self._owns[member] += 1
        self._scores += 1
        self._move(member)

    def settle(self) -> None:
        """Solve anew, the more often the more has come. For moments at which all that is under way has come in."""
        while self._scores >= self._due:
            for _ in range(_SWEEPS):
                self._solve()
                self._learn()
            self._due += max(1, int(_GROWTH * self._due))

    @property
    def _scale(self) -> float:
        return 1.0 if self._low >= 0 and self._high <= 1 else max(self._high - self._low, _LEAST)

    def _solve(self) -> None:
        """Find all values, given drift, reach, noise and ease: the mode of the posterior, and its elimination."""
        n, rows = self.size, len(self._rows)
        member, count = self._member[:rows], self._count[:rows]
        seen = np.bincount(member, count, minlength=n) / self._noise
        told = np.bincount(member, self._total[:rows] - count * self._ease[self._case[:rows]], minlength=n)
        told /= self._noise
        edges, parents = 1.0 / self._reach, self._parents[1:n]
        root = 1.0 / self._scale**2
        diagonal = seen + edges * np.bincount(parents, minlength=n)
        diagonal[1:] += edges
        diagonal[0] += root
        wanted = told - edges * self.drift * np.bincount(parents, minlength=n)
        wanted[1:] += edges * self.drift
        wanted[0] += root * 0.5 * (self._low + self._high)
        values, pivots = _eliminated(diagonal, parents, -edges, wanted)
        before = np.empty(n)
        before[0], before[1:] = root, edges
        self._values[:n] = np.round(values, _DIGITS)
        self._variances[:n] = 1.0 / pivots
        self._informed[:n] = np.maximum(0.0, pivots - before - seen)
        above = np.empty(n)
        above[0], above[1:] = 0.5 * (self._low + self._high), values[parents] + self.drift
        self._shifted[:n] = pivots * values - before * above - told

    def _move(self, member: int) -> None:
        """Bring one member's value up to date with its own scores; its parent and its children stay where they are."""
        parent = int(self._parents[member])
        rows = self._by_member[member]
        if parent < 0 or not rows:
            return
        count, ease = self._count[rows], self._ease[self._case[rows]]
        seen = float(count.sum()) / self._noise
        told = float((self._total[rows] - count * ease).sum()) / self._noise
        precision = 1.0 / self._reach + seen + float(self._informed[member])
        above = (float(self._values[parent]) + self.drift) / self._reach
        self._values[member] = round((above + told + float(self._shifted[member])) / precision, _DIGITS)
        self._variances[member] = 1.0 / precision

    def _learn(self) -> None:
        """Learn ease, noise, drift and reach from the values, each shrunk towards what was believed before."""
        n, rows, prior, scale = self.size, len(self._rows), self._prior, self._scale
        member, case, count = self._member[:rows], self._case[:rows], self._count[:rows]
        over = self._total[:rows] / count - self._values[member]
        visits = np.bincount(case, count, minlength=len(self._ease))
        shrunk = visits + self._noise / self._spread
        self._ease = np.bincount(case, count * over, minlength=len(self._ease)) / shrunk
        tried = visits > 0
        least = _LEAST * scale**2
        eases = float((self._ease[tried] ** 2 + self._noise / shrunk[tried]).sum())
        believed = prior.scores * (prior.ease * scale) ** 2
        self._spread = max(least, (eases + believed) / (float(tried.sum()) + prior.scores))
        left = (over - self._ease[case]) ** 2 + self._variances[member] + self._noise / shrunk[case]
        believed = prior.scores * (prior.noise * scale) ** 2
        self._noise = max(least, (float((count * left).sum()) + believed) / (float(count.sum()) + prior.scores))
        measured = np.flatnonzero(self._owns[1:n]) + 1
        edits = self._values[measured] - self._values[self._parents[measured]]
        self.drift = float(edits.sum()) / (len(edits) + prior.drift)
        square = float(((edits - self.drift) ** 2 + self._variances[measured]).sum())
        believed = prior.edits * (prior.reach * scale) ** 2
        self._reach = max(least, (square + believed) / (len(edits) + prior.edits))

    def _grow(self) -> None:
        room = 2 * len(self._values)
        self._parents, self._owns = widened(self._parents, room), widened(self._owns, room)
        self._values, self._variances = widened(self._values, room), widened(self._variances, room)
        self._informed, self._shifted = widened(self._informed, room), widened(self._shifted, room)

    def _widen(self) -> None:
        room = 2 * len(self._total)
        self._member, self._case = widened(self._member, room), widened(self._case, room)
        self._total, self._count = widened(self._total, room), widened(self._count, room)


def _eliminated(diagonal: Floats, parents: Integers, edge: float, wanted: Floats) -> tuple[Floats, Floats]:
    """Solve for all members, and return what the diagonal is once their children are eliminated, too.

    Plain lists: it is faster than a sparse solver at any size, and no thread of a numerical library takes part.
    """
    pivots, sums, above = diagonal.tolist(), wanted.tolist(), [0, *parents.tolist()]
    for child in range(len(pivots) - 1, 0, -1):
        share = edge / pivots[child]
        pivots[above[child]] -= share * edge
        sums[above[child]] -= share * sums[child]
    values = [sums[0] / pivots[0]]
    for child in range(1, len(pivots)):
        values.append((sums[child] - edge * values[above[child]]) / pivots[child])
    return np.array(values), np.array(pivots)
