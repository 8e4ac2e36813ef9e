"""Means with intervals, by Student's t distribution.

Not imported by the room's door: loading scipy takes half a second, which who needs no interval should not pay.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtrit


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean and where the true one lies, with the confidence that was asked for."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside: the sign of the mean is not chance alone."""
        return self.low > 0 or self.high < 0


def mean_interval(values: Sequence[float], *, confidence: float = 0.95) -> Interval:
    """Return the mean of `values` with its interval: unbounded below two values, NaN as the mean of none."""
    n = len(values)
    if n < 2:
        return Interval(mean=values[0] if n else math.nan, low=-math.inf, high=math.inf, n=n)
    mean = math.fsum(values) / n
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    half = float(stdtrit(n - 1, 0.5 + confidence / 2)) * math.sqrt(variance / n)
    return Interval(mean=mean, low=mean - half, high=mean + half, n=n)


def paired(differences: Sequence[float], *, confidence: float = 0.95) -> Interval:
    """Return the mean difference of pairs with its interval; `gate.paired_differences` makes the differences."""
    return mean_interval(differences, confidence=confidence)
