"""Pareto fronts: members that are the best at something. By default, on at least one validation case."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from spanwright.core.candidate import CandidateId
from spanwright.search.arrays import Flags, Integers
from spanwright.search.view import PoolView

FrontRule: TypeAlias = Callable[[PoolView], Flags]
"""Says for each thing that can be won (row) which members (column) are the best at it.

The smallest one, in which the incumbent alone wins one thing:

    def greedy(view):
        return np.array([[member == view.incumbent for member in view.members]])
"""


def by_case(view: PoolView) -> Flags:
    """Return the instance front: each validation case can be won."""
    return view.fronts


def front(view: PoolView) -> tuple[CandidateId, ...]:
    """Return all members that win a case, ties included, in the order of their admission."""
    return tuple(view.members[member] for member in np.flatnonzero(view.wins).tolist())


def covering_front(view: PoolView, fronts: Flags | None = None) -> tuple[CandidateId, ...]:
    """Return the winners that are left when each one whose wins the others cover is struck off, the worst first.

    `fronts` are what a `FrontRule` says; by default the validation cases.

    This is gepa's pruning. It is a greedy set cover, not dominance in the strict sense: even the best member on average
    can be struck off, where each of its wins is shared. Among equal estimates the earlier member stays.
    """
    ranks = _ranks(view)
    fronts = view.fronts if fronts is None else fronts
    fronts = fronts[fronts.any(axis=1)]
    if not len(fronts):
        return ()
    # A member survives exactly if, of all who win some case, it ranks highest, and no survivor below it wins that case.
    last = (fronts * ranks).argmax(axis=1)
    covered: Flags = np.zeros(len(last), dtype=np.bool_)
    survivors: list[int] = []
    for member in sorted(set(last.tolist()), key=lambda member: ranks[member]):
        if (~covered & (last == member)).any():
            survivors.append(member)
            covered |= fronts[:, member]
    return tuple(view.members[member] for member in sorted(survivors))


def _ranks(view: PoolView) -> Integers:
    """Return the place of each member from the worst (1) to the best; of equals, the earlier one is better."""
    estimates = np.nan_to_num(view.estimates, nan=-np.inf)
    best_first = np.argsort(-estimates, kind="stable")
    ranks: Integers = np.empty(len(best_first), dtype=np.int32)
    ranks[best_first] = np.arange(len(best_first), 0, -1, dtype=np.int32)
    return ranks
