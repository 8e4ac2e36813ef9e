"""The last word on goals: who keeps the limits, who is measured again at the end for the trade-offs, and who may win.

While the search goes on, means decide. At the end a mean alone is not enough: whoever keeps a limit by luck would win
by luck.
"""

import math
from collections.abc import Sequence
from enum import IntEnum
from statistics import NormalDist, fmean, stdev

import numpy as np

from spanwright.core.candidate import CandidateId
from spanwright.core.goal import Goal, Sense
from spanwright.search.fronts import non_dominated
from spanwright.search.objectives import scale
from spanwright.search.view import PoolView

CONFIDENCE = 0.95
"""The confidence, on the one side that counts, with which a limit is kept."""

_DEVIATES = NormalDist().inv_cdf(CONFIDENCE)


class Keeping(IntEnum):
    """How a limit is kept. The less the better."""

    KEPT = 0
    """The mean is on the right side, and so far that the noise does not explain it."""
    PERHAPS = 1
    """The mean is on the right side, but what was measured is too little or too noisy to be sure."""
    BROKEN = 2
    """The mean is on the wrong side, or not known."""


def keeping(goal: Goal, figures: Sequence[float]) -> Keeping:
    """Return how `figures`, one for each case, keep the limit of a goal; one without a limit is always kept."""
    if goal.limit is None:
        return Keeping.KEPT
    if not figures or goal.excess(fmean(figures)):
        return Keeping.BROKEN
    if len(figures) < 2:
        return Keeping.PERHAPS
    margin = _DEVIATES * stdev(figures) / math.sqrt(len(figures))
    edge = fmean(figures) + (margin if goal.sense is Sense.LESS else -margin)
    return Keeping.PERHAPS if goal.excess(edge) else Keeping.KEPT


def keeps(view: PoolView, candidate: CandidateId) -> Keeping:
    """Return how a candidate keeps all limits, by the validation cases that it was tried on itself."""
    found = [keeping(goal, list(view.figures(candidate, goal.figure).values())) for goal in view.goals]
    return max(found, default=Keeping.KEPT)


def may_win(view: PoolView, finalists: Sequence[CandidateId]) -> tuple[CandidateId, ...]:
    """Return those among whom the score decides: who keep the limits, else perhaps do, else are least beyond them."""
    ways = {each: keeps(view, each) for each in finalists}
    best = min(ways.values(), default=Keeping.KEPT)
    left = tuple(each for each in finalists if ways[each] is best)
    if best is not Keeping.BROKEN:
        return left
    beyond = {each: _beyond(view, each) for each in left}
    return tuple(each for each in left if beyond[each] == min(beyond.values()))


def finalists(view: PoolView, at_most: int) -> tuple[CandidateId, ...]:
    """Return who is measured again: half by score within the limits, half of the archive, and the seed."""
    known = np.where(view.established, view.worth, -np.inf)
    excess = view.excess
    ranked = [int(each) for each in np.lexsort((-known, excess)) if known[each] > -np.inf]
    traded = sorted(non_dominated(view), key=lambda each: excess[each])
    first = ranked[: max(1, math.ceil(at_most / 2))]
    chosen = list(dict.fromkeys([*first, *traded, *ranked]))[:at_most]
    named = [view.members[each] for each in chosen]
    return tuple(named) if view.seed in named else (*named[: max(1, at_most - 1)], view.seed)


def _beyond(view: PoolView, candidate: CandidateId) -> float:
    """Return how far a candidate's own means are beyond the limits, in parts of them; infinite where one is unknown."""
    total = 0.0
    for goal in view.goals:
        figures = list(view.figures(candidate, goal.figure).values())
        if goal.limit is not None:
            total += goal.excess(fmean(figures)) / scale(goal) if figures else math.inf
    return total
