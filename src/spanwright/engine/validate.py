"""Measure members of the pool on validation cases, block by block, as long as the policy finds that it pays."""

from collections.abc import Sequence

from spanwright.core.candidate import CandidateId
from spanwright.core.rollout import Purpose
from spanwright.engine.bugs import LEAST
from spanwright.engine.ledger import Ask, Lease
from spanwright.engine.workshop import Work, Workshop
from spanwright.search import Cell


class Validator:
    """Runs the validations of a run; one member is validated by one task at a time."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._owed: dict[CandidateId, int] = {}

    @property
    def owed(self) -> int:
        """Rollouts that members in validation were promised and have not leased yet."""
        return sum(self._owed.values())

    async def seed(self) -> None:
        """Measure the seed: a few cases first, since what fails on each of them would fail on all."""
        shop = self._shop
        seed = shop.problem.seed.id
        while cells := shop.policy.next_block(shop.pool.view, seed):
            probing = shop.pool.view.usage.rollouts < LEAST
            if not await self._measure(seed, cells[:LEAST] if probing else cells):
                return
            if (bug := shop.seed_failures.bug()) is not None:
                shop.fail(bug)
                return

    async def validate(self, member: CandidateId, promised: Lease) -> None:
        """Measure a member until the policy has seen enough. `promised` is what its attempt leased for it, if any."""
        with promised:
            if member in self._owed:
                return
            self._owed[member] = 0 if promised.rollouts else self._shop.policy.commitment(self._shop.pool.view)
            try:
                await self._race(member, promised)
            finally:
                del self._owed[member]

    async def top_up(self, member: CandidateId) -> None:
        """Measure one more block of a member that deserves it, unless it is being measured."""
        if member in self._owed:
            return
        self._owed[member] = 0
        try:
            await self._measure(member, self._shop.policy.next_block(self._shop.pool.view, member))
        finally:
            del self._owed[member]

    async def _race(self, member: CandidateId, promised: Lease) -> None:
        shop = self._shop
        while cells := shop.policy.next_block(shop.pool.view, member):
            if promised.rollouts:
                await shop.measure(self._work(member, cells[: promised.rollouts]), promised)
            elif not await self._measure(member, cells):
                return

    async def _measure(self, member: CandidateId, cells: Sequence[Cell]) -> bool:
        """Lease and do rollouts; False where nothing is left to lease."""
        if not cells:
            return False
        lease = await self._shop.ledger.lease(Ask(rollouts=len(cells), least=1))
        if lease is None:
            return False
        with lease:
            granted = cells[: lease.rollouts]
            if member in self._owed:
                self._owed[member] = max(0, self._owed[member] - len(granted))
            await self._shop.measure(self._work(member, granted), lease)
        return True

    def _work(self, member: CandidateId, cells: Sequence[Cell]) -> Work:
        return Work(candidate=self._shop.pool.view.candidate(member), cells=tuple(cells), purpose=Purpose.VALIDATION)
