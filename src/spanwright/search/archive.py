"""The archive: members of which nobody is as good in every objective, as far as the noise lets one tell.

Plain dominance fills an archive with noise: of many equal members each is the best at something by chance. So a member
is *covered* by another one that is as good up to a margin in every objective. The archive is read off from what the
pool knows whenever it is asked for: docs/design/objectives.md tells why nothing is kept.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from spanwright.search.arrays import Flags, Floats, Integers

Margins: TypeAlias = Callable[[int, Integers], Floats]
"""The difference that chance explains between a member and some others: a row for each objective, a column for each."""


def exact(member: int, others: Integers) -> Floats:
    """Explain nothing by chance: then the archive is the non-dominated set, the earliest of equals."""
    return np.zeros((1, len(others)))


def archive(points: Floats, margins: Margins = exact) -> tuple[int, ...]:
    """Return the members of the archive, the best in the first objective first: that one is never left out.

    `points` has a row for each objective and a column for each member; higher is better. What is not known (NaN) is the
    worst. A member of whom the first objective is not known is left out.
    """
    known = np.where(np.isnan(points), -np.inf, points)
    left = _undominated(known)
    kept: list[int] = []
    while len(left):
        head = _best(known, left)
        kept.append(head)
        left = left[~_covered(known, head, left, margins)]
    return _uncovered(known, kept, margins)


def _undominated(points: Floats) -> Integers:
    """Return the members that nobody dominates, in any order; where sums round, perhaps one that somebody does."""
    low = np.where(points > -np.inf, points, 0.0).min(axis=1, initial=0.0)
    reach = np.maximum(points.max(axis=1, initial=-np.inf) - low, np.finfo(np.float64).tiny)
    worth = np.maximum((points - low[:, np.newaxis]) / reach[:, np.newaxis], -1.0).sum(axis=0)
    left = np.flatnonzero(points[0] > -np.inf).astype(np.int32)
    found: list[int] = []
    while len(left):
        # Nobody dominates the one with the largest sum, and it dominates many: soon few are left to look at.
        head = int(left[worth[left].argmax()])
        found.append(head)
        left = left[~_covered(points, head, left, exact)]
    return np.array(sorted(found), dtype=np.int32)


def _best(points: Floats, members: Integers) -> int:
    """Return who is the best in the first objective, of equals in the second, and so on; the earliest of equals."""
    for objective in points:
        figures = objective[members]
        members = members[figures == figures.max()]
    return int(members[0])


def _uncovered(points: Floats, kept: list[int], margins: Margins) -> tuple[int, ...]:
    """Leave out whom a later one covers: nearly as good in the first objective, and clearly better in another."""
    members = np.array(kept, dtype=np.int32)
    covers: Flags = np.stack([_covered(points, member, members, margins) for member in kept]) if kept else np.eye(0) > 0
    np.fill_diagonal(covers, val=False)
    remaining = np.ones(len(kept), dtype=np.bool_)
    for place in range(1, len(kept)):
        remaining[place] = not (covers[:, place] & remaining).any()
    return tuple(int(member) for member in members[remaining])


def _covered(points: Floats, member: int, others: Integers, margins: Margins) -> Flags:
    """Return which of `others` are nowhere better than `member` by more than the margin."""
    reach = points[:, member, np.newaxis] + margins(member, others)
    covered: Flags = np.logical_and.reduce(np.take(points, others, axis=1) <= reach, axis=0)
    return covered
