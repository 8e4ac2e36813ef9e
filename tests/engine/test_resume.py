"""A run that was cut off anywhere goes on from there: whatever a crash leaves is a prefix of what was written."""

import random
from dataclasses import replace

import pytest
from engine_trials import ORDERED, Course, Terms, WrittenDown, scored_twice, whole

from spanwright.core.events import Event, RolloutEnded, RolloutStarted
from spanwright.core.rollout import Observed, Purpose, Rollout
from spanwright.core.usage import Budget
from spanwright.search import Policy
from spanwright.testing.landscape import Landscape
from spanwright.testing.virtual import run_virtual

EVERY = {
    "default": 1,
    "gepa": 1,
    "with finals": 61,
    "with a top-up": 301,
    "below zero": 61,
    "tried twice": 3,
    "impatient": 61,
    "with a target": 61,
}
"""Of the small runs every prefix is tried, of the large ones each so-manieth."""
SPREAD = [pytest.param(1, marks=pytest.mark.slow), 5]
"""`make test` tries each fifth of these prefixes, `make test-slow` all of them."""


@pytest.mark.parametrize("spread", SPREAD)
@pytest.mark.parametrize("name", ORDERED)
def test_an_ordered_run_comes_to_the_same_end_from_every_prefix_of_its_journal(name: str, spread: int) -> None:
    expected, journal = whole(name)

    for length in range(0, len(journal.writes), EVERY[name] * spread):
        resumed = run_virtual(ORDERED[name].run(WrittenDown(journal.writes[:length])))

        assert expected == Course.of(resumed), length
        assert [] == scored_twice(resumed), length


@pytest.mark.parametrize("spread", SPREAD)
def test_a_top_up_that_was_cut_off_is_finished_and_not_repeated(spread: int) -> None:
    expected, journal = whole("with a top-up")
    topped_up = [place for place, each in enumerate(journal.writes) if is_top_up(each)]

    assert topped_up
    for length in sorted({place + step for place in topped_up[::spread] for step in (0, 1)}):
        resumed = run_virtual(ORDERED["with a top-up"].run(WrittenDown(journal.writes[:length])))

        assert expected == Course.of(resumed), length


def is_top_up(written: Event | Observed) -> bool:
    """Say whether this is a rollout that measures a member further on behalf of an attempt."""
    rollout = written.rollout if isinstance(written, RolloutEnded) else written
    if not isinstance(rollout, RolloutStarted | Rollout):
        return False
    return rollout.purpose is Purpose.VALIDATION and rollout.attempt is not None


@pytest.mark.parametrize("times", [1, pytest.param(5, marks=pytest.mark.slow)])
def test_an_ordered_run_that_is_cut_off_again_and_again_comes_to_the_same_end(times: int) -> None:
    expected, journal = whole("with finals")
    chance = random.Random(1)

    for _ in range(times):
        writes = journal.writes
        for _ in range(6):
            left = WrittenDown(writes[: chance.randrange(len(writes))])
            resumed = run_virtual(ORDERED["with finals"].run(left))
            writes = left.writes

            assert expected == Course.of(resumed)
            assert [] == scored_twice(resumed)


@pytest.mark.parametrize("name", ORDERED)
def test_an_ordered_run_does_not_depend_on_how_many_rollouts_run_at_once(name: str) -> None:
    expected, _ = whole(name)

    for concurrency in (1, 64):
        assert expected == Course.of(run_virtual(replace(ORDERED[name], concurrency=concurrency).run()))


@pytest.mark.parametrize("seed", [0, 1, 2, 7, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 7))])
def test_a_steady_run_that_was_cut_off_keeps_its_budget_and_validates_whom_it_admitted(seed: int) -> None:
    chance = random.Random(seed)
    rollouts = chance.randint(120, 360)
    terms = Terms(
        world=Landscape(seed=seed, outage=0.05 * (seed % 2)),
        policy=Policy.gepa(schedule="steady", max_in_flight=8) if seed % 3 == 2 else Policy.default(),
        budget=Budget(rollouts=rollouts, reflections=80),
        sizes=(12, 24, 6),
        concurrency=chance.choice((2, 16, 40)),
    )
    writes = whole_steady(terms).writes

    for _ in range(5):
        left = WrittenDown(writes[: chance.randrange(len(writes))])
        resumed = run_virtual(terms.run(left))
        writes = left.writes

        unvalidated = [child for child in resumed.accepted if resumed.ended.pool.own(child) == 0]
        assert resumed.ended.complete
        assert [] == scored_twice(resumed)
        assert len(resumed.finished) == resumed.engine.ledger.spent.rollouts <= rollouts
        assert not resumed.engine.ledger.outstanding
        # A seed that nothing beats is tested alone: what was kept to test a winner is left.
        spared = terms.sizes[2] if resumed.ended.winner == resumed.ended.pool.seed else 0
        assert not unvalidated or len(resumed.finished) >= rollouts - spared - 1


def whole_steady(terms: Terms) -> WrittenDown:
    journal = WrittenDown()
    run_virtual(terms.run(journal))
    return journal
