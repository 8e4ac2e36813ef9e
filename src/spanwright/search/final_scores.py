"""What was measured in the finals, apart from all else: it had no part in who became a finalist.

The finals have two parts. All finalists are measured alike; then those who are left are measured further.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from spanwright.core.candidate import CandidateId
from spanwright.core.rollout import Rollout
from spanwright.search.grid import Grid


class FinalScores:
    """The scores of each part of the finals, on validation and training cases."""

    def __init__(self, cases: Sequence[str]) -> None:
        self._cases = cases
        self._parts = [Grid(cases)]
        self._failed: Counter[tuple[CandidateId, str]] = Counter()

    def narrow(self) -> None:
        """Begin the second part."""
        self._parts.append(Grid(self._cases))
        self._failed.clear()

    def resume(self) -> None:
        """Give the world, where it had failed a cell, another chance."""
        self._failed.clear()

    def add(self, rollout: Rollout) -> None:
        """Take a rollout of the finals into account."""
        candidate, case = rollout.key.candidate, rollout.key.case
        if case not in self._parts[-1]:
            return
        if rollout.score is None:
            self._failed[candidate, case] += 1
        else:
            self._parts[-1].add(candidate, case, rollout.score.value)

    def visits(self, candidate: CandidateId, case: str) -> int:
        """Return how often a cell was measured in the part that goes on, or failed by the world."""
        return self._parts[-1].count(candidate, case) + self._failed[candidate, case]

    def count(self, candidate: CandidateId, case: str) -> int:
        """Return how many scores a cell has from all parts."""
        return sum(part.count(candidate, case) for part in self._parts)

    def before(self, candidate: CandidateId, case: str) -> int:
        """Return how many scores a cell has from the part that is over."""
        return sum(part.count(candidate, case) for part in self._parts[:-1])

    def means(self, candidate: CandidateId) -> Sequence[Mapping[str, float]]:
        """Return the mean score on each case, part by part."""
        return [part.means(candidate) for part in self._parts]
