"""What candidates take more than the seed, in the figures that guards bound: kept for these, and for no others.

Compared are the means over the cases on which both were measured, repeats first averaged: who answers other cases is
not dearer for that.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from spanwright.core.candidate import CandidateId, Component, ComponentId
from spanwright.core.rollout import Purpose, Rollout

_COMPARED = frozenset({Purpose.VALIDATION, Purpose.FINAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Expense:
    """A figure of a candidate that edits a bounded component, against the seed's."""

    component: ComponentId
    figure: str
    cases: int
    seed: float
    candidate: float
    allowed: float
    """How much more it may be, as a part of the seed's."""

    @property
    def too_much(self) -> bool:
        """Whether it is more than is allowed."""
        return self.candidate > self.seed * (1 + self.allowed)

    @property
    def words(self) -> str:
        """The expense in a line."""
        more = f", {self.candidate / self.seed - 1:+.0%}" if self.seed else ""
        return (
            f"{self.component}: {self.figure} {self.seed:.4g} -> {self.candidate:.4g}{more} on {self.cases} cases,"
            f" {self.allowed:+.0%} allowed"
        )


class Expenses:
    """Folds the rollouts of a run."""

    def __init__(self, components: Iterable[Component] = ()) -> None:
        self.bounds: Mapping[ComponentId, Mapping[str, float]] = {
            each.id: each.guard.max_more for each in components if each.guard is not None and each.guard.max_more
        }
        self._figures = frozenset(figure for bounds in self.bounds.values() for figure in bounds)
        self._known: dict[tuple[str, CandidateId], dict[str, list[float]]] = {}

    def add(self, rollout: Rollout) -> None:
        """Take a rollout into account; one that failed took what it took by accident."""
        if rollout.purpose not in _COMPARED or rollout.score is None or rollout.failure is not None:
            return
        for name in self._figures:
            if (figure := rollout.figure(name)) is not None:
                of_candidate = self._known.setdefault((name, rollout.key.candidate), {})
                of_candidate.setdefault(rollout.key.case, []).append(figure)

    def of(self, candidate: CandidateId, seed: CandidateId, edited: Sequence[ComponentId]) -> Iterator[Expense]:
        """Yield what a candidate takes in the figures that bound the components that it edited."""
        for component in edited:
            for name, allowed in self.bounds.get(component, {}).items():
                before, after = self._known.get((name, seed), {}), self._known.get((name, candidate), {})
                if both := sorted(before.keys() & after.keys()):
                    yield Expense(
                        component=component,
                        figure=name,
                        cases=len(both),
                        seed=fmean(fmean(before[case]) for case in both),
                        candidate=fmean(fmean(after[case]) for case in both),
                        allowed=allowed,
                    )
