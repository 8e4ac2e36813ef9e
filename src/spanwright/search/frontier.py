"""Pareto fronts: members that are the best at something. By default, on at least one validation case."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from spanwright.core.candidate import CandidateId
from spanwright.search.arrays import Flags, Floats
from spanwright.search.view import PoolView

FrontRule: TypeAlias = Callable[[PoolView], Flags]
"""Says for each thing that can be won (row) which members (column) are the best at it.

The smallest one, in which the incumbent alone wins one thing:

    def greedy(view):
        return np.array([[member == view.incumbent for member in view.members]])
"""


def by_instance(view: PoolView) -> Flags:
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
    kept = cover(view.fronts if fronts is None else fronts, view.estimates)
    return tuple(view.members[member] for member in np.flatnonzero(kept).tolist())


def cover(fronts: Flags, estimates: Floats) -> Flags:
    """Return who of the winners of some row is left when each one whose wins the others cover is struck off."""
    survivors: Flags = np.zeros(len(estimates), dtype=np.bool_)
    winners = np.flatnonzero(fronts.any(axis=0))
    count = len(winners)
    best_first = winners[np.argsort(-np.nan_to_num(estimates[winners], nan=-np.inf), kind="stable")]
    height = np.zeros(len(estimates), dtype=np.min_scalar_type(count))
    height[best_first] = np.arange(count, 0, -1)
    highest = (fronts.view(np.uint8) * height).max(axis=1, initial=0)
    # A member survives exactly if, of all who win some row, it ranks highest, and no survivor below it wins that row.
    heads = np.unique(highest[highest > 0])
    members = best_first[count - heads.astype(np.intp)]
    covered = 0
    for member, led, won in zip(
        members.tolist(), _bits(highest[:, np.newaxis] == heads), _bits(np.take(fronts, members, axis=1)), strict=True
    ):
        if led & ~covered:
            survivors[member] = True
            covered |= won
    return survivors


def _bits(flags: Flags) -> list[int]:
    """Return each column as a number, a bit for each row."""
    columns = np.packbits(flags, axis=0).T
    size, packed = columns.shape[1], columns.tobytes()
    return (
        [int.from_bytes(packed[start : start + size], "big") for start in range(0, len(packed), size)] if size else []
    )
