"""Spanwright in a contest: its own engine under a policy, in virtual time, on the stage of a world."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import anyio
from contest import Contest, Course, Point, named, thinned
from contrasts import Counting
from pydantic_ai.models import Model

from spanwright.api.reflecting import dividing
from spanwright.core.candidate import CandidateId
from spanwright.core.events import Event, ReflectionStarted, RolloutEnded
from spanwright.core.protocols import Reflector
from spanwright.core.usage import Budget
from spanwright.engine import Conduct, Engine, Means, Problem
from spanwright.reflection import ModelReflector
from spanwright.search import Policy, Pool, Thompson, for_texts, pareto
from spanwright.store import MemoryStore
from spanwright.testing.virtual import run_virtual
from spanwright.testing.worlds.staging import Latency, Stage

MakePolicy = Callable[[int], Policy]

POLICIES: Mapping[str, MakePolicy] = MappingProxyType(
    {
        "spanwright": lambda seed: Policy.default(seed=seed),
        "our gepa": lambda seed: Policy.gepa(seed=seed),
        "best of n": lambda seed: Policy.best_of_n(seed=seed),
        "thompson": lambda seed: Policy.default(seed=seed, parent_rule=Thompson()),
        "pareto": lambda seed: Policy.default(seed=seed, parent_rule=pareto),
        "no memory": lambda seed: Policy.default(seed=seed, memory=False),
        "one edit": lambda seed: Policy.default(seed=seed, edits=1),
    }
)
"""Policies by the names of their arms."""


@dataclass(slots=True)
class Watch:
    """Writes down what the run would return at each moment: the incumbent."""

    truth: Callable[[Mapping[str, str]], float]
    now: Callable[[], float]
    pool: Pool = field(default_factory=Pool)
    points: list[Point] = field(default_factory=list[Point])
    busy: float = 0.0
    reflections: int = 0
    _known: dict[CandidateId, float] = field(default_factory=dict[CandidateId, float])

    def __call__(self, event: Event) -> None:
        """See an event, just after the run did."""
        self.pool.apply(event)
        self.reflections += isinstance(event, ReflectionStarted)
        if isinstance(event, RolloutEnded):
            # From when it had a slot: what waits for one is not at work.
            self.busy += event.rollout.ended - event.rollout.started
            self.note(self.pool.view.incumbent)

    def note(self, candidate: CandidateId) -> None:
        """Write down who would be returned now."""
        view = self.pool.view
        if candidate not in self._known:
            self._known[candidate] = self.truth(view.candidate(candidate).texts)
        self.points.append(Point(rollouts=view.usage.rollouts, seconds=self.now(), truth=self._known[candidate]))


def run_ours(
    arm: str, contest: Contest, policy: Policy | None = None, writer: Callable[[Model], Reflector] = ModelReflector
) -> Course:
    """Take part with the policy of an arm, or with one's own; `writer` makes a reflector of the reflection model.

    What `optimize` does by itself for an agent with many texts is done here, too.
    """
    world = contest.world()
    stage = Stage(world, latency=Latency())
    policy = for_texts(policy or POLICIES[arm](contest.salt), stage.problem.components, contest.budget)
    model = Counting(stage.reflection_model)
    problem = replace(stage.problem, reflector=dividing(writer(model), policy))
    course = run_virtual(run_on(arm, contest, stage, policy, problem))
    return replace(course, contrasts=model.contrasts)


async def run_on(arm: str, contest: Contest, stage: Stage, policy: Policy, problem: Problem | None = None) -> Course:
    """Take part on a stage of one's own, at the pace of the loop that runs."""
    world = contest.world()
    problem = problem or stage.problem
    # It is judged by the truth: no system pays for a test split.
    problem = replace(problem, splits=replace(world.splits, test=()))
    began = anyio.current_time()
    watch = Watch(truth=world.truth, now=lambda: anyio.current_time() - began)
    async with MemoryStore().run("contest") as journal:
        means = Means(journal=journal, recorder=stage.recorder, observers=(watch,), clock=anyio.current_time)
        conduct = Conduct(run="contest", budget=Budget(rollouts=contest.budget), concurrency=contest.width)
        ended = await Engine(problem, policy, means, conduct).run()
    view = ended.pool
    seconds = watch.now()
    best = view.candidate(ended.winner)
    end = Point(rollouts=view.usage.rollouts, seconds=seconds, truth=world.truth(best.texts))
    return Course(
        arm=arm,
        contest=contest,
        seed_truth=world.truth(world.seed_texts),
        oracle_truth=world.truth(world.oracle),
        points=thinned([*watch.points, end]),
        rollouts=view.usage.rollouts,
        reflections=watch.reflections,
        seconds=seconds,
        busy=watch.busy,
        candidate=best.id,
        estimate=view.estimate(ended.winner),
        candidates=len(view.members),
        pool=named(view.members),
    )
