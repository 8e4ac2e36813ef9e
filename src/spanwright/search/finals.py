"""The end of the search: who is measured again, on what, and who wins.

The maximum of many noisy estimates is inflated. So the best few are measured once more on the same cases, fresh ones
first, and compared on what all of them know.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import count, islice

import numpy as np

from spanwright.core.candidate import CandidateId
from spanwright.search.view import Cell, PoolView

_DIGITS = 12


def finalists(view: PoolView, at_most: int) -> tuple[CandidateId, ...]:
    """Return the established members with the best estimates, the best first, and the seed with them."""
    worth = np.where(view.established, view.estimates, -np.inf)
    best = [int(member) for member in np.argsort(-worth, kind="stable")[:at_most] if worth[member] > -np.inf]
    chosen = [view.members[member] for member in best]
    if view.seed not in chosen:
        chosen = [*chosen[: max(1, at_most - 1)], view.seed]
    return tuple(chosen)


def final_cells(
    view: PoolView, finalists: Sequence[CandidateId], rollouts: int, *, order: Sequence[str]
) -> tuple[tuple[CandidateId, Cell], ...]:
    """Return what to measure with so many rollouts: case by case in `order`, for all finalists who lack it.

    When all have all cases, they are repeated; so the plan is exactly as long as the budget.
    """
    if not finalists or not order:
        return ()
    return tuple(islice(_endless(view, finalists, order), rollouts))


def _endless(
    view: PoolView, finalists: Sequence[CandidateId], order: Sequence[str]
) -> Iterator[tuple[CandidateId, Cell]]:
    visits = {(each, case): view.visits(each, case) for case in order for each in finalists}
    repeats = {(each, case): view.next_repeat(each, case) for case in order for each in finalists}
    for level in count():
        for cell, times in visits.items():
            if times <= level:
                candidate, case = cell
                yield candidate, (case, repeats[cell])
                visits[cell] += 1
                repeats[cell] += 1


def winner(view: PoolView, finalists: Sequence[CandidateId]) -> CandidateId:
    """Return the finalist with the best mean over the cells that all of them know; of equals, the earliest.

    Validation cells may be inherited: an untested difference counts as none, so a child that changes nothing never
    replaces its elder. Training cells, where all were measured on them, count as well.
    """
    known = [case for case in view.validation if all(view.cell(each, case) is not None for each in finalists)]
    taught = [case for case in view.train if all(view.mean(each, case) is not None for each in finalists)]

    def worth(candidate: CandidateId) -> float:
        values = [view.cell(candidate, case) or 0.0 for case in known]
        values += [view.mean(candidate, case) or 0.0 for case in taught]
        return round(math.fsum(values) / len(values), _DIGITS) if values else 0.0

    earliest_first = sorted(finalists, key=lambda each: view.member(each).order)
    return max(earliest_first, key=worth) if earliest_first else view.seed
