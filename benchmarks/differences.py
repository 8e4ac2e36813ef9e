"""Paired differences over worlds, with intervals that resample worlds.

Runs of one world with different salts share its rules and its cases, so they are no independent witnesses: they are
averaged first, and what is resampled are worlds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from pydantic import JsonValue
from scipy.stats import bootstrap
from showing import NOTHING, Cell, Figure

_FEWEST = 3
"""Worlds without which there is no interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A mean over worlds, in points, with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float
    worlds: int

    @property
    def sure(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0

    @property
    def bounded(self) -> bool:
        """Whether there were worlds enough for an interval."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def cell(self) -> Figure:
        """The cell of a table."""
        record: JsonValue = {
            "mean": round(self.mean, 3),
            "low": round(self.low, 3) if self.bounded else None,
            "high": round(self.high, 3) if self.bounded else None,
            "worlds": self.worlds,
        }
        return Figure(record, str(self))

    def __str__(self) -> str:
        return f"{self.mean:+.1f} [{self.low:+.1f}, {self.high:+.1f}]" if self.bounded else f"{self.mean:+.1f}"


def difference(values: Sequence[float]) -> Difference | None:
    """Return the mean of differences, one a world, with its interval; None of none, without bounds of too few."""
    if not values:
        return None
    mean = 100 * fmean(values)
    if max(values) == min(values):
        bounds = (mean, mean) if len(values) >= _FEWEST else (-math.inf, math.inf)
        return Difference(mean=mean, low=bounds[0], high=bounds[1], worlds=len(values))
    if len(values) < _FEWEST:
        return Difference(mean=mean, low=-math.inf, high=math.inf, worlds=len(values))
    found = bootstrap((np.asarray(values),), np.mean, confidence_level=0.95, rng=np.random.default_rng(0))
    interval = found.confidence_interval
    return Difference(mean=mean, low=100 * interval.low, high=100 * interval.high, worlds=len(values))


def cell(of: Difference | None) -> Cell:
    """Return the cell of a difference, an empty one where there is none."""
    return NOTHING if of is None else of.cell
