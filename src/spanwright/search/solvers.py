"""Who solves which training case: whoever gets, in the mean of all tries, the best mean that any case ever got."""

from collections.abc import Collection

from spanwright.core.candidate import CandidateId


class Solvers:
    """Folds the means of training cells."""

    def __init__(self) -> None:
        self._best = float("-inf")
        self._of: dict[str, set[CandidateId]] = {}

    def score(self, candidate: CandidateId, case: str, mean: float) -> None:
        """Take note of the new mean of a cell."""
        if mean > self._best:
            self._best = mean
            self._of.clear()
        if mean >= self._best:
            self._of.setdefault(case, set()).add(candidate)
        elif case in self._of:
            self._of[case].discard(candidate)

    def of(self, case: str) -> Collection[CandidateId]:
        """Return those who solve a case."""
        return self._of.get(case, ())
