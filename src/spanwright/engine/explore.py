"""Evolve one candidate after another, without barriers: an attempt waits for its own minibatch and for nothing else.

Several attempts run at the same time, as many as the policy wants in flight. Under the ordered schedule there is one,
and the validation of its child is awaited: then a run depends on its seed alone, not on who finished first.
"""

from random import Random

from anyio.abc import TaskGroup

from spanwright.core.candidate import CandidateId
from spanwright.core.events import AttemptStarted, Judged
from spanwright.core.proposal import Draft
from spanwright.engine.attempt import Attempt, answered
from spanwright.engine.ledger import Ask, Lease
from spanwright.engine.validate import Validator
from spanwright.engine.workshop import Workshop
from spanwright.search import OpenAttempt


class Explorer:
    """Starts attempts as long as the ledger grants leases for them."""

    def __init__(self, shop: Workshop, validator: Validator, group: TaskGroup) -> None:
        self._shop = shop
        self._validator = validator
        self._group = group
        self._active = 0

    async def resume(self) -> None:
        """Go on with the validations and the attempts that a crash or a stop interrupted.

        They get their leases before anything new is begun, and whether or not the search is over: much of what they
        cost is paid already.
        """
        shop, view = self._shop, self._shop.pool.view
        unfinished = [(member, self._validator.promise(member)) for member in shop.policy.unfinished(view)]
        opened = [(each, shop.ledger.lease_now(self._ask(each.draft, each))) for each in view.open_attempts]
        for attempt, lease in opened:
            if lease is not None:
                self._active += 1
                self._group.start_soon(self._explore, attempt, lease)
        for member, promised in unfinished:
            await self._hand_over(member, promised)

    def fill(self) -> None:
        """Bring the number of attempts in flight to what the policy wants now."""
        while self._active < self._wanted():
            self._active += 1
            self._group.start_soon(self._explore)

    def _wanted(self) -> int:
        shop = self._shop
        spent = shop.ledger.spent.rollouts
        return shop.policy.in_flight(spent, shop.conduct.concurrency, shop.conduct.budget.rollouts)

    async def _explore(self, opened: OpenAttempt | None = None, lease: Lease | None = None) -> None:
        """Make attempts; the first may be one that was interrupted, with its lease."""
        try:
            goes_on = True
            if opened is not None and lease is not None:
                with lease:
                    goes_on = await self._finish(opened, lease)
            while goes_on and self._active <= self._wanted():
                goes_on = await self._attempt()
                if goes_on:  # where an attempt found no budget, another one would not, and would look for ever
                    self.fill()
        finally:
            self._active -= 1

    async def _attempt(self) -> bool:
        """Make one attempt; False where there is no budget for one, or the search is over."""
        shop = self._shop
        lease = await shop.ledger.lease(self._ask(self._draft()))
        if lease is None:
            shop.is_enough()  # it may end for a better reason than that there is no budget left
            return False
        with lease:
            await self._top_up()
            # Asked between attempts only: there the ordered schedule has nothing in flight whose arrival could matter.
            if shop.is_enough():
                return False
            draft = self._draft()
            needs = self._ask(draft)
            if needs.rollouts > lease.rollouts or needs.reflections > lease.reflections:
                return True  # what came in meanwhile made it another kind of attempt: ask anew
            return await self._finish(self._start(draft), lease)

    async def _finish(self, opened: OpenAttempt, lease: Lease) -> bool:
        """Carry an attempt to its end, and see to its child's validation; False where the run stopped before."""
        shop, policy = self._shop, self._shop.policy
        ended = await Attempt(shop, opened, lease).carry_out()
        if ended is None:
            return False
        shop.emit(ended)
        if isinstance(ended, Judged) and ended.verdict.accepted:
            promised = None if self._gated(opened.draft) else lease.split(policy.commitment(shop.pool.view))
            lease.give_back()  # the validation may have to wait for more: nobody must hold what it waits for
            await self._hand_over(ended.child.id, promised or self._validator.promise(ended.child.id))
        return True

    def _ask(self, draft: Draft | None, opened: OpenAttempt | None = None) -> Ask:
        """Return what an attempt needs, or what an open one still does."""
        policy = self._shop.policy
        promise, gated = policy.commitment(self._shop.pool.view), self._gated(draft)
        rollouts, reflections = policy.minibatch_size * (2 if gated else 1), 1
        if draft is not None:
            rollouts, reflections = len(draft.bar), 0
        elif policy.crossover_rule is not None and (opened is None or opened.partner is not None):
            rollouts += policy.minibatch_size
        if opened is not None:
            rollouts -= len(opened.rollouts) + len(opened.gate)
            reflections -= answered(opened)
        return Ask(
            rollouts=rollouts + (0 if gated else promise),
            reflections=reflections,
            leave=self._validator.owed + (promise if gated else 0),
        )

    def _gated(self, draft: Draft | None) -> bool:
        return self._shop.policy.gated if draft is None else bool(draft.bar)

    def _draft(self) -> Draft | None:
        return self._shop.policy.draft(self._shop.pool.view)

    async def _hand_over(self, child: CandidateId, promised: Lease) -> None:
        if self._shop.policy.schedule == "ordered":
            await self._validator.validate(child, promised)
        else:
            self._group.start_soon(self._validator.validate, child, promised)

    async def _top_up(self) -> None:
        view = self._shop.pool.view
        member = self._shop.policy.top_up(view)
        if member is None:
            return
        if self._shop.policy.schedule == "ordered":
            await self._validator.top_up(member, view.next_attempt)
        else:
            self._group.start_soon(self._validator.top_up, member, view.next_attempt)

    def _start(self, draft: Draft | None) -> OpenAttempt:
        """Choose parent and cases."""
        shop, policy, view = self._shop, self._shop.policy, self._shop.pool.view
        number = view.next_attempt
        escape = None
        partner: CandidateId | None = None
        if draft is not None:
            parent, cases = draft.proposal.parents[0], tuple(draft.bar)
        else:
            # The streams are keyed by the attempt, so that a resumed run draws the same.
            escape = policy.escape(view, Random(f"{policy.seed}/{number}/escape"))
            parent = policy.parent(view, Random(f"{policy.seed}/{number}/parent"), escape)
            partner = policy.partner(view, parent, Random(f"{policy.seed}/{number}/partner"))
            cases = policy.minibatch(view, parent, number)
        opened = OpenAttempt(attempt=number, parent=parent, cases=cases, escape=escape, partner=partner, draft=draft)
        shop.emit(
            AttemptStarted(
                attempt=number,
                parent=parent,
                cases=cases,
                escape=escape,
                partner=partner,
                draft=draft,
                at=shop.now(),
            )
        )
        return opened
