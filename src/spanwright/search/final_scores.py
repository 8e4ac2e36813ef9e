"""What was measured in the finals, apart from all else: it had no part in who became a finalist.

The finals have two parts. All finalists are measured alike; then those who are left are measured further. The seed is
the exception: what the search measured of it stands beside a finalist's fresh scores, once for each case, since nobody
was chosen by it.
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
        self._seed: list[Mapping[str, float]] = [{}]
        self._parts = [Grid(cases)]
        self._failed: Counter[tuple[CandidateId, str]] = Counter()

    def begin(self, seed: Mapping[str, float]) -> None:
        """Begin the finals with what the search knows of the seed: its mean score on each case."""
        self._seed = [seed]

    def narrow(self) -> None:
        """Begin the second part. The seed's earlier scores that the first one has used are used up."""
        used = self._parts[-1].tried
        self._seed.append({case: mean for case, mean in self._seed[-1].items() if case not in used})
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

    def seed_means(self, seed: CandidateId) -> Sequence[Mapping[str, float]]:
        """Return, part by part, what a finalist's scores are to be compared with."""
        return [{**known, **part.means(seed)} for known, part in zip(self._seed, self._parts, strict=True)]

    def knows_seed(self, case: str) -> bool:
        """Return whether the search scored the seed on a case, and no part before this one has used that."""
        return case in self._seed[-1]
