"""Fronts: for each thing that one can be the best at, who is the best; and a rule that draws parents from them.

gepa draws from the instance, the objective, the hybrid or the cartesian front, after it has struck off members whose
wins others share: then even the best on average can be left without any chance. Here a floor keeps the incumbent's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

import numpy as np

from spanwright.core.candidate import CandidateId
from spanwright.search.archive import archive
from spanwright.search.arrays import Flags, Floats, Integers, tally
from spanwright.search.frontier import FrontRule, by_instance, cover
from spanwright.search.view import PoolView

_ERRORS = 1.0
"""Standard errors of a difference that chance explains."""


def by_objective(view: PoolView) -> Flags:
    """Return who has the best mean score, and the best mean figure of each goal; whoever keeps a limit is the best.

    The score has a row of its own, which gepa leaves out.
    """
    points = np.nan_to_num(view.points, nan=-np.inf)
    best = points.max(axis=1, keepdims=True, initial=-np.inf)
    return (points == best) & (points > -np.inf)


def hybrid(view: PoolView) -> Flags:
    """Return the instance front and the objective front, one below the other."""
    return np.vstack([by_instance(view), by_objective(view)])


def cartesian(view: PoolView) -> Flags:
    """Return who has the best score, and the best of each figure that a goal names, on each validation case."""
    return np.vstack([view.fronts, *view.figure_fronts])


def archived(view: PoolView) -> Flags:
    """Return the archive: the balanced trade-offs, too, that are the best at nothing.

    A row shows those whose score is at least as good as one's: so the best by score stand in all rows, and the cheap
    and useless end of the archive in one.
    """
    rows = np.zeros((len(found := non_dominated(view)), len(view.members)), dtype=np.bool_)
    for row in range(len(found)):
        rows[row, list(found[: row + 1])] = True
    return rows


def non_dominated(
    view: PoolView, among: Sequence[int] | None = None, *, standard_errors: float = _ERRORS
) -> tuple[int, ...]:
    """Return the archive by score and goals, of all members or `among` some: their numbers, the best score first.

    Differences within so many standard errors are taken for chance.
    """
    chosen = np.arange(len(view.members)) if among is None else np.array(among, dtype=np.int64)
    margins = partial(_margins, standard_errors * np.take(view.errors, chosen, axis=1))
    return tuple(int(chosen[place]) for place in archive(np.take(view.points, chosen, axis=1), margins))


def _margins(errors: Floats, member: int, others: Integers) -> Floats:
    """Return a margin for the difference of two estimates.

    All meet the validation cases in one order, so the cells in which two members can differ are those of the one that
    measured more.
    """
    return np.maximum(errors[:, member, np.newaxis], np.take(errors, others, axis=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class FromFront:
    """Draw a parent from a front, each in proportion to the rows that it is the best in."""

    frontier: FrontRule = hybrid
    pruned: bool = True
    """Whether members are struck off whose wins others share, as gepa does."""
    floor: float = 0.1
    """The least share of the draws that goes to the incumbent, whatever the front says."""

    def shares(self, view: PoolView) -> Floats:
        """Return the probability of each member to be drawn."""
        rows, incumbent = self.frontier(view), view.member(view.incumbent).order
        return self.shared_out(rows, view.estimates, incumbent)

    def shared_out(self, rows: Flags, estimates: Floats, incumbent: int) -> Floats:
        """Return the probabilities for a front of members with these estimates."""
        weights: Floats = tally(rows).astype(np.float64)
        if self.pruned:
            weights *= cover(rows, estimates)
        total, crown = weights.sum(), np.eye(1, len(weights), incumbent)[0]
        return self.floor * crown + (1 - self.floor) * weights / total if total else crown

    def __call__(self, view: PoolView, rng: Random) -> CandidateId:
        shares = self.shares(view)
        return rng.choices(view.members, weights=shares.tolist())[0]
