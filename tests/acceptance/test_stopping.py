"""How a run ends before its time, or because it is enough: over the wire in process, in virtual time.

The engine's own tests stop runs at many moments; here it is shown that `optimize` hands all of it through.
"""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeVar

import anyio
import clerk
import pytest
from pydantic_ai import ModelSettings
from pydantic_ai.models.openai import OpenAIChatModel
from stories import Story, story

from spanwright import Budget, Policy, Result, Run, Stop, StopReason, UserBug, optimize
from spanwright.core.events import RolloutEnded, RolloutStarted
from spanwright.store import MemoryStore
from spanwright.testing.simulated.latency import Latency
from spanwright.testing.simulated.log import Call, CallLog
from spanwright.testing.simulated.request import ApiError
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process
from spanwright.testing.simulated.wire import ChatRequest
from spanwright.testing.virtual import run_virtual

T = TypeVar("T")

RUN = "run"
LONG = 10_000.0
SEEDED = ModelSettings(seed=7)
ORDERED = Policy.default(schedule="ordered")
STEADY = Policy.default()
BUDGET = Budget(rollouts=80, reflections=40)
MOMENTS = [
    pytest.param(0.1, marks=pytest.mark.slow),
    0.4,
    *(pytest.param(s, marks=pytest.mark.slow) for s in (0.7, 0.9)),
]
"""Shares of the run's time: the engine's own tests stop at many moments, `make test-slow` at all of these."""
BOTH = pytest.mark.parametrize(
    "policy", [pytest.param(ORDERED, marks=pytest.mark.slow), STEADY], ids=["ordered", "steady"]
)
WORLD_DOWN = ApiError(status=503, type="server_error", message="The engine is currently overloaded")
REVOKED = ApiError(status=401, code="invalid_api_key", message="Incorrect API key provided")


@dataclass
class Site:
    """A provider that can fail, and a store that remembers what was done with it."""

    store: MemoryStore = field(default_factory=MemoryStore)
    log: CallLog = field(default_factory=CallLog)
    failing: ApiError | None = None
    """What requests are answered with from now on."""
    concurrency: int = 8
    pace: float = 1.0

    def fail(self, request: ChatRequest) -> ApiError | None:
        only_reflections = self.failing is REVOKED and request.model != clerk.REFLECTION
        return None if only_reflections else self.failing

    async def optimize(self, policy: Policy = ORDERED, budget: Budget = BUDGET, stop: Stop | None = None) -> Result:
        """Begin the run, or go on with it."""
        provider = in_process(
            simulated_app(
                clerk.models(), salt="stop", latency=Latency(scale=self.pace), refusals={"*": [self.fail]}, log=self.log
            )
        )
        return await optimize(
            clerk.clerk(provider, SEEDED),
            clerk.questions(),
            budget=budget,
            reflection_model=OpenAIChatModel(clerk.REFLECTION, provider=provider, settings=SEEDED),
            policy=policy,
            store=self.store,
            run=Run(concurrency=self.concurrency, name=RUN, progress=False),
            stop=stop,
        )

    @property
    def calls(self) -> tuple[Call, ...]:
        return self.log.page(anyio.current_time()).calls

    @property
    def in_flight(self) -> int:
        return sum(call.ended is None for call in self.calls)

    @property
    def unfinished(self) -> int:
        """Rollouts that were announced and have not ended."""
        events = list(self.store.reader.events(RUN))
        kinds = [type(event) for event in events]
        return kinds.count(RolloutStarted) - kinds.count(RolloutEnded)


async def beside(side: Callable[[], Coroutine[None, None, None]], main: Awaitable[T]) -> T:
    """Return what `main` comes to while `side` goes on."""
    results: list[T] = []
    async with anyio.create_task_group() as group:
        group.start_soon(side)
        results.append(await main)
    return results[0]


@cache
def undisturbed() -> tuple[Story, float]:
    """Return the course of the ordered run that nobody stops, and how long it takes."""
    site = Site()

    async def whole() -> float:
        assert (await site.optimize()).complete
        return anyio.current_time()

    seconds = run_virtual(whole())
    return story(site.store.reader.events(RUN)), seconds


def decisions(site: Site) -> list[object]:
    """Return what the run decided, without what was asked twice because of an interruption."""
    return list(dict.fromkeys(map(repr, story(site.store.reader.events(RUN)).decisions)))


def spared(result: Result) -> int:
    """Return the rollouts that were kept to test a winner: a seed that nothing beats is tested alone."""
    tested = result.test
    assert tested is not None
    return tested.cases if result.best == result.seed else 0


