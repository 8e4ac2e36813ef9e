"""Noise does not win, and intervals hold the truth: whole runs on a landscape whose truth is known.

The figures in docs/design/statistics.md come from the same runs: benchmarks/honesty.py.
"""

import importlib
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

BENCHMARKS = str(Path(__file__).parents[2] / "benchmarks")


def honesty():
    """Return the benchmark as a module: it stands in a folder that is no package."""
    if BENCHMARKS not in sys.path:
        sys.path.insert(0, BENCHMARKS)
    return importlib.import_module("honesty")


def run_of(table, salt, **kind):
    module = honesty()
    return module.one_run(module.Row(table=table, **kind), salt)


def seen(runs, table, **kind):
    """Make runs, one a core at a time."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as processes:
        return [each.result() for each in [processes.submit(run_of, table, salt, **kind) for salt in range(runs)]]


@pytest.mark.parametrize("policy", ["default", "gepa"])
def test_a_reflector_that_does_nothing_seldom_wins(policy):
    made = [run_of("nothing", salt, world="binary, p = 0.7", policy=policy, rollouts=300) for salt in range(4)]

    assert sum(each.seed_returned for each in made) >= 3


def test_a_large_gain_wins():
    made = [run_of("power", salt, world="binary, p = 0.7", rollouts=600, gain=0.3, chance=0.5) for salt in range(3)]

    assert sum(not each.seed_returned for each in made) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("rollouts", [300, 1000])
@pytest.mark.parametrize("policy", ["default", "gepa"])
@pytest.mark.parametrize("world", ["binary, p = 0.7", "binary, p = 0.95", "graded", "no noise"])
def test_a_reflector_that_does_nothing_gets_the_seed_back_in_95_of_100_runs(world, policy, rollouts):
    made = seen(200, "nothing", world=world, policy=policy, rollouts=rollouts)

    assert sum(each.seed_returned for each in made) >= 0.95 * 200


@pytest.mark.slow
@pytest.mark.parametrize("test", [10, 20, 50])
@pytest.mark.parametrize("world", ["binary, p = 0.7", "graded"])
def test_the_interval_of_the_test_split_holds_the_truth_in_90_to_98_of_100_runs(world, test):
    kind = {"world": world, "rollouts": 600 + 2 * test, "gain": 0.25, "chance": 0.3, "test": test}
    held = [each.covered for each in seen(200, "coverage", **kind) if each.covered is not None]

    assert 0.90 <= sum(held) / len(held) <= 0.98 + 2 / len(held)
