"""Two candidates of another run on its test cases: pair by pair, on a lease and into a journal. Nothing is searched."""

from collections.abc import Iterator

import anyio

from spanwright.core.candidate import Candidate
from spanwright.core.case import Case
from spanwright.core.events import AttemptStarted, Judged, RunEnded, RunResumed, RunStarted, StopReason
from spanwright.core.proposal import Draft, Origin, Proposal, Verdict
from spanwright.core.rollout import Purpose
from spanwright.engine.engine import carry_through
from spanwright.engine.ledger import Ask, Phase, seconds
from spanwright.engine.problem import Conduct, Means, Problem
from spanwright.engine.workshop import Work, Workshop
from spanwright.search import Policy

POLICY = "transfer"
"""What stands in the place of a policy's name in the journal."""


class Transfer:
    """Tries a problem's seed and `winner` once on each of its test cases, both on a case at the same time.

    Whatever cuts it short has measured both on the same cases. Its workers hold no more than a pair each, so that
    dollars and tokens can be exceeded by no more than what is in flight.
    """

    def __init__(self, problem: Problem, means: Means, conduct: Conduct, *, winner: Candidate) -> None:
        self._shop = Workshop(problem, Policy.default(), means, conduct)
        self._winner = winner

    async def run(self) -> str:
        """Run to the end, or until it is stopped; return why it paused, "" if it did not.

        Raises UserBug and StoreError.
        """
        await carry_through(self._shop, self._open, self._measure_until_stopped)
        return "" if self._shop.pool.view.winner is not None else str(self._shop.ended_by or StopReason.STOPPED)

    def _open(self) -> None:
        shop, problem = self._shop, self._shop.problem
        if shop.replay(shop.means.journal.events()):
            if shop.pool.view.winner is None:
                shop.emit(RunResumed(at=shop.now(), budget=shop.conduct.budget))
            return
        shop.emit(
            RunStarted(
                run=shop.conduct.run,
                at=shop.now(),
                seed=problem.seed,
                components=problem.components,
                budget=shop.conduct.budget,
                policy=POLICY,
                train=(),
                validation=(),
                test=tuple(case.id for case in problem.splits.test),
                fingerprints=dict(problem.fingerprints),
            )
        )
        self._bring_in()

    def _bring_in(self) -> None:
        """Tell the journal of the winner, which was made elsewhere."""
        shop, seed = self._shop, self._shop.problem.seed
        edits = {id: self._winner.texts[id] for id in self._winner.changes_from(seed)}
        proposal = Proposal(parents=(seed.id,), edits=edits, origin=Origin.EXTERNAL)
        draft = Draft(proposal=proposal)
        shop.emit(AttemptStarted(attempt=1, parent=seed.id, cases=(), draft=draft, at=shop.now()))
        verdict = Verdict(accepted=True, reason="it comes from another run")
        shop.emit(Judged(attempt=1, proposal=proposal, child=self._winner, verdict=verdict, at=shop.now()))

    async def _measure_until_stopped(self) -> None:
        shop = self._shop
        await shop.conduct.stop.look()
        async with anyio.create_task_group() as timers:
            timers.start_soon(shop.conduct.stop.watch)
            limit = seconds(shop.conduct.budget)
            if limit is not None:
                timers.start_soon(self._watch_time, limit)
            await self._measure()
            timers.cancel_scope.cancel()

    async def _watch_time(self, limit: float) -> None:
        await anyio.sleep(limit)
        self._shop.pause(StopReason.TIME)

    async def _measure(self) -> None:
        shop = self._shop
        left = iter(shop.problem.splits.test)
        async with anyio.create_task_group() as group:
            for _ in range(max(1, shop.conduct.concurrency // 2)):
                group.start_soon(self._work, left)
        if shop.stopping:
            return
        if any(self._missing(case.id) for case in shop.problem.splits.test):
            shop.pause(StopReason.BUDGET)
            return
        winner = self._winner.id
        shop.emit(RunEnded(reason=StopReason.COUNT, winner=winner, usage=shop.ledger.spent, at=shop.now()))

    async def _work(self, left: Iterator[Case]) -> None:
        """Take one case after the other until none is left, or nothing more may be spent."""
        shop = self._shop
        for case in left:
            missing = self._missing(case.id)
            if not missing:
                continue
            lease = await shop.ledger.lease(Ask(rollouts=len(missing), phase=Phase.TEST))
            if lease is None:
                return
            with lease:
                async with anyio.create_task_group() as group:
                    for candidate in missing:
                        repeat = shop.pool.view.next_repeat(candidate.id, case.id)
                        work = Work(candidate=candidate, cells=((case.id, repeat),), purpose=Purpose.TEST)
                        group.start_soon(shop.measure, work, lease)
            if (bug := shop.seed_failures.bug()) is not None:
                shop.fail(bug)

    def _missing(self, case: str) -> list[Candidate]:
        """Return who has no score on a case, but for those whom the world has failed on it in this process."""
        view = self._shop.pool.view
        return [
            each
            for each in (self._shop.problem.seed, self._winner)
            if not view.was_measured(each.id, case) and not view.failed(each.id, case)
        ]
