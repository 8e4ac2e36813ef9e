"""Under the ordered schedule a run depends on its seed alone: not on how many rollouts run at once, nor on what failed.

Whole runs over the wire: pydantic-ai's OpenAI model, our retries, the simulated server. In process they run in virtual
time and with the heavy-tailed latency law, so that answers arrive in another order at each width.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

import clerk
import pytest
from anyio import to_thread
from pydantic_ai.providers.openai import OpenAIProvider
from stories import Story, story

from spanwright import Budget, Evals, Policy, Run, optimize
from spanwright.store import MemoryStore
from spanwright.testing.simulated.faults import Fault, FaultKind
from spanwright.testing.simulated.host import serve
from spanwright.testing.simulated.latency import Latency
from spanwright.testing.simulated.log import CallLog
from spanwright.testing.simulated.models import REFLECTION_MODEL, TASK_MODEL, default_models
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process, over_socket, simulated_model
from spanwright.testing.simulated.wire import SimulatedModel
from spanwright.testing.virtual import run_virtual
from spanwright_agents import multihop
from spanwright_agents.support_desk import agent as desk
from spanwright_agents.support_desk import evals as tickets

POLICIES = {"default": Policy.default(schedule="ordered"), "gepa": Policy.gepa()}
RATE_LIMITS = (Fault(kind=FaultKind.RATE_LIMIT, probability=0.05, retry_after=0.05),)


@dataclass(frozen=True, kw_only=True)
class World:
    """Something to optimize over the wire."""

    models: Callable[[], Mapping[str, SimulatedModel]]
    reflection: str
    subject: Callable[[OpenAIProvider], Any]
    """Puts the agents onto a provider."""
    evals: Callable[[], Evals[Any, Any, Any]]


def _desk(provider: OpenAIProvider) -> Any:
    desk.support.model = simulated_model(TASK_MODEL, provider)
    return desk.handle


def _multihop(provider: OpenAIProvider) -> Any:
    for agent in (multihop.query_writer, multihop.answerer):
        agent.model = simulated_model(TASK_MODEL, provider)
    return multihop.answer_question


def _some(cases: Any) -> Evals[Any, Any, Any]:
    cases.cases = Random(1).sample(cases.cases, 60)
    return Evals(cases=cases, seed=1)


WORLDS = {
    "clerk": World(models=clerk.models, reflection=clerk.REFLECTION, subject=clerk.clerk, evals=clerk.questions),
    "support_desk": World(
        models=default_models, reflection=REFLECTION_MODEL, subject=_desk, evals=lambda: _some(tickets.tickets())
    ),
    "multihop": World(
        models=default_models, reflection=REFLECTION_MODEL, subject=_multihop, evals=lambda: _some(multihop.questions())
    ),
}


@dataclass(frozen=True, kw_only=True)
class Made:
    """A run that was made, and how many of its requests failed."""

    story: Story
    searched: bool
    failed: int


ROLLOUTS = 80
"""Enough for several children of the clerk, some of them accepted; `make test-slow` makes longer runs, too."""


async def make(
    world: World, policy: Policy, provider: OpenAIProvider, concurrency: int, rollouts: int = ROLLOUTS
) -> tuple[Story, bool]:
    store = MemoryStore()
    result = await optimize(
        world.subject(provider),
        world.evals(),
        budget=Budget(rollouts=rollouts, reflections=40),
        reflection_model=simulated_model(world.reflection, provider),
        policy=policy,
        store=store,
        run=Run(concurrency=concurrency, name="run", progress=False),
    )
    return story(store.reader.events("run")), result.accepted > 0


@cache
def in_virtual_time(
    world: str, policy: str, concurrency: int, *, faults: bool = False, rollouts: int = ROLLOUTS
) -> Made:
    log = CallLog()
    app = simulated_app(
        WORLDS[world].models(),
        salt="ordered",
        latency=Latency(scale=1.0),
        faults=RATE_LIMITS if faults else (),
        log=log,
    )
    told, searched = run_virtual(make(WORLDS[world], POLICIES[policy], in_process(app), concurrency, rollouts))
    return Made(story=told, searched=searched, failed=log.page(0.0).failed)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("concurrency", [pytest.param(16, marks=pytest.mark.slow), 64])
def test_a_run_is_the_same_at_every_width(policy, concurrency):
    narrow, wide = (in_virtual_time("clerk", policy, width) for width in (1, concurrency))

    assert narrow.searched
    assert narrow.story == wide.story


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("concurrency", [pytest.param(1, marks=pytest.mark.slow), 64])
def test_a_run_is_the_same_when_one_request_in_twenty_is_turned_away(policy, concurrency):
    calm, stormy = (in_virtual_time("clerk", policy, concurrency, faults=faults) for faults in (False, True))

    assert 0 == calm.failed
    assert stormy.failed > 5
    assert calm.story == stormy.story


@pytest.mark.parametrize("policy", ["default", pytest.param("gepa", marks=pytest.mark.slow)])
async def test_a_run_over_a_socket_is_the_same_as_in_process(policy):
    log = CallLog()
    app = simulated_app(clerk.models(), salt="ordered", latency=Latency(scale=0.01), faults=RATE_LIMITS, log=log)
    with serve(app) as url:
        async with over_socket(url) as provider:
            told, _ = await make(WORLDS["clerk"], POLICIES[policy], provider, 16)

    made = await to_thread.run_sync(in_virtual_time, "clerk", policy, 1)  # a loop of its own
    assert log.page(0.0).failed > 5
    assert made.story == told


@pytest.mark.parametrize(
    ("world", "policy", "rollouts"),
    [
        ("support_desk", "default", 60),
        pytest.param("support_desk", "default", 130, marks=pytest.mark.slow),
        pytest.param("multihop", "gepa", 130, marks=pytest.mark.slow),
    ],
)
def test_the_packaged_agents_are_optimized_the_same_at_every_width_and_with_requests_turned_away(
    world, policy, rollouts
):
    narrow = in_virtual_time(world, policy, 1, rollouts=rollouts)
    wide = in_virtual_time(world, policy, 64, faults=True, rollouts=rollouts)

    assert wide.failed > 3
    assert narrow.story.decisions
    assert narrow.story == wide.story
