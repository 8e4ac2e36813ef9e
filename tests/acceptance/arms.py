"""Whole optimizations of the two packaged agents with simulated models in process, with parts of the signal taken away.

An arm says what the reflector gets to see; everything else of a run is equal: world, splits, budget, policy, seeds.
"""

import argparse
import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from statistics import fmean
from typing import Any

from pydantic_ai.agent import AbstractAgent
from pydantic_evals import Case, Dataset

from spanwright.core.candidate import Candidate, Kind
from spanwright.core.protocols import Evaluator, Recorder, Reflector
from spanwright.core.usage import Budget
from spanwright.engine import Conduct, Engine, Means, Problem
from spanwright.reflection import ModelReflector
from spanwright.report import Result
from spanwright.search import Blamed, Policy
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
DESK_TOLD = World(
    name="support_desk_told_by_tools",
    subject=desk.handle,
    agents=(desk.support,),
    cases=tickets.tickets_shown_by_tools,
)
"""The tickets of which only tools' messages show what matters."""
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
) -> Result:
    """Optimize a world under an arm."""
    provider = in_process(simulated_app(default_models(), salt=f"acceptance {seed}"))
    for agent in world.agents:
        agent.model = simulated_model(TASK_MODEL, provider)  # pyright: ignore[reportAttributeAccessIssue]
    evals = eval_set(Evals(cases=world.cases(), group=_group, seed=seed))
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


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One optimization, by names, so that another process can do it."""

    world: str
    arm: str = "FULL"
    policy: str = "default"
    seed: int
    rollouts: int
    offer: int = 8
    """Components on offer to a reflection of the default policy."""
    pace: int = 60
    """As the policy's."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a trial came to."""

    seed_test: float
    best_test: float
    changed: frozenset[Kind]
    """The kinds of the components that the winner changed."""
    components_changed: int

    @property
    def gain(self) -> float:
        """How much better the winner is than the seed on the test split."""
        return self.best_test - self.seed_test


WORLDS = {"desk": DESK, "told by tools": DESK_TOLD, "multihop": MULTIHOP}
ARMS = {
    "SCORE_ONLY": SCORE_ONLY,
    "FEEDBACK": FEEDBACK,
    "TRACES": TRACES,
    "FULL": FULL,
    "FOREIGN": FOREIGN,
    "CHANCE": CHANCE,
}
POLICIES = {"default": Policy.default, "best of n": Policy.best_of_n, "gepa": Policy.gepa}


def outcomes(trials: Sequence[Trial]) -> list[Outcome]:
    """Do trials, one a core at a time."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as processes:
        return list(processes.map(outcome, trials))


def outcome(trial: Trial) -> Outcome:
    """Do one trial."""
    policy = POLICIES[trial.policy](seed=trial.seed, rollouts_per_step=trial.pace)
    if trial.policy != "gepa":
        policy = replace(policy, component_rule=Blamed(at_most=trial.offer))
    result = asyncio.run(
        run(WORLDS[trial.world], ARMS[trial.arm], seed=trial.seed, rollouts=trial.rollouts, policy=policy)
    )
    assert result.seed_test is not None
    assert result.best_test is not None
    kinds = {component.id: component.kind for component in result.components}
    return Outcome(
        seed_test=result.seed_test,
        best_test=result.best_test,
        changed=frozenset(kinds[id] for id in result.components_changed),
        components_changed=len(result.components_changed),
    )


def main() -> None:
    """Print what trials gain: `python tests/acceptance/arms.py desk FULL --seeds 8 --rollouts 800 [--offer 3]`."""
    parser = argparse.ArgumentParser(description="Optimize a packaged agent again and again, and print the gains.")
    parser.add_argument("world", choices=WORLDS)
    parser.add_argument("arm", choices=ARMS)
    parser.add_argument("--policy", choices=POLICIES, default="default")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--rollouts", type=int, default=800)
    parser.add_argument("--offer", type=int, default=8, help="components on offer")
    parser.add_argument("--pace", type=int, default=60)
    asked = parser.parse_args()
    done = outcomes(
        [
            Trial(
                world=asked.world,
                arm=asked.arm,
                policy=asked.policy,
                seed=seed,
                rollouts=asked.rollouts,
                offer=asked.offer,
                pace=asked.pace,
            )
            for seed in range(1, asked.seeds + 1)
        ]
    )
    gains = [each.gain for each in done]
    print(f"mean {fmean(gains):+.2f}, each {', '.join(f'{each:+.2f}' for each in gains)}")  # noqa: T201


if __name__ == "__main__":
    main()
