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
    """Chooses the member that edits of some components of `parent` are applied to; `since` is the attempt's number."""

    def __call__(
        self, view: PoolView, parent: CandidateId, edited: Collection[ComponentId], since: int
    ) -> CandidateId: ...


def on_the_best(view: PoolView, parent: CandidateId, edited: Collection[ComponentId], since: int) -> CandidateId:
    """Choose the established member worth most that has the parent's texts in what was edited; else the parent."""
    return _best(view, parent, edited, np.flatnonzero(_better(view, parent)).tolist())


def on_the_latest(view: PoolView, parent: CandidateId, edited: Collection[ComponentId], since: int) -> CandidateId:
    """Choose likewise, but only among members that were not known yet when the attempt began."""
    better = np.flatnonzero(_better(view, parent)).tolist()
    new = [each for each in better if (view.member(view.members[each]).attempt or 0) >= since - _IN_FLIGHT]
    return _best(view, parent, edited, new)


_IN_FLIGHT = 16


def _better(view: PoolView, parent: CandidateId):
    worth = np.where(view.established, view.worth, -np.inf)
    return worth > view.worth[view.member(parent).order]


def _best(view: PoolView, parent: CandidateId, edited: Collection[ComponentId], among: list[int]) -> CandidateId:
    texts = view.candidate(parent).texts
    for place in sorted(among, key=lambda each: (-float(view.worth[each]), each)):
        member = view.members[place]
        other = view.candidate(member).texts
        if all(other.get(id) == texts[id] for id in edited):
            return member
    return parent
