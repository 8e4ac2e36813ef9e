"""Whether a difference is more than chance, for the one decision that a user acts on: does anything beat the seed?

Tests are one-sided and paired by case. The hypothesis is that a child's edit does nothing: then its score and the
seed's on a case could change places, so the signs of the differences are chance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.special import ndtr, ndtri, stdtr

from spanwright.search.arrays import Floats

_FLIPPED = 12
"""Differences up to which all signs are tried: 4096 ways. Beyond, Student's t is as good, and Monte Carlo no better."""
_NOISE = 1e-12
_LEAST = 1e-12
"""Chances closer to 0 or 1 than this are all the same to `together`."""
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Independent evidence that one candidate, the best of `among`, beats the seed: a difference for each case."""

    differences: tuple[float, ...]
    among: int = 1
    """How many candidates were compared with the seed on these cases before this one was picked."""

    @property
    def p(self) -> float:
        """The chance of such differences for the best of so many candidates that change nothing."""
        return of_the_best(chance(self.differences), self.among)


def chance(differences: Sequence[float]) -> float:
    """Return how likely a mean at least as large is where no difference is real; 1 where there is none.

    Few differences, or few that are not zero: all signs are tried. Many: Student's t, which is never believed beyond
    what signs can show, since equal differences would make it certain.
    """
    moved = [each for each in differences if abs(each) > _NOISE]
    if not moved or math.fsum(moved) <= _NOISE:
        return 1.0
    if len(moved) == 1:
        return 0.5
    if len(moved) <= _FLIPPED:
        return _by_signs(np.array(moved))
    n = len(differences)
    mean = math.fsum(differences) / n
    error = math.sqrt(math.fsum((each - mean) ** 2 for each in differences) / (n - 1) / n)
    by_student = float(stdtr(n - 1, -mean / error)) if error > _NOISE else 0.0
    return max(by_student, 0.5 ** len(moved))


def of_the_best(p: float, among: int) -> float:
    """Return the chance that the best of `among` candidates reaches `p`, all compared with one and the same seed.

    Dunnett's correction: the comparisons share the seed's scores, so they are correlated by a half; candidates that
    share texts as well are correlated more, and corrected by more than they need.
    """
    if among <= 1 or p >= 1:
        return p
    reached = -float(ndtri(max(p, 1e-300)))
    none = float(np.dot(_WEIGHTS, ndtr(math.sqrt(2.0) * reached - _NODES) ** among) / _WEIGHTS.sum())
    return min(1.0, max(p, 1.0 - none))


def together(stages: Sequence[Stage]) -> float:
    """Return the chance of all that several stages found, each weighted by its cases (inverse normal method).

    The weights are set by the budget and not by what was found, so whoever is picked after a stage may be tested with
    its evidence as well.
    """
    told = [each for each in stages if each.differences]
    if not told:
        return 1.0
    weights = [math.sqrt(len(each.differences)) for each in told]
    scores = [-float(ndtri(min(max(each.p, _LEAST), 1 - _LEAST))) for each in told]
    total = math.fsum(weight * score for weight, score in zip(weights, scores, strict=True))
    return float(ndtr(-total / math.hypot(*weights)))


def _by_signs(moved: Floats) -> float:
    """Return the share of all ways to sign the differences whose sum is as large as the one that was seen.

    As scipy's `permutation_test`, whose module takes longer to import than a small run takes to search.
    """
    signs: Floats = np.array(list(product((1.0, -1.0), repeat=len(moved))))
    sums: Floats = signs @ moved
    return int(np.count_nonzero(sums >= moved.sum() - _NOISE)) / len(sums)
