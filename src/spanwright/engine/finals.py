"""The end of a run: measure the finalists equally, choose the winner, score seed and winner on the test split, once.

Nothing here steers the search: it is over when this begins.
"""

from collections.abc import Iterable, Sequence

import anyio

from spanwright.core.candidate import CandidateId
from spanwright.core.events import Narrowed, RunEnded, SearchEnded, StopReason
from spanwright.core.rollout import Purpose
from spanwright.engine.ledger import Ask, Lease, Phase
from spanwright.engine.workshop import Work, Workshop
from spanwright.search import Cell


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
        await self._measure_while_planned(finalists)
        if shop.stopping or shop.pool.view.contenders is not None or not shop.policy.narrows(finalists):
            return
        shop.emit(Narrowed(finalists=shop.policy.narrowed(shop.pool.view, finalists), at=shop.now()))
        await self._measure_while_planned(finalists)

    async def _measure_while_planned(self, finalists: Sequence[CandidateId]) -> None:
        shop = self._shop
        while not shop.stopping:
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
                await self._measure(cells[: lease.rollouts], Purpose.FINAL, lease)

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

    async def _measure(self, cells: Sequence[tuple[CandidateId, Cell]], purpose: Purpose, lease: Lease) -> None:
        """Do rollouts in the order of `cells`, so that whatever cuts them short has measured all candidates alike.

        Only a few are announced ahead of those that run: there may be thousands, and little time.
        """
        shop = self._shop
        room = anyio.Semaphore(2 * shop.conduct.concurrency)

        async def measure(work: Work) -> None:
            async with room:
                await shop.measure(work, lease)

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
