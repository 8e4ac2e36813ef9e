"""How far a member is measured: a small first bet for each, and more only for those who may still win."""

from collections.abc import Callable, Sequence
from typing import Protocol

from spanwright.core.candidate import CandidateId
from spanwright.search.fronts import non_dominated
from spanwright.search.outlook import cells_wanted, may_win
from spanwright.search.view import PoolView

_TRIES = 3
"""Rollouts of a cell that the world may fail before the race goes on without it."""


class RaceRule(Protocol):
    """Chooses the validation cases to measure next."""

    def __call__(self, view: PoolView, candidate: CandidateId, *, block: int, order: Sequence[str]) -> Sequence[str]:
        """Return cases from `order`, none where enough was measured; `block` is how many make a step.

        A `block` as large as the validation set measures every member on all of it, whatever comes of it: gepa's way.
        """
        ...


def blocks(view: PoolView, candidate: CandidateId, *, block: int, order: Sequence[str]) -> Sequence[str]:
    """Measure one block; then block after block while the member lacks cells and may still beat the incumbent.

    A block that was begun is finished: so a member that a crash caught within one is measured as far as if there had
    been none.
    """
    return in_blocks(view, candidate, block=block, order=order, goes_on=may_win)


def archived_blocks(view: PoolView, candidate: CandidateId, *, block: int, order: Sequence[str]) -> Sequence[str]:
    """Measure as `blocks` does, and further, too, while the member is in the archive: it may be a trade-off."""
    return in_blocks(view, candidate, block=block, order=order, goes_on=_counts)


def _counts(view: PoolView, candidate: CandidateId) -> bool:
    number = view.member(candidate).order
    rivals = view.excess
    return number in non_dominated(view) or (
        bool(rivals[number] <= rivals[view.member(view.incumbent).order]) and may_win(view, candidate)
    )


def in_blocks(
    view: PoolView,
    candidate: CandidateId,
    *,
    block: int,
    order: Sequence[str],
    goes_on: Callable[[PoolView, CandidateId], bool],
) -> Sequence[str]:
    """Measure as `blocks` does, block after block while the member lacks cells and `goes_on` says so."""
    own = view.own(candidate)
    begun = own + sum(view.flying(candidate, case) > 0 for case in order)
    first = min(block, len(order))
    if begun < first:
        return open_cases(view, candidate, order)[: first - begun]
    if own < first:
        return ()
    if rest := begun % block:
        return open_cases(view, candidate, order)[: block - rest]
    if begun >= cells_wanted(view) or not goes_on(view, candidate):
        return ()
    return open_cases(view, candidate, order)[:block]


def open_cases(view: PoolView, candidate: CandidateId, order: Sequence[str]) -> Sequence[str]:
    """Return the cases that a member has not measured, is not measuring, and that the world does not keep failing."""
    return [
        case
        for case in order
        if not view.was_measured(candidate, case)
        and not view.flying(candidate, case)
        and view.failed(candidate, case) < _TRIES
        and case not in view.set_aside
    ]
