"""Whether an edit of a tool harms the cases that use the tool, while the mean rises elsewhere: what a guard may forbid.

A case uses a tool if the seed or the candidate called it there. Both are asked, so that the choice of cases favours
neither: an edit that does nothing could change places with the seed on each of them. See docs/design/statistics.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from spanwright.core.candidate import CandidateId, ComponentId
from spanwright.search.expenses import Expense
from spanwright.search.finals import FRESH_ENOUGH
from spanwright.search.gate import paired_differences
from spanwright.search.significance import chance
from spanwright.search.view import PoolView

MOST_CHANCE = 0.05
"""Harm that chance explains more rarely than this is not let through; shared by all edits that a guard watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a candidate with an edit does to the cases that use the component, against the seed."""

    component: ComponentId
    cases: int
    difference: float
    """Of the mean score on these cases."""
    chance: float
    """Of a loss as large as this where the edits do nothing."""
    harms: bool
    """Whether that is too little to be let through."""

    @property
    def words(self) -> str:
        """The effect in a line."""
        what = f"{self.component}: {self.difference:+.2f} on {self.cases} cases that use it"
        return f"{what}, which chance explains in {self.chance:.1%}" if self.difference < 0 else what


def effects(view: PoolView, candidate: CandidateId) -> tuple[Effect, ...]:
    """Return what is known of each edit that a guard watches; nothing of those that no measured case uses."""
    edited = view.candidate(candidate).changes_from(view.candidate(view.seed))
    watched = [each.id for each in view.components if each.guard and each.guard.regression and each.id in edited]
    found = [(id, list(_differences(view, candidate, id))) for id in watched]
    told = [(id, differences) for id, differences in found if differences]
    return tuple(
        Effect(
            component=id,
            cases=len(differences),
            difference=fmean(differences),
            chance=(by_luck := chance([-each for each in differences])),
            harms=by_luck <= MOST_CHANCE / len(told),
        )
        for id, differences in told
    )


def unharmful(view: PoolView, finalists: Sequence[CandidateId]) -> tuple[CandidateId, ...]:
    """Return the finalists none of whose edits a guard forbids: shown to harm, or too dear. The seed may always win."""
    return tuple(each for each in finalists if each == view.seed or not any(_forbidden(view, each)))


def passed_over(view: PoolView) -> Iterator[tuple[CandidateId, Effect | Expense]]:
    """Yield the finalists that may not win, each with what forbids it."""
    for candidate in view.finalists or ():
        if candidate != view.seed:
            yield from ((candidate, why) for why in _forbidden(view, candidate))


def _forbidden(view: PoolView, candidate: CandidateId) -> Iterator[Effect | Expense]:
    yield from (each for each in effects(view, candidate) if each.harms)
    yield from (each for each in view.expenses(candidate) if each.too_much)


def _differences(view: PoolView, candidate: CandidateId, component: ComponentId) -> Iterator[float]:
    """Yield the paired differences of the finals, and where they are few those of validation cases before them."""
    using = view.cases_using(component, (view.seed, candidate))
    fresh = [{case: mean for case, mean in part.items() if case in using} for part in view.seed_final_means()]
    parts = list(zip(fresh, view.final_means(candidate), strict=True))
    found = [difference for seed, other in parts for difference in paired_differences(seed, other)]
    yield from found
    if len(found) < FRESH_ENOUGH:
        anew = {case for _, other in parts for case in other}
        cases = [case for case in view.validation if case in using and case not in anew]
        known = {case: mean for case in cases if (mean := view.mean(view.seed, case)) is not None}
        other = {case: mean for case in cases if (mean := view.mean(candidate, case)) is not None}
        yield from paired_differences(known, other)
