"""What each part of the signal is worth: scores alone, feedback, traces; and that false traces are worth nothing.

Simulated models: mechanisms and orderings only. Figures are gains on the untouched test split, means over seeds.
"""

from collections.abc import Callable
from statistics import fmean

import pytest
from arms import DESK, FEEDBACK, FOREIGN, FULL, MULTIHOP, SCORE_ONLY, Arm, World, gain

SEEDS = (1, 2, 3, 4)
ROLLOUTS = 600


async def _mean_gain(world: World, arm: Arm) -> float:
    return fmean([await gain(world, arm, seed=seed, rollouts=ROLLOUTS) for seed in SEEDS])


@pytest.mark.slow
@pytest.mark.parametrize("world", [DESK, MULTIHOP], ids=lambda world: world.name)
async def test_scores_are_worth_less_than_feedback_and_feedback_less_than_traces(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    scores, feedback = await _mean_gain(world, SCORE_ONLY), await _mean_gain(world, FEEDBACK)
    full, foreign = await _mean_gain(world, FULL), await _mean_gain(world, FOREIGN)

    record_property("gains", f"{scores=:.2f} {feedback=:.2f} {full=:.2f} {foreign=:.2f}")
    assert scores < feedback < full
    assert abs(foreign - scores) < (full - scores) / 4
