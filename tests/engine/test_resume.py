"""A run that was cut off anywhere ends like one that was not: whatever a crash leaves is a prefix of what was written."""

from collections import Counter
from functools import cache

import pytest
from engine_trials import Terms, Trial, WrittenDown

from spanwright.core.usage import Budget
from spanwright.search import Policy
from spanwright.testing.landscape import Landscape
from spanwright.testing.virtual import run_virtual

WORLD = Landscape(seed=3, repeatable=True, refusals=0.15)

TERMS = {
    "default": Terms(
        world=WORLD,
        policy=Policy.default(schedule="ordered"),
        budget=Budget(rollouts=130, reflections=30),
        sizes=(12, 20, 6),
    ),
    "gepa": Terms(world=WORLD, policy=Policy.gepa(), budget=Budget(rollouts=130, reflections=30), sizes=(12, 10, 6)),
}


@cache
def whole(name: str) -> tuple[Trial, WrittenDown]:
    journal = WrittenDown()
    return run_virtual(TERMS[name].run(journal)), journal


def course(trial: Trial) -> tuple[object, ...]:
    """What must not depend on whether the run was interrupted."""
    ended = trial.ended
    return ended.winner, ended.reason, ended.complete, trial.accepted, trial.reflections, len(trial.finished)


@pytest.mark.parametrize("name", TERMS)
def test_from_every_prefix_of_its_journal_a_run_comes_to_the_same_end(name: str) -> None:
    made, journal = whole(name)

    different = {}
    for length in range(len(journal.writes)):
        resumed = run_virtual(TERMS[name].run(WrittenDown.cut(journal.writes[:length])))
        if course(resumed) != course(made):
            different[length] = course(resumed)
        scored = Counter(rollout.key for rollout in resumed.finished)
        assert not [key for key, times in scored.items() if times > 1]
    assert {} == different
