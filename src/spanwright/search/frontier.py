"""The instance Pareto front: members that are the best on at least one validation case."""

import numpy as np

from spanwright.core.candidate import CandidateId
from spanwright.search.arrays import Flags, Floats, Integers
from spanwright.search.view import PoolView


def front(view: PoolView) -> tuple[CandidateId, ...]:
    """Return all members that win a case, ties included, in the order of their admission."""
    return tuple(view.members[member] for member in np.flatnonzero(view.wins).tolist())


def covering_front(view: PoolView) -> tuple[CandidateId, ...]:
    """Return the winners that are left when each one whose wins the others cover is struck off, the worst first.

    This is gepa's pruning. It is a greedy set cover, not dominance in the strict sense: even the best member on average
    can be struck off, where each of its wins is shared. Among equal estimates the earlier member stays.
    """
    return tuple(view.members[member] for member in np.flatnonzero(cover(view.fronts, view.estimates)).tolist())


def cover(fronts: Flags, estimates: Floats) -> Flags:
    """Return who of the winners of some row is left when each one whose wins the others cover is struck off."""
    ranks = _ranks(estimates)
    won = fronts[fronts.any(axis=1)]
    # A member survives exactly if, of all who win some row, it ranks highest, and no survivor below it wins that row.
    last = (won * ranks).argmax(axis=1)
    covered: Flags = np.zeros(len(last), dtype=np.bool_)
    survivors: Flags = np.zeros(len(estimates), dtype=np.bool_)
    for member in sorted(set(last.tolist()), key=lambda member: ranks[member]):
        if (~covered & (last == member)).any():
            survivors[member] = True
            covered |= won[:, member]
    return survivors


def _ranks(means: Floats) -> Integers:
    """Return the place of each member from the worst (1) to the best; of equals, the earlier one is better."""
    estimates = np.nan_to_num(means, nan=-np.inf)
    best_first = np.argsort(-estimates, kind="stable")
    ranks: Integers = np.empty(len(best_first), dtype=np.int32)
    ranks[best_first] = np.arange(len(best_first), 0, -1, dtype=np.int32)
    return ranks
