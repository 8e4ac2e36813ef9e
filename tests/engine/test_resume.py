"""A run that was cut off anywhere goes on from there: whatever a crash leaves is a prefix of what was written."""

import random
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache

import pytest
from engine_trials import Terms, Trial, WrittenDown

from spanwright.core.candidate import CandidateId
from spanwright.core.events import StopReason
from spanwright.core.rollout import RolloutKey
from spanwright.core.usage import Budget
from spanwright.search import Policy
from spanwright.testing.landscape import Landscape
from spanwright.testing.virtual import run_virtual

WORLD = Landscape(seed=3, repeatable=True, refusals=0.2)
SMALL = Budget(rollouts=84, reflections=30)
LARGE = Budget(rollouts=330, reflections=60)

ORDERED = {
    "default": Terms(world=WORLD, policy=Policy.default(schedule="ordered"), budget=SMALL, sizes=(12, 20, 4)),
    "gepa": Terms(world=WORLD, policy=Policy.gepa(), budget=SMALL, sizes=(12, 8, 4)),
    "with finals": Terms(world=WORLD, policy=Policy.default(schedule="ordered"), budget=LARGE, sizes=(12, 40, 6)),
    "impatient": Terms(
        world=WORLD, policy=Policy.default(schedule="ordered", patience=4), budget=LARGE, sizes=(12, 40, 6)
    ),
    "with a target": Terms(
        world=WORLD, policy=Policy.default(schedule="ordered", target=0.55), budget=LARGE, sizes=(12, 40, 6)
    ),
}
EVERY = {"default": 1, "gepa": 1, "with finals": 23, "impatient": 23, "with a target": 23}
"""Of the small runs every prefix is tried, of the large ones each so-manieth."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """What must not depend on whether a run was interrupted, nor on how many rollouts run at once."""

    winner: CandidateId
    reason: StopReason
    complete: bool
    accepted: tuple[CandidateId, ...]
    reflections: int
    rollouts: int

    @classmethod
    def of(cls, trial: Trial) -> "Course":
        return cls(
            winner=trial.ended.winner,
            reason=trial.ended.reason,
            complete=trial.ended.complete,
            accepted=tuple(trial.accepted),
            reflections=trial.reflections,
            rollouts=len(trial.finished),
        )


@cache
def whole(name: str) -> tuple[Course, WrittenDown]:
    journal = WrittenDown()
    return Course.of(run_virtual(ORDERED[name].run(journal))), journal


@pytest.mark.parametrize("name", ORDERED)
def test_an_ordered_run_comes_to_the_same_end_from_every_prefix_of_its_journal(name: str) -> None:
    expected, journal = whole(name)

    for length in range(0, len(journal.writes), EVERY[name]):
        resumed = run_virtual(ORDERED[name].run(WrittenDown.cut(journal.writes[:length])))

        assert expected == Course.of(resumed), length
        assert [] == scored_twice(resumed), length


def test_an_ordered_run_that_is_cut_off_again_and_again_comes_to_the_same_end() -> None:
    expected, journal = whole("with finals")
    chance = random.Random(1)

    for _ in range(5):
        writes = journal.writes
        for _ in range(6):
            left = WrittenDown.cut(writes[: chance.randrange(len(writes))])
            resumed = run_virtual(ORDERED["with finals"].run(left))
            writes = left.writes

            assert expected == Course.of(resumed)
            assert [] == scored_twice(resumed)


@pytest.mark.parametrize("name", ORDERED)
def test_an_ordered_run_does_not_depend_on_how_many_rollouts_run_at_once(name: str) -> None:
    expected, _ = whole(name)

    for concurrency in (1, 3, 64):
        assert expected == Course.of(run_virtual(replace(ORDERED[name], concurrency=concurrency).run()))


@pytest.mark.parametrize("seed", range(8))
def test_a_steady_run_that_was_cut_off_keeps_its_budget_and_validates_whom_it_admitted(seed: int) -> None:
    chance = random.Random(seed)
    terms = Terms(
        world=Landscape(seed=seed, outage=0.05 * (seed % 2)),
        policy=Policy.gepa(schedule="steady", max_in_flight=8) if seed % 3 == 2 else Policy.default(),
        budget=Budget(rollouts=chance.randint(120, 360), reflections=80),
        sizes=(12, 24, 6),
        concurrency=chance.choice((2, 16, 40)),
    )
    writes = whole_steady(terms).writes

    for _ in range(5):
        left = WrittenDown.cut(writes[: chance.randrange(len(writes))])
        resumed = run_virtual(terms.run(left))
        writes = left.writes

        unvalidated = [child for child in resumed.accepted if resumed.ended.pool.own(child) == 0]
        assert resumed.ended.complete
        assert [] == scored_twice(resumed)
        assert len(resumed.finished) == resumed.engine.ledger.spent.rollouts <= terms.budget.rollouts
        assert not resumed.engine.ledger.outstanding
        assert not unvalidated or len(resumed.finished) >= terms.budget.rollouts - 1


def whole_steady(terms: Terms) -> WrittenDown:
    journal = WrittenDown()
    run_virtual(terms.run(journal))
    return journal


def scored_twice(trial: Trial) -> list[RolloutKey]:
    times = Counter(rollout.key for rollout in trial.finished)
    return [key for key, count in times.items() if count > 1]
