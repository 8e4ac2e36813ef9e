"""What a budget and an eval set leave room for, told before money is spent: proposals, and gains that could be seen."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from spanwright.core.case import Splits
from spanwright.core.usage import Budget
from spanwright.report import figures
from spanwright.report.calibrated import Calibrated
from spanwright.search import Policy
from spanwright.search.sensitivity import WORST, smallest_gain

_A_SEARCH = 10
"""Proposals below which a search is little more than a try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """What a run could do, by its budget, its cases, its policy and what is known of them: no model was asked."""

    proposals: int | None
    """Children that can be proposed and measured once, beside what the seed, the finals and the test split take."""
    final_pairs: int | None
    """Pairs of rollouts in which the finals compare the leader with the seed; None where no rollouts are kept."""
    test_cases: int
    known: Calibrated | None = None
    """How noisy these cases are, where that was measured."""

    @classmethod
    def of(cls, budget: Budget, splits: Splits, policy: Policy, known: Calibrated | None = None) -> "Preflight":
        """Work it out. Figures are None where the budget does not limit rollouts."""
        if budget.rollouts is None:
            return cls(proposals=None, final_pairs=None, test_cases=len(splits.test), known=known)
        reserve = policy.reserve(budget.rollouts, 2 * len(splits.test))
        block = min(policy.block or len(splits.validation), len(splits.validation))
        attempt = block + policy.attempt_rollouts
        left = budget.rollouts - 2 * len(splits.test) - reserve - block
        proposals = max(0, left // attempt)
        if budget.reflections is not None:
            proposals = min(proposals, budget.reflections)
        return cls(
            proposals=proposals,
            final_pairs=policy.final_pairs(reserve) if reserve else None,
            test_cases=len(splits.test),
            known=known,
        )

    @property
    def visible_in_finals(self) -> float | None:
        """The gain that the finals show in four of five runs; smaller ones mostly end with the seed."""
        return None if self.final_pairs is None else smallest_gain(self._within, cases=self.final_pairs)

    @property
    def visible_in_test(self) -> float | None:
        """The gain that the test split shows in four of five runs; None without a test split."""
        return smallest_gain(self._within, cases=self.test_cases) if self.test_cases else None

    @property
    def _within(self) -> float:
        return WORST if self.known is None else self.known.noise.within

    @property
    def lines(self) -> tuple[str, ...]:
        """What to tell a person."""
        return tuple(self._told())

    def _told(self) -> Iterable[str]:
        if self.proposals is not None:
            few = ": few for a search, give more rollouts or fewer test cases" if self.proposals < _A_SEARCH else ""
            yield f"Room: about {figures.number(self.proposals, 'proposal')}{few}."
        yield from self._visible()
        if self.known is not None:
            yield from self.known.warnings(self.visible_in_finals)
        if self.proposals is not None and self.final_pairs is None:
            yield "No rollouts are kept for finals: only a gain that stands out among all candidates wins."
        if not self.test_cases:
            yield "No test split: nothing will show whether the winner is better on cases that did not choose it."

    def _visible(self) -> Iterable[str]:
        gains = (("the finals", self.visible_in_finals), ("the test split", self.visible_in_test))
        seen = ", ".join(
            f"{name} a gain of {gain:.2f}" for name, gain in gains if gain is not None and math.isfinite(gain)
        )
        if not seen:
            return
        if self.known is not None:
            yield f"Visible in four of five runs, with the noise that {self.known.run} measured: {seen}."
            return
        yield (
            f"Visible in four of five runs, if scores are pass or fail at even chances: {seen}."
            " `spanwright calibrate` measures the noise there really is."
        )
