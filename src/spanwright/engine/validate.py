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
        """Measure the seed before the first attempt; later it is a member like any other.

        A few cases come first, since what fails on each of them would fail on all. Where attempts go side by side, they
        need not wait for the rest of it.
        """
        shop, view = self._shop, self._shop.pool.view
        seed = shop.problem.seed.id
        if view.next_attempt > 1 or view.top_up is not None:
            return
        while not shop.stopping and (cells := shop.policy.next_block(view, seed)):
            probing = view.spent < LEAST
            if not probing and shop.policy.schedule == "steady":
                return
            if not await self._measure(seed, cells[:LEAST] if probing else cells):
                return
            if self._is_bug(seed):
                return

    def promise(self, member: CandidateId) -> Lease:
        """Return a lease for what is missing of a member's first cells, as far as they can still be leased."""
        missing = self._missing(member)
        lease = self._shop.ledger.lease_now(Ask(rollouts=missing, least=1, owed=True)) if missing else None
        return lease or Lease(self._shop.ledger, 0, 0)

    def _missing(self, member: CandidateId) -> int:
        view = self._shop.pool.view
        return max(0, self._shop.policy.commitment(view) - view.own(member))

    async def validate(self, member: CandidateId, promised: Lease) -> None:
        """Measure a member until the policy has seen enough. `promised` is what its attempt leased for it, if any."""
        with promised:
            if member in self._owed:
                return
            self._owed[member] = max(0, self._missing(member) - promised.rollouts)
            try:
                await self._race(member, promised)
            finally:
                del self._owed[member]

    async def top_up(self, member: CandidateId, attempt: int) -> None:
        """Measure one more block of a member before an attempt, unless it is being measured or the budget is short."""
        shop = self._shop
        if member in self._owed:
            return
        self._owed[member] = 0
        try:
            cells = shop.policy.next_block(shop.pool.view, member)
            lease = shop.ledger.lease_now(Ask(rollouts=len(cells), least=1)) if cells else None
            if lease is not None:
                with lease:
                    await shop.measure(self._work(member, cells[: lease.rollouts], attempt), lease)
        finally:
            del self._owed[member]

    async def _race(self, member: CandidateId, promised: Lease) -> None:
        shop = self._shop
        while not shop.stopping and (cells := shop.policy.next_block(shop.pool.view, member)):
            if promised.rollouts:
                await shop.measure(self._work(member, cells[: promised.rollouts]), promised)
            elif not await self._measure(member, cells):
                return
            if self._is_bug(member):
                return

    def _is_bug(self, member: CandidateId) -> bool:
        """Fail the run where what goes wrong with the unchanged texts is nobody's text."""
        shop = self._shop
        if member != shop.problem.seed.id or (bug := shop.seed_failures.bug()) is None:
            return False
        shop.fail(bug)
        return True

    async def _measure(self, member: CandidateId, cells: Sequence[Cell]) -> bool:
        """Lease and do rollouts; False where nothing is left to lease."""
        if not cells:
            return False
        owed = self._owed.get(member, 0) > 0
        lease = await self._shop.ledger.lease(Ask(rollouts=len(cells), least=1, owed=owed))
        if lease is None:
            return False
        with lease:
            granted = cells[: lease.rollouts]
            if member in self._owed:
                self._owed[member] = max(0, self._owed[member] - len(granted))
            await self._shop.measure(self._work(member, granted), lease)
        return True

    def _work(self, member: CandidateId, cells: Sequence[Cell], attempt: int | None = None) -> Work:
        candidate = self._shop.pool.view.candidate(member)
        return Work(candidate=candidate, cells=tuple(cells), purpose=Purpose.VALIDATION, attempt=attempt)
