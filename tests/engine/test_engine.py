"""The engine in whole runs of a landscape, in virtual time."""

from dataclasses import dataclass

import anyio
import pytest

from spanwright.core.candidate import Candidate
from spanwright.core.events import Event, Judged, RolloutEnded, RolloutStarted, StopReason
from spanwright.core.usage import Budget
from spanwright.engine import Conduct, Ended, Engine, Means, Problem, Stop
from spanwright.search import Policy
from spanwright.store import MemoryStore
from spanwright.telemetry import BlindRecorder
from spanwright.testing.landscape import Landscape, LandscapeReflector, LandscapeSubject, landscape_evaluator
from spanwright.testing.virtual import run_virtual


@dataclass
class Trial:
    """A run that was made, and what its world saw."""

    ended: Ended
    engine: Engine
    subject: LandscapeSubject
    reflector: LandscapeReflector
    events: list[Event]


async def trial(
    world: Landscape,
    policy: Policy,
    budget: Budget,
    *,
    sizes: tuple[int, int, int] = (30, 20, 20),
    concurrency: int = 8,
    stop: Stop | None = None,
    store: MemoryStore | None = None,
) -> Trial:
    subject = LandscapeSubject(world)
    reflector = LandscapeReflector(world)
    train, validation, test = sizes
    problem = Problem(
        subject=subject,
        evaluator=landscape_evaluator,
        reflector=reflector,
        splits=world.splits(train=train, validation=validation, test=test),
        seed=Candidate(texts=world.texts()),
        components=tuple(await subject.components()),
    )
    async with (store or MemoryStore()).run("trial") as journal:
        means = Means(journal=journal, recorder=BlindRecorder(), clock=anyio.current_time)
        conduct = Conduct(run="trial", budget=budget, concurrency=concurrency, stop=stop or Stop())
        engine = Engine(problem, policy, means, conduct)
        ended = await engine.run()
        events = list(journal.events())
    return Trial(ended, engine, subject, reflector, events)


@pytest.mark.parametrize("policy", [Policy.default(), Policy.default(schedule="ordered"), Policy.gepa()])
def test_a_run_finds_a_better_candidate_within_its_budget(policy: Policy) -> None:
    world = Landscape(seed=1)

    made = run_virtual(trial(world, policy, Budget(rollouts=600, reflections=150)))

    splits = world.splits(train=30, validation=20, test=20)
    best = made.ended.pool.candidate(made.ended.winner)
    assert world.truth(best, splits.test) > world.truth(Candidate(texts=world.texts()), splits.test) + 0.3
    assert made.subject.calls <= 600
    assert made.subject.calls == made.engine.ledger.spent.rollouts
    assert made.ended.complete
    assert made.subject.most_running <= 8


def test_two_hundred_random_runs_keep_their_budgets() -> None:
    for seed in range(200):
        world = Landscape(seed=seed, outage=0.05 if seed % 5 == 0 else 0.0, refusals=0.1 + 0.02 * (seed % 10))
        rollouts = int(60 + 240 * world.draw("rollouts"))
        reflections = rollouts
        sizes = (12 + seed % 20, 6 + seed % 17, 4 + seed % 9)
        policy = Policy.gepa() if seed % 3 == 0 else Policy.default(schedule="ordered" if seed % 2 else "steady")
        budget = Budget(rollouts=rollouts, reflections=reflections)

        made = run_virtual(trial(world, policy, budget, sizes=sizes, concurrency=1 + int(40 * world.draw("width"))))

        started = [event for event in made.events if isinstance(event, RolloutStarted)]
        finished = [event for event in made.events if isinstance(event, RolloutEnded)]
        assert len(started) == len(finished) <= rollouts, seed
        assert made.reflector.calls <= reflections, seed
        assert made.engine.ledger.spent.rollouts == len(finished), seed
        assert not made.engine.ledger.outstanding, seed
        if made.ended.reason is StopReason.BUDGET:
            # Where nothing beat the seed there is only one candidate to test.
            usable = rollouts - (sizes[2] if made.ended.winner == made.ended.pool.seed else 0)
            assert made.engine.ledger.spent.rollouts >= 0.95 * usable, (seed, policy.name, rollouts, sizes)
        accepted = [event.child.id for event in made.events if isinstance(event, Judged) and event.verdict.accepted]
        unvalidated = [child for child in accepted if made.ended.pool.own(child) == 0]
        if unvalidated:
            assert made.engine.ledger.spent.rollouts >= rollouts - 1, (seed, policy.name, len(unvalidated))
