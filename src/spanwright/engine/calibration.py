"""The seed against itself: every case several times, on a lease and into a journal, and nothing is searched."""

from collections import Counter
from collections.abc import Sequence

import anyio

from spanwright.core.events import RolloutEnded, RunEnded, RunResumed, RunStarted, StopReason
from spanwright.core.rollout import Purpose
from spanwright.engine.bugs import LEAST
from spanwright.engine.engine import carry_through
from spanwright.engine.ledger import Ask, Phase
from spanwright.engine.problem import Conduct, Means, Problem
from spanwright.engine.workshop import Work, Workshop
from spanwright.search import Cell, Policy

CALIBRATION = "calibration"
"""What stands in the place of a policy's name in the journal."""


class Calibration:
    """Tries the seed on the validation cases of a problem, `repeats` times each."""

    def __init__(self, problem: Problem, means: Means, conduct: Conduct, *, repeats: int) -> None:
        self._shop = Workshop(problem, Policy.default(), means, conduct)
        self._repeats = repeats
        self._scored: Counter[str] = Counter()

    async def run(self) -> None:
        """Run to the end, or until it is stopped. Raises UserBug and StoreError."""
        await carry_through(self._shop, self._open, self._measure_until_stopped)

    async def _measure_until_stopped(self) -> None:
        stop = self._shop.conduct.stop
        await stop.look()
        async with anyio.create_task_group() as timers:
            timers.start_soon(stop.watch)
            await self._measure()
            timers.cancel_scope.cancel()

    def _open(self) -> None:
        shop, problem = self._shop, self._shop.problem
        events = list(shop.means.journal.events())
        self._scored.update(
            each.rollout.key.case
            for each in events
            if isinstance(each, RolloutEnded) and each.rollout.score is not None
        )
        if shop.replay(events):
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
                policy=CALIBRATION,
                train=(),
                validation=tuple(case.id for case in problem.splits.validation),
                test=(),
                fingerprints=dict(problem.fingerprints),
            )
        )

    async def _measure(self) -> None:
        """Measure round by round, so that whatever cuts it short has tried all cases alike; a few cases come first."""
        shop = self._shop
        for cells in self._rounds():
            lease = await shop.ledger.lease(Ask(rollouts=len(cells), least=1, phase=Phase.TEST))
            if lease is None or shop.stopping:
                return
            with lease:
                work = Work(
                    candidate=shop.problem.seed, cells=tuple(cells[: lease.rollouts]), purpose=Purpose.CALIBRATION
                )
                await shop.measure(work, lease)
            if (bug := shop.seed_failures.bug()) is not None:
                shop.fail(bug)
        if not shop.stopping:
            seed = shop.problem.seed.id
            shop.emit(RunEnded(reason=StopReason.BUDGET, winner=seed, usage=shop.ledger.spent, at=shop.now()))

    def _rounds(self) -> Sequence[Sequence[Cell]]:
        """Return what is missing. What was lost with a process is done again under another number."""
        view = self._shop.pool.view
        first = {case: view.next_repeat(view.seed, case) for case in view.validation}
        rounds: list[list[Cell]] = []
        for place in range(self._repeats):
            cells = [
                (case, first[case] + place) for case in view.validation if self._scored[case] + place < self._repeats
            ]
            rounds += [cells[:LEAST], cells[LEAST:]] if not place else [cells]
        return [cells for cells in rounds if cells]
