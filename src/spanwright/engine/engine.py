"""The life of a run: start or replay, measure the seed, explore, choose among the finalists, report the test split.

The engine decides nothing: the policy does. It moves things along, drains when it is told to stop, and turns whatever
ended the run into a value or into one error of ours.
"""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

import anyio
from anyio import to_thread

from spanwright.core.candidate import CandidateId
from spanwright.core.events import RunResumed, RunStarted, StopReason
from spanwright.engine.explore import Explorer
from spanwright.engine.finals import Finals
from spanwright.engine.ledger import Ledger, Phase, seconds
from spanwright.engine.one_error import one_error
from spanwright.engine.pacing import EVERY
from spanwright.engine.problem import Conduct, Means, Problem
from spanwright.engine.validate import Validator
from spanwright.engine.workshop import Workshop
from spanwright.search import Policy, PoolView

_SEARCH_ENDS = 0.85
"""The share of a time limit after which the finals begin."""
_FINALS_END = 0.93
"""The share after which the test split is scored: what the finals have not begun by then is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a run came to. `pool` is a view of all that was measured."""

    reason: StopReason
    complete: bool
    """False where the run can be resumed."""
    winner: CandidateId
    pool: PoolView
    remark: str = ""


class Engine:
    """Runs one optimization."""

    def __init__(self, problem: Problem, policy: Policy, means: Means, conduct: Conduct) -> None:
        self._shop = Workshop(problem, policy, means, conduct)
        self._validator = Validator(self._shop)

    @property
    def ledger(self) -> Ledger:
        """The ledger, for those who ask what is left."""
        return self._shop.ledger

    async def run(self) -> Ended:
        """Run to the end, or until the run is stopped. Raises UserBug and StoreError; cancelling it cancels at once."""
        await carry_through(self._shop, self._open, self._phases)
        return self._ended()

    def _open(self) -> None:
        """Replay what earlier processes did, or start a new history; then hold back what the last phases need."""
        shop, problem = self._shop, self._shop.problem
        if shop.replay(shop.means.journal.events()):
            if shop.pool.view.winner is None:
                shop.emit(RunResumed(at=shop.now(), budget=shop.conduct.budget))
        else:
            splits = problem.splits
            shop.emit(
                RunStarted(
                    run=shop.conduct.run,
                    at=shop.now(),
                    seed=problem.seed,
                    components=problem.components,
                    budget=shop.conduct.budget,
                    policy=shop.policy.name,
                    train=tuple(case.id for case in splits.train),
                    validation=tuple(case.id for case in splits.validation),
                    test=tuple(case.id for case in splits.test),
                    fingerprints=dict(problem.fingerprints),
                    lessons=problem.lessons,
                    goals=problem.goals,
                    estimator=shop.policy.estimator,
                    drafted=problem.drafted,
                )
            )
            shop.ledger.replay(problem.drafted)
        view = shop.pool.view
        tested = sum(view.was_measured(problem.seed.id, case.id) for case in problem.splits.test)
        shop.ledger.hold(Phase.TEST, 2 * len(problem.splits.test) - tested)
        reserve = shop.policy.reserve(shop.conduct.budget.rollouts, view.test_rollouts)
        shop.ledger.hold(Phase.FINAL, max(0, reserve - view.final_rollouts))

    async def _phases(self) -> None:
        shop = self._shop
        await shop.conduct.stop.look()
        async with anyio.create_task_group() as timers:
            timers.start_soon(shop.conduct.stop.watch)
            limit = seconds(shop.conduct.budget)
            if limit is not None:
                timers.start_soon(self._watch_time, limit)
            if shop.pool.view.finalists is None:
                await self._search()
            if not shop.stopping:
                shop.ledger.close(Phase.SEARCH)
                shop.ledger.release(Phase.FINAL)
                await Finals(shop).run()
            timers.cancel_scope.cancel()

    async def _search(self) -> None:
        shop = self._shop
        await self._validator.seed()
        if shop.stopping:
            return
        async with anyio.create_task_group() as watching:
            async with anyio.create_task_group() as group:
                explorer = Explorer(shop, self._validator, group)
                watching.start_soon(explorer.watch)
                await explorer.resume()
                explorer.fill()
            watching.cancel_scope.cancel()

    async def _watch_time(self, limit: float) -> None:
        shop = self._shop
        await anyio.sleep(limit * _SEARCH_ENDS)
        shop.end_search(StopReason.TIME)
        await anyio.sleep(limit * (_FINALS_END - _SEARCH_ENDS))
        shop.ledger.close(Phase.FINAL)
        await anyio.sleep(limit * (1 - _FINALS_END))
        shop.pause(StopReason.TIME)

    def _ended(self) -> Ended:
        shop = self._shop
        view = shop.pool.view
        complete = view.winner is not None
        reason = (view.search_ended_by if complete else shop.ended_by) or StopReason.BUDGET
        winner = view.winner or shop.policy.winner(view, shop.policy.finalists(view))
        return Ended(reason=reason, complete=complete, winner=winner, pool=view, remark=shop.remark)


async def carry_through(shop: Workshop, begin: Callable[[], None], work: Callable[[], Awaitable[None]]) -> None:
    """Begin or replay a run, do what is left of it, and leave all written. Raises UserBug and StoreError."""
    with shop.observers:
        begin()
        if shop.pool.view.winner is None:
            shop.conduct.stop.listen(lambda: shop.pause(StopReason.STOPPED))
            with _enough_threads(shop.conduct.concurrency), one_error():
                async with anyio.create_task_group() as group:
                    shop.observers.start(group)
                    try:
                        await _in_traffic(shop, work)
                    finally:
                        shop.observers.close()
    await shop.means.journal.durable()
    if shop.bug is not None:
        raise shop.bug


async def _in_traffic(shop: Workshop, work: Callable[[], Awaitable[None]]) -> None:
    """Work with all requests to models in their lanes, and a look at how late the event loop is, and they are."""
    traffic = shop.means.traffic
    if traffic is None:
        await work()
        return
    with traffic.flowing():
        async with anyio.create_task_group() as group:
            group.start_soon(traffic.pulse.beat)
            group.start_soon(_watch_pace, shop)
            with traffic.hosted(group):
                await work()
            if shop.pool.view.winner is None:
                shop.tell_pace()
            group.cancel_scope.cancel()


async def _watch_pace(shop: Workshop) -> None:
    """Tell how requests go while the run goes on, until cancelled."""
    while True:
        await anyio.sleep(EVERY)
        if shop.pool.view.winner is None:
            shop.tell_pace()


@contextmanager
def _enough_threads(concurrency: int) -> Generator[None]:
    """Let as many sync tools run at once as there are rollouts: anyio's default of 40 threads would throttle them."""
    limiter = to_thread.current_default_thread_limiter()
    before = limiter.total_tokens
    limiter.total_tokens = max(before, concurrency)
    try:
        yield
    finally:
        limiter.total_tokens = before
