"""What was measured on the cases of one split: for each candidate and case the mean score, the count, the repeats."""

from collections.abc import Mapping, Sequence

import numpy as np

from spanwright.core.candidate import CandidateId
from spanwright.search.arrays import Floats, Integers


class _Row:
    """The measurements of one candidate. Arrays, because five thousand candidates times a hundred cases are many."""

    __slots__ = ("counts", "repeats", "totals")

    def __init__(self, cases: int) -> None:
        self.totals: Floats = np.zeros(cases)
        self.counts: Integers = np.zeros(cases, dtype=np.int32)
        self.repeats: Integers = np.zeros(cases, dtype=np.int32)


class Grid:
    """The scores of any candidates on the cases of one split; a row exists once its candidate was tried there."""

    def __init__(self, cases: Sequence[str]) -> None:
        self._places = {case: place for place, case in enumerate(cases)}
        self._rows: dict[CandidateId, _Row] = {}

    def __contains__(self, case: str) -> bool:
        return case in self._places

    def place(self, case: str) -> int:
        """Return the position of a case in its split. Raises KeyError."""
        return self._places[case]

    def claim(self, candidate: CandidateId, case: str, repeat: int) -> None:
        """Take note that this repeat was launched: it is never launched again."""
        repeats = self._row(candidate).repeats
        place = self._places[case]
        repeats[place] = max(int(repeats[place]), repeat + 1)

    def add(self, candidate: CandidateId, case: str, score: float) -> float:
        """Take a score into account and return the new mean of its cell."""
        row, place = self._row(candidate), self._places[case]
        row.totals[place] += score
        row.counts[place] += 1
        return float(row.totals[place] / row.counts[place])

    def next_repeat(self, candidate: CandidateId, case: str) -> int:
        """Return the number of the first repeat that was not launched yet."""
        row = self._rows.get(candidate)
        return 0 if row is None else int(row.repeats[self._places[case]])

    def count(self, candidate: CandidateId, case: str) -> int:
        """Return how many scores there are."""
        row = self._rows.get(candidate)
        return 0 if row is None else int(row.counts[self._places[case]])

    def mean(self, candidate: CandidateId, case: str) -> float | None:
        """Return the mean score, None where there is no score."""
        row = self._rows.get(candidate)
        place = self._places[case]
        if row is None or not row.counts[place]:
            return None
        return float(row.totals[place] / row.counts[place])

    def means(self, candidate: CandidateId) -> Mapping[str, float]:
        """Return the mean score on each case that has one."""
        row = self._rows.get(candidate)
        if row is None:
            return {}
        return {
            case: float(row.totals[place] / row.counts[place])
            for case, place in self._places.items()
            if row.counts[place]
        }

    @property
    def tried(self) -> frozenset[str]:
        """The cases on which any candidate has a score."""
        counts = sum((row.counts for row in self._rows.values()), np.zeros(len(self._places), dtype=np.int32))
        return frozenset(case for case, place in self._places.items() if counts[place])

    def _row(self, candidate: CandidateId) -> _Row:
        row = self._rows.get(candidate)
        if row is None:
            row = self._rows[candidate] = _Row(len(self._places))
        return row
