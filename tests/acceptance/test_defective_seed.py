"""A seed that instructs the wrong thing is left behind. Simulated models: mechanisms and orderings only."""

import pytest
from memory_arms import Trial, outcome


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_seed_that_instructs_the_wrong_thing_is_left_behind_within_300_rollouts(seed: int) -> None:
    came = outcome(Trial(family="defective", arm="default", seed=seed, rollouts=300))

    assert came.winner > came.seed + 0.1
