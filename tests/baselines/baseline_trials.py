"""Whole runs of baselines: on the landscape with its own reflector, and on a world with its reflection model."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import anyio

from spanwright.baselines import Baseline, beam, best_of_n, few_shot, greedy, mipro, opro, random_search
from spanwright.baselines.mipro import InTurn
from spanwright.core.annotation import Annotation
from spanwright.core.candidate import Candidate
from spanwright.core.events import Event
from spanwright.core.proposal import Reflection
from spanwright.core.protocols import Reflector
from spanwright.core.rollout import Observed, Rollout
from spanwright.core.trace import Trace
from spanwright.core.usage import Budget
from spanwright.engine import Conduct, Ended, Engine, Means, Problem
from spanwright.reflection import Demonstrations
from spanwright.telemetry import BlindRecorder
from spanwright.testing.landscape import Landscape, LandscapeReflector, LandscapeSubject, landscape_evaluator
from spanwright.testing.virtual import run_virtual
from spanwright.testing.worlds import Sizes, make_world
from spanwright.testing.worlds.staging import Latency, Stage

BASELINES: Mapping[str, Callable[..., Baseline]] = {
    "greedy": greedy,
    "opro": opro,
    "random-search": random_search,
    "best-of-n": best_of_n,
    "few-shot": few_shot,
    "beam": beam,
    "mipro": mipro,
}
SIZES = Sizes(train=20, validation=16, test=40)


@dataclass(kw_only=True)
class Kept:
    """A journal that can be cut where a crash would cut it."""

    writes: list[Event | Observed] = field(default_factory=list)
    annotated: list[Annotation] = field(default_factory=list)

    def append(self, event: Event) -> None:
        self.writes.append(event)

    def keep_trace(self, rollout: Rollout, trace: Trace, output: str) -> None:
        self.writes.append(Observed(rollout=rollout, trace=trace, output=output))

    def keep_reflection(self, attempt: int, reflection: Reflection) -> None:
        """Forget it: no run reads it again."""

    def observed(self, number: int) -> Observed | None:
        found = (each for each in self.writes if isinstance(each, Observed) and each.rollout.number == number)
        return next(found, None)

    def annotations(self) -> Sequence[Annotation]:
        return self.annotated

    async def durable(self) -> None:
        """Return at once."""

    def events(self) -> Iterator[Event]:
        yield from [each for each in self.writes if not isinstance(each, Observed)]


def on_the_landscape(name: str, rollouts: int, writes: Sequence[Event | Observed] = ()) -> tuple[Ended, Kept]:
    """Run a baseline one attempt at a time on the landscape, from where a journal stands."""
    world = Landscape(seed=3, repeatable=True, refusals=0.1)
    baseline = BASELINES[name](schedule="ordered")
    reflector: Reflector = LandscapeReflector(world)
    if name == "few-shot":
        reflector = Demonstrations(passing=0.5)
    elif name == "mipro":
        reflector = InTurn(reflector, Demonstrations(passing=0.5))
    return run_virtual(_landscape(world, baseline, reflector, rollouts, Kept(writes=list(writes))))


async def _landscape(
    world: Landscape, baseline: Baseline, reflector: Reflector, rollouts: int, journal: Kept
) -> tuple[Ended, Kept]:
    subject = LandscapeSubject(world)
    problem = Problem(
        subject=subject,
        evaluator=landscape_evaluator,
        reflector=reflector,
        splits=world.splits(train=12, validation=10, test=0),
        seed=Candidate(texts=world.texts()),
        components=tuple(await subject.components()),
    )
    means = Means(journal=journal, recorder=BlindRecorder(), clock=anyio.current_time)
    conduct = Conduct(run="trial", budget=Budget(rollouts=rollouts, reflections=60), concurrency=8)
    return await Engine(problem, baseline.policy, means, conduct).run(), journal


def in_a_world(name: str, rollouts: int, *, family: str = "rules", seed: int = 100) -> tuple[Ended, Kept]:
    """Run a baseline as it is on a world, with the reflector that it makes."""
    world = make_world(family, seed, sizes=SIZES)
    stage = Stage(world, latency=Latency())
    baseline = BASELINES[name]()
    problem = replace(
        stage.problem,
        reflector=baseline.writer(stage.reflection_model),
        splits=replace(stage.problem.splits, test=()),
    )
    journal = Kept()

    async def run() -> Ended:
        means = Means(journal=journal, recorder=stage.recorder, clock=anyio.current_time)
        conduct = Conduct(run="trial", budget=Budget(rollouts=rollouts, reflections=60), concurrency=16)
        return await Engine(problem, baseline.policy, means, conduct).run()

    return run_virtual(run()), journal
