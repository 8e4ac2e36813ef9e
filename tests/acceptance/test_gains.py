"""What an optimization brings on the packaged agents with simulated models, against controls at equal budget.

Simulated models: mechanisms and orderings only. Figures are on the untouched test split.
"""

from collections.abc import Callable
from statistics import fmean

import pytest
from arms import CHANCE, DESK, FULL, MULTIHOP, World, gain, run

from spanwright import Policy
from spanwright.core.candidate import Kind

SEEDS = (1, 2, 3, 4, 5)
ROLLOUTS = 800

WORLDS = pytest.mark.parametrize("world", [DESK, MULTIHOP], ids=lambda world: world.name)


@pytest.mark.slow
@WORLDS
async def test_every_seed_gains_a_quarter_and_chance_and_single_steps_gain_less_than_half(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    results = [await run(world, FULL, seed=seed, rollouts=ROLLOUTS) for seed in SEEDS]
    single = [
        await gain(world, FULL, seed=seed, rollouts=ROLLOUTS, policy=Policy.best_of_n(seed=seed)) for seed in SEEDS
    ]
    chance = [await gain(world, CHANCE, seed=seed, rollouts=ROLLOUTS) for seed in SEEDS]

    gains = [result.best_test - result.seed_test for result in results]
    told = ", ".join(f"{each:.2f}" for each in gains)
    record_property("gains", f"{told}; best of n {fmean(single):.2f}; random search {fmean(chance):.2f}")
    assert min(gains) >= 0.25
    assert fmean(single) < fmean(gains) / 2
    assert fmean(chance) < fmean(gains) / 2
    for result in results:
        kinds = {component.id: component.kind for component in result.components}
        changed = {kinds[id] for id in result.components_changed}
        assert len(result.components_changed) >= 3
        assert changed & {Kind.TOOL, Kind.PARAMETER}
