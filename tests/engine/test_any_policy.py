"""Whatever rules a policy is put together from, a run ends, keeps its budget, and can be resumed to the same end."""

import random
from dataclasses import replace

import pytest
from engine_trials import Course, Terms, WrittenDown, scored_twice

from spanwright.core.usage import Budget
from spanwright.search import (
    AllOf,
    AnyOf,
    AtMost,
    Crossover,
    EpsilonGreedy,
    Merge,
    MostImproved,
    Pareto,
    Patience,
    Policy,
    PolicySettings,
    Rounds,
    Target,
    Thompson,
    best,
    everything,
    not_worse,
    pareto,
    round_robin,
    strict,
)
from spanwright.testing.landscape import Landscape
from spanwright.testing.virtual import run_virtual

PARENTS = (pareto, best, Thompson(), Pareto(), Pareto(top=5), EpsilonGreedy())
DRAFTS = (None, Merge(share=0.5, overlap=3), Merge(share=1.0, after_admission=True, at_most=5), Merge(bar_cases=0))
ROUNDS = (None, Rounds(parents=2, proposals=2), Rounds(proposals=3, admission=MostImproved(at_most=2)))
STOPS = (
    None,
    AtMost(members=7),
    AnyOf(Patience(attempts=6), AtMost(proposals=9)),
    AllOf(AtMost(rollouts=90), Target(score=0.4)),
)


def drawn(seed: int) -> Terms:
    """Return terms whose every rule is drawn."""
    chance = random.Random(seed)
    settings = PolicySettings(
        seed=seed,
        schedule="ordered",
        parent_rule=chance.choice(PARENTS),
        component_rule=chance.choice((round_robin, everything)),
        gate_rule=chance.choice((None, strict, not_worse)),
        draft_rule=chance.choice(DRAFTS),
        crossover_rule=chance.choice((None, Crossover(share=0.5, differ=2))),
        stop=chance.choice(STOPS),
        minibatch_size=chance.choice((1, 3, 5)),
        tries=1 + seed % 3,
        block=chance.choice((None, 4, 8)),
        perfect=chance.choice((None, 1.0)),
        second_chances=chance.random() < 0.5,
        finalist_count=chance.choice((0, 2, 4)),
        memory=chance.random() < 0.5,
        fruitless=chance.choice((5, 30)),
    )
    if settings.get("gate_rule") is not None:
        settings["rounds"] = chance.choice(ROUNDS)
    rollouts = chance.randrange(40, 200)
    return Terms(
        world=Landscape(seed=seed, repeatable=True, refusals=0.2),
        policy=Policy.default(**settings),
        budget=Budget(rollouts=rollouts, reflections=chance.choice((5, rollouts))),
        sizes=(chance.randrange(5, 20), chance.randrange(5, 20), 3),
        concurrency=chance.choice((1, 8, 40)),
    )


@pytest.mark.parametrize("seed", range(30))
def test_a_run_by_any_rules_keeps_its_budget_and_resumes_to_the_same_end(seed: int) -> None:
    terms, journal = drawn(seed), WrittenDown()
    made = run_virtual(terms.run(journal))
    expected = Course.of(made)

    assert made.ended.complete
    assert len(made.finished) <= terms.budget.rollouts
    assert made.reflections <= terms.budget.reflections
    assert not made.engine.ledger.outstanding
    for length in random.Random(seed).sample(range(len(journal.writes)), 3):
        resumed = run_virtual(replace(terms, concurrency=8).run(WrittenDown(journal.writes[:length])))

        assert expected == Course.of(resumed), length
        assert [] == scored_twice(resumed), length


@pytest.mark.parametrize("seed", range(40, 52))
def test_a_steady_run_by_any_rules_keeps_its_budget(seed: int) -> None:
    terms = drawn(seed)
    made = run_virtual(replace(terms, policy=replace(terms.policy, schedule="steady")).run())

    assert made.ended.complete
    assert len(made.finished) <= terms.budget.rollouts
    assert made.reflections <= terms.budget.reflections
    assert not made.engine.ledger.outstanding
