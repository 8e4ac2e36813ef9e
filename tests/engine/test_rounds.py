"""Rounds of P parents x N proposals: whole runs of a landscape."""

from collections import Counter
from dataclasses import replace

from engine_trials import ORDERED

from spanwright.core.events import AttemptStarted, Judged
from spanwright.core.usage import Budget
from spanwright.search import MostImproved, Policy, Rounds
from spanwright.testing.virtual import run_virtual

ROUNDS = Rounds(parents=2, proposals=3, admission=MostImproved())
TERMS = replace(ORDERED["gepa"], policy=Policy.gepa(rounds=ROUNDS), budget=Budget(rollouts=300, reflections=200))


def test_a_round_has_its_parents_and_proposals_and_admits_the_best_alone() -> None:
    made = run_virtual(TERMS.run())
    started = [event for event in made.events if isinstance(event, AttemptStarted)]
    rounds = Counter(each.round for each in started)
    admitted = Counter(
        started[event.attempt - 1].round
        for event in made.events
        if isinstance(event, Judged) and event.verdict.accepted
    )

    assert set(rounds.values()) == {6}
    assert all(len({each.parent for each in started[at : at + 3]}) == 1 for at in range(0, len(started), 3))
    assert set(admitted.values()) == {1}
    assert len({each.cases for each in started[:4]}) == 4, "each attempt of a round has a minibatch of its own"


def test_the_attempts_of_a_round_go_side_by_side_unless_the_schedule_is_ordered() -> None:
    ordered = run_virtual(TERMS.run())
    steady = run_virtual(replace(TERMS, policy=replace(TERMS.policy, schedule="steady"), concurrency=32).run())

    assert steady.events[-1].at < 0.6 * ordered.events[-1].at  # type: ignore[union-attr]