@pytest.mark.parametrize("share", MOMENTS)
@pytest.mark.parametrize("policy", [ORDERED, STEADY], ids=["ordered", "steady"])
def test_a_stop_finishes_what_is_in_flight_and_the_run_can_be_resumed_to_its_end(share, policy):
    site, stop = Site(), Stop()
    course, seconds = undisturbed()

    async def stopped() -> None:
        result = await beside(request, site.optimize(policy, stop=stop))

        assert (False, StopReason.STOPPED) == (result.complete, result.stop_reason)
        assert f"run={RUN!r}" in str(result)

    async def request() -> None:
        await anyio.sleep(share * seconds * (1 if policy is ORDERED else 0.5))
        before, in_flight = len(site.calls), site.in_flight
        stop.request()
        await anyio.sleep(LONG)

        # A rollout in flight may have its second call before it, a reflection its repair.
        assert len(site.calls) <= before + in_flight
        assert 0 == site.in_flight

    run_virtual(stopped())

    resumed = run_virtual(site.optimize(policy))

    assert resumed.complete
    assert resumed.rollouts == BUDGET.rollouts - spared(resumed)
    if policy is ORDERED:
        assert [repr(each) for each in course.decisions] == decisions(site)


@pytest.mark.parametrize("share", MOMENTS)
def test_a_cancelled_optimize_ends_at_once_and_the_run_can_be_resumed_to_the_same_end(share):
    site = Site()
    course, seconds = undisturbed()

    async def cancelled() -> None:
        with anyio.move_on_after(share * seconds) as scope:
            await site.optimize()
        calls = len(site.calls)

        assert scope.cancelled_caught
        assert pytest.approx(share * seconds, abs=0.6) == anyio.current_time()  # half a second of grace for spans
        assert 0 == site.in_flight

        await anyio.sleep(LONG)

        assert calls == len(site.calls)

    run_virtual(cancelled())

    resumed = run_virtual(site.optimize())

    assert (True, BUDGET.rollouts - spared(resumed)) == (resumed.complete, resumed.rollouts)
    assert [repr(each) for each in course.decisions] == decisions(site)


@pytest.mark.parametrize(
    ("policy", "budget", "reason"),
    [
        (Policy.default(target=0.2), Budget(rollouts=250), StopReason.TARGET),
        (Policy.default(perfect=0.0, perfect_in_a_row=3), BUDGET, StopReason.NOTHING_TO_LEARN),
        (Policy.default(perfect=None, fruitless=10_000), Budget(rollouts=4_000, seconds=480), StopReason.TIME),
        (STEADY, BUDGET, StopReason.BUDGET),
    ],
    ids=lambda value: value.name if isinstance(value, StopReason) else "",
)
def test_a_run_that_has_enough_comes_to_its_end_and_says_why(policy, budget, reason):
    hurried = Site(concurrency=1, pace=1.0)  # little can be done in its time, and a straggler takes a minute
    site = hurried if reason is StopReason.TIME else Site()

    result = run_virtual(site.optimize(policy, budget))

    assert (True, reason) == (result.complete, result.stop_reason)
    assert reason.value in str(result)
    assert result.test is not None


@BOTH
def test_when_the_world_is_down_the_run_pauses_without_a_score_and_goes_on_when_it_is_back(policy):
    site = Site()
    _, seconds = undisturbed()

    async def outage() -> None:
        await anyio.sleep(0.3 * seconds)
        site.failing = WORLD_DOWN

    budget = replace(BUDGET, rollouts=120)
    paused = run_virtual(beside(outage, site.optimize(policy, budget)))
    ended = [event.rollout for event in site.store.reader.events(RUN) if isinstance(event, RolloutEnded)]
    failed = [rollout for rollout in ended if rollout.score is None]

    assert (False, StopReason.WORLD_DOWN) == (paused.complete, paused.stop_reason)
    assert "overloaded" in str(paused)
    assert len(failed) <= 7 + 8  # most are as if they had not begun; some had been served before their second call
    assert all("503" in rollout.failure.message for rollout in failed if rollout.failure is not None)

    site.failing = None
    resumed = run_virtual(site.optimize(policy, budget))

    assert (True, budget.rollouts) == (resumed.complete, resumed.rollouts)


@BOTH
def test_a_reflection_model_with_a_bad_key_is_one_error_after_what_is_in_flight_is_finished(policy):
    site = Site(failing=REVOKED)

    with pytest.raises(UserBug, match="Incorrect API key"):
        run_virtual(site.optimize(policy))

    assert 0 == site.unfinished
    assert 0 == sum(call.ended is None for call in site.log.page(0.0).calls)

    site.failing = None

    assert run_virtual(site.optimize(policy)).complete
