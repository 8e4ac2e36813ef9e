"""System-aware merge: put together what two members changed since their common ancestor, each in other components.

It takes no reflection. A text that one of them changed is that one's; where both did, the better one's stays.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from spanwright.core.candidate import CandidateId
from spanwright.core.proposal import Draft, Origin, Proposal
from spanwright.search.drafts import undrafted
from spanwright.search.frontier import FrontRule, by_instance, covering_front
from spanwright.search.view import PoolView

_PAIRS = 10
"""Pairs that are looked at for one merge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Merge two members of the front in a `share` of the attempts, where there is a pair that can be.

    Neither may descend from the other, and their nearest common ancestor must not be better than either.
    """

    share: float = 0.1
    after_admission: bool = False
    """Whether only an attempt may merge that follows on one whose reflection led to a new member: gepa's way."""
    at_most: int | None = None
    """Merges that may be admitted; None: any number."""
    overlap: int = 5
    """Validation cases that both must have measured."""
    bar_cases: int = 5
    """Cases on which the child must reach the sum of the better of the two; 0: it is admitted as it is."""
    front_rule: FrontRule = by_instance

    def __call__(self, view: PoolView, rng: Random) -> Draft | None:
        if rng.random() >= self.share or not self._is_due(view):
            return None
        members = covering_front(view, self.front_rule(view))
        for _ in range(_PAIRS if len(members) > 1 else 0):
            proposal = _merged(view, rng.sample(members, 2))
            if proposal is None or not undrafted(view, proposal):
                continue
            common = _both_measured(view, proposal.parents)
            if len(common) >= self.overlap:
                return Draft(proposal=proposal, bar=self._bar(view, proposal.parents, common, rng))
        return None

    def _is_due(self, view: PoolView) -> bool:
        newest = view.member(view.members[-1])
        is_late = (newest.attempt or 0) < view.latest_round
        if self.after_admission and (is_late or newest.origin is not Origin.REFLECTION):
            return False
        return self.at_most is None or view.admitted_by(Origin.MERGE) < self.at_most

    def _bar(
        self, view: PoolView, parents: Sequence[CandidateId], common: Sequence[str], rng: Random
    ) -> dict[str, float]:
        """Return cases that each of the two wins and cases that neither does, with the scores of the one to beat."""
        scores = [{case: view.cell(each, case) or 0.0 for case in common} for each in parents]
        first, second = scores
        strata = (
            [case for case in common if first[case] > second[case]],
            [case for case in common if first[case] < second[case]],
            [case for case in common if first[case] == second[case]],
        )
        chosen: list[str] = []
        for stratum in strata:
            take = min(len(stratum), -(-self.bar_cases // len(strata)), self.bar_cases - len(chosen))
            chosen += rng.sample(stratum, take)
        others = [case for case in common if case not in chosen]
        chosen += rng.sample(others, min(len(others), self.bar_cases - len(chosen)))
        return max(({case: each[case] for case in chosen} for each in scores), key=lambda bar: sum(bar.values()))


def _merged(view: PoolView, pair: Sequence[CandidateId]) -> Proposal | None:
    """Return the merge of two members, as edits of the better one; None where they cannot be merged."""
    ancestor = _common_ancestor(view, *pair)
    if ancestor is None:
        return None
    # The pair was drawn in random order, and equals stay in it: between them chance decides.
    better, other = sorted(pair, key=lambda each: -_worth(view, each))
    if _worth(view, ancestor) > _worth(view, other):
        return None
    old, mine, theirs = (view.candidate(each) for each in (ancestor, better, other))
    edits = {
        component: theirs.texts[component]
        for component in theirs.changes_from(mine)
        if mine.texts[component] == old.texts[component]
    }
    if not edits:  # all that the other one changed was changed by the better one, too
        return None
    return Proposal(
        parents=(better, other),
        edits=edits,
        rationale=f"what {other} changed since {ancestor}, in {better}",
        origin=Origin.MERGE,
    )


def _common_ancestor(view: PoolView, first: CandidateId, second: CandidateId) -> CandidateId | None:
    """Return the youngest member that both descend from; None where one of them descends from the other."""
    above_first, above_second = ancestors(view, first), ancestors(view, second)
    if first in above_second or second in above_first:
        return None
    return max(above_first & above_second, key=lambda each: view.member(each).order, default=None)


def ancestors(view: PoolView, member: CandidateId) -> set[CandidateId]:
    """Return all members that one descends from, by whichever parent."""
    found: set[CandidateId] = set()
    open_yet = list(view.member(member).parents)
    while open_yet:
        parent = open_yet.pop()
        if parent not in found:
            found.add(parent)
            open_yet.extend(view.member(parent).parents)
    return found


def _both_measured(view: PoolView, pair: Sequence[CandidateId]) -> list[str]:
    both = view.owned(pair[0]) & view.owned(pair[1])
    return [view.validation[place] for place in np.flatnonzero(both).tolist()]


def _worth(view: PoolView, member: CandidateId) -> float:
    estimate = view.estimate(member)
    return -math.inf if estimate is None else estimate
