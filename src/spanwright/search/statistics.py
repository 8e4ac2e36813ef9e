"""Means with intervals: where the true mean lies for cases like these, drawn anew, of which these are a sample.

Which interval was chosen by how often each holds the truth: docs/design/statistics.md.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import ndtri, stdtrit


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
    """Return the mean difference of pairs with its interval; `gate.paired_differences` makes the differences.

    By Student's t; but where scores are passed or failed, or all differences are equal, a difference of each sign is
    added in thought (Bonett and Price), because few such pairs vary less by chance than their mean is uncertain.
    """
    sizes = {abs(each) for each in differences}
    if len(differences) < 2 or not (sizes <= {0.0, 1.0} or len(set(differences)) == 1):
        return mean_interval(differences, confidence=confidence)
    n = len(differences)
    size = max(sizes) or 1.0
    middle = math.fsum(differences) / (n + 2)
    squares = math.fsum(each**2 for each in differences) + 2 * size**2
    half = float(ndtri(0.5 + confidence / 2)) * math.sqrt((squares / (n + 2) - middle**2) / (n + 2))
    mean = math.fsum(differences) / n
    return Interval(mean=mean, low=max(-size, middle - half), high=min(size, middle + half), n=n)
