"""Seed and winner side by side, on the cases on which both were tried: each mean, and the paired difference."""

from collections.abc import Mapping
from dataclasses import dataclass

from spanwright.core.candidate import CandidateId
from spanwright.search import PoolView
from spanwright.search.gate import paired_differences
from spanwright.search.statistics import Interval, mean_interval, paired


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Means with their 95 % intervals. The difference is paired: cases differ more than candidates do."""

    seed: Interval
    best: Interval
    difference: Interval

    @property
    def cases(self) -> int:
        """How many cases both have."""
        return self.difference.n


def compare(seed: Mapping[str, float], best: Mapping[str, float]) -> Comparison | None:
    """Compare two candidates by their scores on cases; None where no case has both."""
    shared = [case for case in seed if case in best]
    if not shared:
        return None
    return Comparison(
        seed=mean_interval([seed[case] for case in shared]),
        best=mean_interval([best[case] for case in shared]),
        difference=paired(paired_differences(seed, best)),
    )


def on_validation(view: PoolView, candidate: CandidateId) -> Comparison | None:
    """Compare the seed with a candidate by their own scores on validation cases."""
    return compare(_validated(view, view.seed), _validated(view, candidate))


def _validated(view: PoolView, candidate: CandidateId) -> dict[str, float]:
    means = {case: view.mean(candidate, case) for case in view.validation}
    return {case: mean for case, mean in means.items() if mean is not None}
