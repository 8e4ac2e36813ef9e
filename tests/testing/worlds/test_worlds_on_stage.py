"""Whole runs of our engine on worlds, in virtual time and over the wire."""

import anyio

from spanwright.core.events import Judged
from spanwright.core.usage import Budget
from spanwright.engine import Conduct, Ended, Engine, Means
from spanwright.search import Policy
from spanwright.store import MemoryStore
from spanwright.testing.simulated.transport import in_process, simulated_model
from spanwright.testing.virtual import run_virtual
from spanwright.testing.worlds import Sizes, make_world
from spanwright.testing.worlds.staging import Latency, Stage
from spanwright.testing.worlds.wire import Desk, world_app
from spanwright.testing.worlds.world import REFLECTION

SIZES = Sizes(train=30, validation=20, test=30)
SMALL = Sizes(train=9, validation=6, test=2)


async def run(stage: Stage, policy: Policy, rollouts: int, *, concurrency: int = 16) -> tuple[Ended, list[Judged]]:
    async with MemoryStore().run("world") as journal:
        means = Means(journal=journal, recorder=stage.recorder, clock=anyio.current_time)
        conduct = Conduct(run="world", budget=Budget(rollouts=rollouts), concurrency=concurrency)
        ended = await Engine(stage.problem, policy, means, conduct).run()
        return ended, [event for event in journal.events() if isinstance(event, Judged)]


def test_an_engine_gains_on_a_world_and_twice_the_same() -> None:
    world = make_world("rules", 200, sizes=SIZES)
    (ended, judged), (again, _) = (
        run_virtual(run(Stage(world, latency=Latency()), Policy.default(seed=1), 400)) for _ in range(2)
    )

    assert judged
    assert ended.winner == again.winner
    assert world.truth(ended.pool.candidate(ended.winner).texts) > world.truth(world.seed_texts) + 0.1


def test_an_engine_with_a_muted_reflector_keeps_the_seed() -> None:
    stage = Stage(make_world("coupled", 200, sizes=SIZES, profile=None), latency=Latency())
    ended, judged = run_virtual(run(stage, Policy.gepa(seed=1), 300))

    assert ended.winner == stage.problem.seed.id
    assert not judged


def test_a_run_over_the_wire_ends_in_the_same_candidate_as_one_in_process() -> None:
    world = make_world("rules", 203, sizes=SMALL)
    lean, judged = run_virtual(run(Stage(world), Policy.gepa(seed=1), 80))
    provider = in_process(world_app(world))
    stage = Stage(world, play=Desk(world, provider).play, reflection=simulated_model(REFLECTION, provider))
    wired, same = anyio.run(run, stage, Policy.gepa(seed=1), 80)

    assert [each.child.id for each in same] == [each.child.id for each in judged]
    assert any(each.verdict.accepted for each in same)
    assert wired.winner == lean.winner
