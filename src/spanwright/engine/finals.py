"""The end of a run: measure the finalists equally, choose the winner, score seed and winner on the test split, once.

Nothing here steers the search: it is over when this begins.
"""

from collections.abc import Iterable, Sequence

import anyio
from anyio.abc import TaskGroup

from spanwright.core.candidate import CandidateId
from spanwright.core.events import Narrowed, RunEnded, SearchEnded, StopReason
from spanwright.core.rollout import Purpose
from spanwright.engine.ledger import Ask, Lease, Phase
from spanwright.engine.workshop import Work, Workshop
from spanwright.models import wall_clock
from spanwright.search import Cell

_SECOND_HALF = 2.0
"""How long the second half of the heats may take, in times of the first: what takes longer is a straggler."""


class Finals:
    """Runs the last two phases of a run."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop

    async def run(self) -> None:
        """Finish the run; where it is paused meanwhile, a resumed run goes on from there."""
        shop = self._shop
        if shop.pool.view.finalists is None:
            reason = shop.ended_by or StopReason.BUDGET
            finalists = shop.policy.finalists(shop.pool.view)
            shop.emit(SearchEnded(reason=reason, finalists=finalists, at=shop.now()))
        finalists = shop.pool.view.finalists or ()
        await self._measure_again(finalists)
        if shop.stopping:
            return
        winner = shop.policy.winner(shop.pool.view, finalists)
        await self._test(winner)
        if shop.stopping:
            return
        reason = shop.pool.view.search_ended_by or StopReason.BUDGET
        shop.emit(RunEnded(reason=reason, winner=winner, usage=shop.ledger.spent, at=shop.now()))
        await shop.means.journal.durable()

    async def _measure_again(self, finalists: Sequence[CandidateId]) -> None:
        """Spend what is kept for the finals, and what the search left: on all alike, then on those who are left."""
        shop = self._shop
        if len(finalists) < 2:
            return
        if shop.pool.view.contenders is not None or not shop.policy.narrows(finalists):
            await self._measure_while_planned(finalists)
            return
        async with anyio.create_task_group() as group:
            await self._heats(finalists, group)
            if shop.stopping:
                return
            shop.emit(Narrowed(finalists=shop.policy.narrowed(shop.pool.view, finalists), at=shop.now()))
            await self._measure_while_planned(finalists)

    async def _heats(self, finalists: Sequence[CandidateId], group: TaskGroup) -> None:
        """Measure all alike. Side by side, stragglers are not waited for, though their scores still come.

        What comes late counts for the second part: it had no part in who was left for that.
        """
        if self._shop.policy.schedule == "ordered":
            await self._measure_while_planned(finalists)
            return
        half, over = anyio.Event(), anyio.Event()

        async def measure() -> None:
            await self._measure_while_planned(finalists, half)
            half.set()
            over.set()

        took = wall_clock(self._shop.pulse)
        group.start_soon(measure)
        await half.wait()
        with anyio.move_on_after(_SECOND_HALF * took()):
            await over.wait()

    async def _measure_while_planned(self, finalists: Sequence[CandidateId], half: anyio.Event | None = None) -> None:
        shop = self._shop
        part = shop.pool.view.contenders
        while not shop.stopping and shop.pool.view.contenders == part:
            left = shop.ledger.available(Phase.FINAL)
            if left is None:
                left = max(0, shop.policy.final_least(finalists) - shop.pool.view.final_rollouts)
                shop.ledger.close(Phase.SEARCH)
            cells = shop.policy.final_cells(shop.pool.view, finalists, left)
            if not cells:
                return
            lease = await shop.ledger.lease(Ask(rollouts=len(cells), least=1, phase=Phase.FINAL))
            if lease is None:
                return
            with lease:
                await self._measure(cells[: lease.rollouts], Purpose.FINAL, lease, half)

    async def _test(self, winner: CandidateId) -> None:
        shop = self._shop
        view = shop.pool.view
        candidates = dict.fromkeys((shop.problem.seed.id, winner))
        cells = [
            (candidate, (case.id, 0))
            for candidate in candidates
            for case in shop.problem.splits.test
            if not view.was_measured(candidate, case.id)
        ]
        if not cells:
            return
        lease = await shop.ledger.lease(Ask(rollouts=len(cells), phase=Phase.TEST))
        if lease is None:
            return
        with lease:
            await self._measure(cells, Purpose.TEST, lease)

    async def _measure(
        self,
        cells: Sequence[tuple[CandidateId, Cell]],
        purpose: Purpose,
        lease: Lease,
        half: anyio.Event | None = None,
    ) -> None:
        """Do rollouts in the order of `cells`, so that whatever cuts them short has measured all candidates alike.

        Only a few are announced ahead of those that run: there may be thousands, and little time. `half` is set once
        half of them have ended.
        """
        shop = self._shop
        room = anyio.Semaphore(2 * shop.conduct.concurrency)
        ended = 0

        async def measure(work: Work) -> None:
            nonlocal ended
            async with room:
                await shop.measure(work, lease)
            ended += 1
            if half is not None and 2 * ended >= len(cells):
                half.set()

        for batch in self._batches(cells):
            async with anyio.create_task_group() as group:
                for candidate, cell in batch:
                    work = Work(candidate=shop.pool.view.candidate(candidate), cells=(cell,), purpose=purpose)
                    group.start_soon(measure, work)

    def _batches(self, cells: Sequence[tuple[CandidateId, Cell]]) -> Iterable[Sequence[tuple[CandidateId, Cell]]]:
        """Return what may run at the same time.

        Candidates that share a text send equal requests. Under the ordered schedule they take turns: who is served
        first must not be left to chance.
        """
        if self._shop.policy.schedule != "ordered":
            return [cells]
        by_candidate: dict[CandidateId, list[tuple[CandidateId, Cell]]] = {}
        for candidate, cell in cells:
            by_candidate.setdefault(candidate, []).append((candidate, cell))
        return by_candidate.values()
