"""Rounds: some parents, some proposals of each, and then the choice whom to admit: gepa's P x N.

A round is a barrier: its children are chosen among when the last of them was tried, and only then are any measured
further. Without rounds nobody waits for anybody, and each child that passes its gate is admitted.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from spanwright.core.candidate import CandidateId
from spanwright.core.events import Judged
from spanwright.core.proposal import Verdict
from spanwright.errors import UsageError

AdmissionRule: TypeAlias = Callable[[Mapping[int, Verdict]], Sequence[int]]
"""Chooses among the attempts of a round whose children passed the gate: whose child is admitted, in this order.

The smallest one:

    def first(passed):
        return tuple(passed)[:1]
"""

_DIGITS = 12
"""Digits of a gain that count: sums that differ by rounding only are equal."""


def all_that_pass(passed: Mapping[int, Verdict]) -> Sequence[int]:
    """Admit every child that passed the gate."""
    return tuple(passed)


@dataclass(frozen=True, slots=True, kw_only=True)
class MostImproved:
    """Admit at most so many, those that gained most on their parents, of equals the earlier: best-only, and top-k."""

    at_most: int = 1

    def __call__(self, passed: Mapping[int, Verdict]) -> Sequence[int]:
        return sorted(passed, key=lambda attempt: (-_gain(passed[attempt]), attempt))[: self.at_most]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """How many parents are drawn for a round, how many proposals are made from each, and who of them is admitted."""

    parents: int = 1
    proposals: int = 1
    admission: AdmissionRule = all_that_pass

    def __post_init__(self) -> None:
        if min(self.parents, self.proposals) < 1:
            what = f"parents={self.parents}, proposals={self.proposals} of a round are not both positive"
            raise UsageError(what, "Give 1 or more")

    @property
    def size(self) -> int:
        """How many attempts a round has."""
        return self.parents * self.proposals

    def leader(self, attempt: int, first: int) -> int:
        """Return the attempt whose parent this one shares, in the round that begins with `first`."""
        return attempt - (attempt - first) % self.proposals

    def settle(self, judged: Iterable[Judged], before: Sequence[Judged] = ()) -> tuple[Judged, ...]:
        """Return how attempts of a round end, those that are admitted first.

        `before` are the endings that were written before an interruption: they stand. Raises UsageError for a rule that
        admits what did not pass.
        """
        open_yet = {each.attempt: each for each in judged}
        passed = {
            each.attempt: each.verdict
            for each in sorted((*before, *open_yet.values()), key=lambda each: each.attempt)
            if each.verdict.accepted or each.verdict.passed
        }
        chosen = tuple(dict.fromkeys(self.admission(passed)))
        if strange := set(chosen) - passed.keys():
            raise UsageError(
                f"The admission rule of a round chose attempt {min(strange)}, whose child did not pass",
                "Let it choose among the attempts that it is given",
            )
        seen: set[CandidateId] = {each.child.id for each in before if each.verdict.accepted}
        admitted: list[Judged] = []
        for attempt in chosen:
            if attempt in open_yet and open_yet[attempt].child.id not in seen:  # equal texts are one candidate
                admitted.append(open_yet.pop(attempt))
                seen.add(admitted[-1].child.id)
        return (*admitted, *(_passed_over(open_yet[attempt]) for attempt in sorted(open_yet)))


def _gain(verdict: Verdict) -> float:
    return round(math.fsum(verdict.differences), _DIGITS)


def _passed_over(judged: Judged) -> Judged:
    """Return the ending of one that was not chosen; who failed at the gate has that for a reason."""
    verdict = judged.verdict
    if not verdict.accepted:
        return judged
    reason = f"{verdict.reason}, but others of its round were admitted"
    return replace(judged, verdict=replace(verdict, accepted=False, passed=True, reason=reason))
