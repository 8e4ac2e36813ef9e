"""The engine in whole runs of a landscape, in virtual time."""

from collections.abc import Sequence

import pytest
from engine_trials import Terms

from spanwright.core.candidate import Candidate, CandidateId
from spanwright.core.events import StopReason
from spanwright.core.usage import Budget
from spanwright.search import Policy, PoolView
from spanwright.search.race import open_cases
from spanwright.testing.landscape import Landscape
from spanwright.testing.virtual import run_virtual


@pytest.mark.parametrize("policy", [Policy.default(), Policy.default(schedule="ordered"), Policy.gepa()])
def test_a_run_finds_a_better_candidate_within_its_budget(policy: Policy) -> None:
    world = Landscape(seed=1)

    made = run_virtual(Terms(world=world, policy=policy, budget=Budget(rollouts=600, reflections=150)).run())

    splits = world.splits(train=30, validation=20, test=20)
    best = made.ended.pool.candidate(made.ended.winner)
    assert world.truth(best, splits.test) > world.truth(Candidate(texts=world.texts()), splits.test) + 0.3
    assert made.subject.calls <= 600
    assert made.subject.calls == made.engine.ledger.spent.rollouts
    assert made.ended.complete
    assert made.subject.most_running <= 8


def still_wanted(view: PoolView, candidate: CandidateId, *, block: int, order: Sequence[str]) -> Sequence[str]:
    """Want one cell more of the incumbent for each attempt that was made."""
    wanted = block + (view.attempts if candidate == view.incumbent else 0)
    return open_cases(view, candidate, order)[: max(0, wanted - view.own(candidate))]


def test_an_attempt_does_not_wait_for_a_top_up_that_only_its_own_lease_could_pay():
    policy = Policy.default(schedule="ordered", race_rule=still_wanted)

    for rollouts in range(60, 75):
        made = run_virtual(Terms(world=Landscape(seed=1), policy=policy, budget=Budget(rollouts=rollouts)).run())

        assert made.ended.complete


def test_waiting_for_a_slot_is_no_working_time():
    terms = Terms(world=Landscape(seed=1), policy=Policy.gepa(), budget=Budget(rollouts=90), concurrency=1)

    made = run_virtual(terms.run())

    assert sum(rollout.usage.seconds for rollout in made.finished) <= made.finished[-1].ended


@pytest.mark.parametrize("runs", [30, pytest.param(200, marks=pytest.mark.slow)])
def test_random_runs_keep_their_budgets(runs: int) -> None:
    for seed in range(runs):
        world = Landscape(seed=seed, outage=0.05 if seed % 5 == 0 else 0.0, refusals=0.1 + 0.02 * (seed % 10))
        rollouts = int(60 + 140 * world.draw("rollouts"))
        reflections = rollouts
        sizes = (12 + seed % 20, 6 + seed % 17, 4 + seed % 9)
        policy = Policy.gepa() if seed % 3 == 0 else Policy.default(schedule="ordered" if seed % 2 else "steady")
        budget = Budget(rollouts=rollouts, reflections=reflections)
        width = 1 + int(40 * world.draw("width"))

        made = run_virtual(Terms(world=world, policy=policy, budget=budget, sizes=sizes, concurrency=width).run())

        finished = made.finished
        assert len(made.started) == len(finished) <= rollouts, seed
        assert made.reflector.calls <= reflections, seed
        assert made.engine.ledger.spent.rollouts == len(finished), seed
        assert not made.engine.ledger.outstanding, seed
        if made.ended.reason is StopReason.BUDGET:
            # Where nothing beat the seed there is only one candidate to test.
            usable = rollouts - (sizes[2] if made.ended.winner == made.ended.pool.seed else 0)
            assert made.engine.ledger.spent.rollouts >= 0.95 * usable, (seed, policy.name, rollouts, sizes)
        unvalidated = [child for child in made.accepted if made.ended.pool.own(child) == 0]
        if unvalidated:
            assert made.engine.ledger.spent.rollouts >= rollouts - 1, (seed, policy.name, len(unvalidated))
