"""What a step from parent to child did to steps, tokens and cost: an edit is judged by these beside the score.

Over the cases on which both were measured, repeats first averaged. Where the two met on no case nothing is said.
"""

from dataclasses import dataclass
from statistics import fmean

from spanwright.core.candidate import CandidateId
from spanwright.core.rollout import Rollout

_FIGURES = ("tool_calls", "requests", "tokens", "cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A figure before and after an edit, each a mean."""

    figure: str
    cases: int
    before: float
    after: float

    @property
    def words(self) -> str:
        """The change, as "tokens 812 -> 975"."""
        return f"{self.figure} {_written(self.before)} -> {_written(self.after)}"


def _written(of: float) -> str:
    """Return a figure in three digits that count, or all those before the point."""
    return f"{of:.3g}" if abs(of) < 1000 else f"{of:,.0f}"


class Takings:
    """Folds the rollouts of a run that came to an end; it keeps a few numbers of each."""

    def __init__(self) -> None:
        self._known: dict[tuple[CandidateId, str], dict[str, list[float]]] = {}

    def add(self, rollout: Rollout) -> None:
        """Take a rollout into account; one that failed took what it took by accident."""
        if rollout.score is None or rollout.failure is not None:
            return
        for figure in _FIGURES:
            if (value := rollout.figure(figure)) is not None:
                of_candidate = self._known.setdefault((rollout.key.candidate, figure), {})
                of_candidate.setdefault(rollout.key.case, []).append(value)

    def between(self, parent: CandidateId, child: CandidateId) -> tuple[Taken, ...]:
        """Return the figures that are known of both."""
        found: list[Taken] = []
        for figure in _FIGURES:
            before, after = self._known.get((parent, figure), {}), self._known.get((child, figure), {})
            if both := sorted(before.keys() & after.keys()):
                found.append(
                    Taken(
                        figure=figure,
                        cases=len(both),
                        before=fmean(fmean(before[case]) for case in both),
                        after=fmean(fmean(after[case]) for case in both),
                    )
                )
        return tuple(found)
