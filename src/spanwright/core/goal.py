"""What is wanted beside a high score: figures that should be small or large, and limits that should be kept.

An objective of `optimize` says what the score is. A goal stands beside the score and never enters it.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from spanwright.errors import UsageError

SCORE: Final = "score"
"""The name by which a goal knows the score."""


class Sense(StrEnum):
    """Which way a figure is better."""

    LESS = "less"
    MORE = "more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is wanted of one figure: `cost`, `latency`, `tokens`, `requests`, `tool_calls`, or one of an evaluator's.

    Made by `minimize`, `maximize`, `at_most` and `at_least`.
    """

    figure: str
    sense: Sense
    limit: float | None = None
    """The mean figure over the cases should not be on the wrong side of it; None: the better the further."""

    def __post_init__(self) -> None:
        if not self.figure:
            raise UsageError("a goal names no figure", 'Write minimize("cost"), or at_most("cost", 0.002)')
        if self.limit is not None and not math.isfinite(self.limit):
            raise UsageError(f"the limit {self.limit} of {self.figure!r} is no number", "Give a finite one")
        if self.figure == SCORE and self.sense is Sense.LESS:
            raise UsageError("a goal wants a low score", "Higher scores are better; objective= says what the score is")

    @property
    def words(self) -> str:
        """The goal in a few words."""
        if self.limit is None:
            return f"{'low' if self.sense is Sense.LESS else 'high'} {self.figure}"
        return f"{self.figure} at {'most' if self.sense is Sense.LESS else 'least'} {self.limit:g}"

    def excess(self, figure: float) -> float:
        """Return how far a mean figure is on the wrong side of the limit; 0 where it is not, or there is none."""
        if self.limit is None:
            return 0.0
        return max(0.0, figure - self.limit if self.sense is Sense.LESS else self.limit - figure)


def minimize(figure: str) -> Goal:
    """Return the wish for a figure that is as small as possible: `minimize("cost")`."""
    return Goal(figure=figure, sense=Sense.LESS)


def maximize(figure: str) -> Goal:
    """Return the wish for a figure that is as large as possible. The score is maximized without saying so."""
    return Goal(figure=figure, sense=Sense.MORE)


def at_most(figure: str, limit: float) -> Goal:
    """Return the demand that a figure's mean does not exceed a limit: `at_most("cost", 0.002)` dollars a rollout."""
    return Goal(figure=figure, sense=Sense.LESS, limit=limit)


def at_least(figure: str, limit: float) -> Goal:
    """Return the demand that a figure's mean does not fall below a limit: `at_least("Polite", 0.9)`."""
    return Goal(figure=figure, sense=Sense.MORE, limit=limit)
