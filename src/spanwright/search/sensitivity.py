"""What an eval set can show: how much of its scores is noise, and the smallest gain that would stand out.

Gains are of one candidate over another on the same cases, each tried once a case or more often; what differs between
cases then cancels out, and what a case does differently from one time to the next is the noise that is left. An edit
that helps some cases and hurts others needs more than these figures say.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy.special import stdtrit

WORST = 0.25
"""The variance of a pass or fail at even chances: no score within 0 to 1 is noisier."""
POWER = 0.8
"""How often a gain of the size that is called visible is seen."""
CONFIDENCE = 0.975
"""How sure it must be, as `Policy.confidence`: the one-sided half of a 95 % interval."""

_MOST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Scores of one candidate, each case several times, taken apart."""

    mean: float
    within: float
    """The variance of a case from one time to the next."""
    between: float
    """The variance of the cases' true means: how much harder some are than others."""
    cases: int
    scores: int


def noise(scores: Mapping[str, Sequence[float]]) -> Noise:
    """Take the scores of each case apart (analysis of variance, cases as random effects).

    Cases with a single score tell nothing of the noise; where all have one, `within` is NaN.
    """
    tried = [each for each in scores.values() if each]
    means = [math.fsum(each) / len(each) for each in tried]
    freedom = sum(len(each) - 1 for each in tried)
    squares = math.fsum((score - mean) ** 2 for each, mean in zip(tried, means, strict=True) for score in each)
    within = squares / freedom if freedom else math.nan
    mean = math.fsum(means) / len(means) if means else math.nan
    between = 0.0
    if len(means) > 1 and freedom:
        spread = math.fsum((each - mean) ** 2 for each in means) / (len(means) - 1)
        once = math.fsum(1 / len(each) for each in tried) / len(tried)
        between = max(0.0, spread - within * once)
    count = sum(len(each) for each in tried)
    return Noise(mean=mean, within=within, between=between, cases=len(tried), scores=count)


def smallest_gain(within: float, *, cases: int, repeats: float = 1.0) -> float:
    """Return the gain that so many cases, tried so often, show with 80 % power; infinity below two cases."""
    if cases < 2:
        return math.inf
    wanted = float(stdtrit(cases - 1, CONFIDENCE) + stdtrit(cases - 1, POWER))
    return wanted * math.sqrt(2 * within / (cases * repeats))


def cases_for(within: float, gain: float) -> int | None:
    """Return how many cases, each tried once, show such a gain with 80 % power; None for more than a million."""
    low, high = 2, _MOST
    if smallest_gain(within, cases=high) > gain:
        return None
    while low < high:
        middle = (low + high) // 2
        if smallest_gain(within, cases=middle) <= gain:
            high = middle
        else:
            low = middle + 1
    return low
