"""Where an edit lands: on the parent that it was written for, or on a better member that still has those very texts.

Attempts run side by side, so while a reflection was under way others have made progress. An edit that touches none of
what they changed need not start from the old state: put on the best of them it is a merge that costs nothing.
"""

from collections.abc import Collection
from typing import Protocol

import numpy as np

from spanwright.core.candidate import CandidateId, ComponentId
from spanwright.search.view import PoolView


class GraftRule(Protocol):
    """Chooses the member that edits of some components of `parent` are applied to."""

    def __call__(self, view: PoolView, parent: CandidateId, edited: Collection[ComponentId]) -> CandidateId:
        """Return a member whose texts of `edited` are those of `parent`, or `parent` itself."""
        ...


def on_the_best(view: PoolView, parent: CandidateId, edited: Collection[ComponentId]) -> CandidateId:
    """Choose the established member that is worth most and has the parent's texts in what was edited.

    It must not be further beyond the limits that goals set than the parent is.
    """
    own, excess = view.member(parent).order, view.excess
    worth = np.where(view.established & (excess <= excess[own]), view.worth, -np.inf)
    better = np.flatnonzero(worth > view.worth[own])
    texts = view.candidate(parent).texts
    best_first: list[int] = better[np.argsort(-worth[better], kind="stable")].tolist()
    for place in best_first:
        member = view.members[place]
        others = view.candidate(member).texts
        if all(others.get(component) == texts[component] for component in edited):
            return member
    return parent
