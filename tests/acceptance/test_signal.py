"""What each part of the signal is worth: scores alone, feedback, traces; and that false traces are worth nothing.

Simulated models: mechanisms and orderings only. Figures are gains on the untouched test split, means over seeds.
"""

from collections.abc import Sequence
from statistics import fmean

import pytest
from arms import Trial, outcomes

SEEDS = (1, 2, 3, 4)
ROLLOUTS = 600


def mean_gains(world: str, arms: Sequence[str]) -> dict[str, float]:
    """Return the mean gain under each arm, and print all for people."""
    done = outcomes([Trial(world=world, arm=arm, seed=seed, rollouts=ROLLOUTS) for arm in arms for seed in SEEDS])
    gains = {arm: fmean(each.gain for each in done[len(SEEDS) * n :][: len(SEEDS)]) for n, arm in enumerate(arms)}
    print(f"{world}: " + ", ".join(f"{arm} {gain:+.2f}" for arm, gain in gains.items()))  # noqa: T201
    return gains


@pytest.mark.slow
@pytest.mark.parametrize("world", ["desk", "multihop"])
def test_scores_are_worth_less_than_feedback_and_feedback_less_than_traces(world: str) -> None:
    gains = mean_gains(world, ["SCORE_ONLY", "FEEDBACK", "FULL", "FOREIGN"])

    assert gains["SCORE_ONLY"] < gains["FEEDBACK"] < gains["FULL"]
    assert abs(gains["FOREIGN"] - gains["SCORE_ONLY"]) < (gains["FULL"] - gains["SCORE_ONLY"]) / 4


@pytest.mark.slow
def test_where_only_tools_tell_the_rules_traces_without_feedback_bring_most_of_the_gain() -> None:
    gains = mean_gains("told by tools", ["TRACES", "FULL"])

    assert gains["TRACES"] >= 0.6 * gains["FULL"]
