"""Whole optimizations of the two packaged agents with simulated models in process, with parts of the signal taken away.

An arm says what the reflector gets to see; everything else of a run is equal: world, splits, budget, policy, seeds.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Any

from pydantic_ai.agent import AbstractAgent
from pydantic_evals import Case, Dataset

from spanwright.core.candidate import Candidate
from spanwright.core.protocols import Evaluator, Recorder, Reflector
from spanwright.core.usage import Budget
from spanwright.engine import Conduct, Engine, Means, Problem
from spanwright.reflection import ModelReflector
from spanwright.report import Result
from spanwright.search import Policy
from spanwright.store import MemoryStore
from spanwright.subject import Evals, Scoring, chosen, eval_set, subject_of
from spanwright.telemetry import SpanRecorder
from spanwright.testing.ablation import ForeignTraces, WithoutFeedback, WithoutTraces
from spanwright.testing.controls import RandomReflector
from spanwright.testing.simulated.models import REFLECTION_MODEL, TASK_MODEL, default_models
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process, simulated_model
from spanwright_agents import multihop
from spanwright_agents.support_desk import agent as desk
from spanwright_agents.support_desk import evals as tickets


@dataclass(frozen=True, kw_only=True)
class World:
    """An agent that comes along, and what it is measured by."""

    name: str
    subject: Any
    agents: tuple[AbstractAgent[Any, Any], ...]
    cases: Callable[[], Dataset[Any, Any, Any]]
    deps: Callable[[Any], AbstractAsyncContextManager[Any]] | None = None


def _group(case: Case[Any, Any, Any]) -> str:
    return case.metadata.group


DESK = World(name="support_desk", subject=desk.handle, agents=(desk.support,), cases=tickets.tickets)
MULTIHOP = World(
    name="multihop",
    subject=multihop.answer_question,
    agents=(multihop.query_writer, multihop.answerer),
    cases=multihop.questions,
)


@dataclass(frozen=True, kw_only=True)
class Arm:
    """What the reflector gets to see."""

    feedback: bool = True
    traces: bool = True
    foreign: bool = False
    """Traces of other rollouts in place of the true ones."""
    by_chance: bool = False
    """A reflector that reads nothing."""

    def evaluator(self, evaluator: Evaluator) -> Evaluator:
        return evaluator if self.feedback else WithoutFeedback(evaluator)

    def recorder(self, recorder: Recorder) -> Recorder:
        if self.foreign:
            return ForeignTraces(recorder)
        return recorder if self.traces else WithoutTraces(recorder)


SCORE_ONLY = Arm(feedback=False, traces=False)
FEEDBACK = Arm(traces=False)
TRACES = Arm(feedback=False)
FULL = Arm()
FOREIGN = Arm(feedback=False, foreign=True)
CHANCE = Arm(by_chance=True)


async def run(
    world: World,
    arm: Arm,
    *,
    seed: int,
    rollouts: int,
    policy: Policy | None = None,
    keep: Callable[[Case[Any, Any, Any]], bool] = lambda _case: True,
) -> Result:
    """Optimize a world under an arm; `keep` picks the cases."""
    provider = in_process(simulated_app(default_models(), salt=f"acceptance {seed}"))
    for agent in world.agents:
        agent.model = simulated_model(TASK_MODEL, provider)  # pyright: ignore[reportAttributeAccessIssue]
    dataset = world.cases()
    dataset.cases = [case for case in dataset.cases if keep(case)]
    evals = eval_set(Evals(cases=dataset, group=_group, seed=seed))
    subject = subject_of(world.subject, world.deps, evals.theirs)
    components = chosen(await subject.components(), None)
    reflector: Reflector = ModelReflector(simulated_model(REFLECTION_MODEL, provider))
    if arm.by_chance:
        reflector = RandomReflector(seed)
    problem = Problem(
        subject=subject,
        evaluator=arm.evaluator(Scoring(evals, None)),
        reflector=reflector,
        splits=evals.splits,
        seed=Candidate(texts={component.id: component.text for component in components}),
        components=components,
    )
    with SpanRecorder.attach() as recorder:
        async with MemoryStore().run("arm") as journal:
            means = Means(journal=journal, recorder=arm.recorder(recorder))
            conduct = Conduct(run="arm", budget=Budget(rollouts=rollouts, reflections=rollouts // 4))
            await Engine(problem, policy or Policy.default(seed=seed), means, conduct).run()
            return Result.from_events(journal.events())


async def gain(world: World, arm: Arm, *, seed: int, rollouts: int, policy: Policy | None = None) -> float:
    """Return how much better the winner is than the seed on the test split."""
    result = await run(world, arm, seed=seed, rollouts=rollouts, policy=policy)
    assert result.seed_test is not None
    assert result.best_test is not None
    return result.best_test - result.seed_test


def with_seed(policy: Policy, seed: int) -> Policy:
    """Return the policy with another seed."""
    return replace(policy, seed=seed)
