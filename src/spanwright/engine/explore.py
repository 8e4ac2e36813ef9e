"""Evolve one candidate after another, without barriers: an attempt waits for its own minibatch and for nothing else.

Several attempts run at the same time, as many as the policy wants in flight. Under the ordered schedule there is one,
and the validation of its child is awaited: then a run depends on its seed alone, not on who finished first.

A policy that wants rounds has its barrier: then what is begun and ended together is a round, else it is one attempt.
"""

from collections.abc import Sequence
from itertools import groupby
from random import Random

import anyio
from anyio.abc import TaskGroup

from spanwright.core.candidate import CandidateId
from spanwright.core.events import AttemptStarted, Judged, Refused
from spanwright.core.proposal import Draft
from spanwright.core.usage import Usage
from spanwright.engine.attempt import Attempt, Ending, answered
from spanwright.engine.executors import Cut
from spanwright.engine.lateness import Lateness
from spanwright.engine.ledger import Ask, Lease, Phase
from spanwright.engine.validate import Validator
from spanwright.engine.workshop import Workshop
from spanwright.models import wall_clock
from spanwright.search import OpenAttempt


class Explorer:
    """Starts attempts as long as the ledger grants leases for them."""

    def __init__(self, shop: Workshop, validator: Validator, group: TaskGroup) -> None:
        self._shop = shop
        self._validator = validator
        self._group = group
        self._active = 0
        self._waiting = 0
        """Of these, those that wait for what others may give back of the budget."""
        late = None if self._in_turn or shop.policy.rounds is not None else shop.policy.late
        self._lateness = Lateness(late, shop.pulse)

    async def resume(self) -> None:
        """Go on with the validations and the attempts that a crash or a stop interrupted.

        They get their leases before anything new is begun, and whether or not the search is over: much of what they
        cost is paid already.
        """
        shop, view = self._shop, self._shop.pool.view
        unfinished = shop.policy.unfinished(view)
        # One that waits for its turn must hold nothing that the one before it may need.
        promises = {} if self._in_turn else {member: self._validator.promise(member) for member in unfinished}
        together = [tuple(each) for _, each in groupby(view.open_attempts, key=lambda each: each.round or each.attempt)]
        opened = [(each, shop.ledger.lease_now(self._ask(each[0].draft, each))) for each in together]
        for attempts, lease in opened:
            if lease is not None:
                self._active += 1
                self._group.start_soon(self._explore, attempts, lease)
        for member in unfinished:
            await self._hand_over(member, promises.get(member))

    def fill(self) -> None:
        """Bring the number of attempts in flight to what the policy wants now."""
        while self._pressing < self._wanted():
            self._active += 1
            self._group.start_soon(self._explore)

    @property
    def _pressing(self) -> int:
        """How many attempts are in flight. One that is late counts no longer, unless it may be for want of a slot.

        As many may be late as are wanted: where the world is down all are.
        """
        return self._active - (0 if self._shop.crowded else min(self._lateness.count, self._wanted()))

    async def watch(self) -> None:
        """See to attempts that are late, until cancelled."""
        while True:
            await self._lateness.news()
            self.fill()
            self._look_for_late()

    def _look_for_late(self) -> None:
        """Give up what is late once there is nothing else to do: where it would end the search is what it holds up."""
        late = self._lateness.count
        if late and self._active - self._waiting <= late and not self._shop.stopping:
            self._shop.ledger.close(Phase.SEARCH)
            self._lateness.give_up()

    def _wanted(self) -> int:
        shop = self._shop
        spent = shop.ledger.spent.rollouts
        return shop.policy.in_flight(spent, shop.conduct.concurrency)

    async def _explore(self, opened: Sequence[OpenAttempt] = (), lease: Lease | None = None) -> None:
        """Make attempts; the first may be those that were interrupted, with their lease."""
        try:
            goes_on = True
            if lease is not None:
                with lease:
                    goes_on = await self._finish(self._complete(opened), lease)
            while goes_on and self._pressing <= self._wanted():
                goes_on = await self._attempt()
                if goes_on:  # where an attempt found no budget, another one would not, and would look for ever
                    self.fill()
        finally:
            self._active -= 1
        self._look_for_late()

    async def _attempt(self) -> bool:
        """Make one attempt, or one round; False where there is no budget for that, or the search is over."""
        shop = self._shop
        lease = await self._lease()
        if lease is None:
            shop.is_enough()  # it may end for a better reason than that there is no budget left
            return False
        policy = shop.policy
        with lease:
            await self._top_up()
            # Asked between attempts only: there the ordered schedule has nothing in flight whose arrival could matter.
            if shop.is_enough():
                return False
            draft = self._draft()
            needs = self._ask(draft)
            if needs.rollouts > lease.rollouts or needs.reflections > lease.reflections:
                return True  # what came in meanwhile made it another kind of attempt: ask anew
            if draft is None and policy.rounds is not None:
                return await self._finish(self._complete(()), lease)
            return await self._finish((self._start(draft),), lease)

    async def _lease(self) -> Lease | None:
        """Wait for what an attempt needs."""
        ask = self._ask(self._draft())
        if (lease := self._shop.ledger.lease_now(ask)) is not None:
            return lease
        self._waiting += 1
        self._look_for_late()
        try:
            return await self._shop.ledger.lease(ask)
        finally:
            self._waiting -= 1

    async def _finish(self, opened: Sequence[OpenAttempt], lease: Lease) -> bool:
        """Carry attempts to their end, and see to their children's validation; False where the run stopped before."""
        shop, policy = self._shop, self._shop.policy
        took = wall_clock(shop.pulse)
        with self._lateness.watched() as cut:
            ended = await self._carry_out(opened, lease, cut)
        if opened[0].draft is None and any(isinstance(each, Judged | Refused) for each in ended):
            self._lateness.learn(took())
        if len(ended) < len(opened):
            return False
        judged: Sequence[Judged] = [each for each in ended if isinstance(each, Judged)]
        before: Sequence[Judged] = ()
        if policy.rounds is not None and opened[0].round is not None:
            before = tuple(shop.pool.view.judged_in_round)
            judged = policy.rounds.settle(judged, before)
        for each in judged:
            shop.emit(each)
        admitted = [each.child.id for each in (*before, *judged) if each.verdict.accepted]
        if not admitted:
            return True
        promised = None if self._gated(opened[0].draft) else lease.split(policy.commitment(shop.pool.view))
        lease.give_back()  # the validation may have to wait for more: nobody must hold what it waits for
        for child in admitted:
            await self._hand_over(child, promised)
        return True

    async def _carry_out(self, opened: Sequence[OpenAttempt], lease: Lease, cut: Cut) -> Sequence[Ending]:
        """Return how attempts ended; those that lead to no child are written down at once. Fewer where the run stopped.

        Under the ordered schedule one waits for the other, so that each knows what those before it learnt.
        """
        ended: list[Ending] = []

        async def carry_out(attempt: OpenAttempt) -> None:
            ending = await Attempt(self._shop, attempt, lease, cut).carry_out()
            if ending is not None:
                ended.append(ending)
                if not isinstance(ending, Judged):
                    self._shop.emit(ending)

        if self._in_turn or len(opened) == 1:
            for attempt in opened:
                await carry_out(attempt)
        else:
            async with anyio.create_task_group() as group:
                for attempt in opened:
                    group.start_soon(carry_out, attempt)
        return ended

    def _ask(self, draft: Draft | None, opened: Sequence[OpenAttempt] = ()) -> Ask:
        """Return what an attempt or a round needs, or what an open one still does."""
        policy = self._shop.policy
        promise, gated = policy.commitment(self._shop.pool.view), self._gated(draft)
        needs = sum((self._needs(each.draft, each) for each in opened), Usage())
        for _ in range(self._missing(draft, opened)):
            needs += self._needs(draft)
        return Ask(
            rollouts=needs.rollouts + (0 if gated else promise),
            reflections=needs.reflections,
            leave=self._validator.owed + (promise if gated else 0),
        )

    def _missing(self, draft: Draft | None, opened: Sequence[OpenAttempt]) -> int:
        """Return how many attempts are to be started, beside the open ones, to have a whole round or one attempt."""
        rounds, view = self._shop.policy.rounds, self._shop.pool.view
        if draft is not None or rounds is None:
            return 0 if opened else 1
        first = opened[0].round if opened else view.next_attempt
        return 0 if first is None else first + rounds.size - view.next_attempt

    def _needs(self, draft: Draft | None, opened: OpenAttempt | None = None) -> Usage:
        """Return what an attempt itself needs, its child's validation aside, or what an open one still does."""
        policy = self._shop.policy
        rollouts, reflections = policy.attempt_rollouts, 1
        if draft is not None:
            rollouts, reflections = len(draft.bar), 0
        elif policy.crossover_rule is not None and (opened is None or opened.partner is not None):
            rollouts += policy.minibatch_rollouts
        if opened is not None:
            rollouts -= len(opened.rollouts) + len(opened.gate)
            reflections -= answered(opened)
        return Usage(rollouts=rollouts, reflections=reflections)

    def _gated(self, draft: Draft | None) -> bool:
        return self._shop.policy.gated if draft is None else bool(draft.bar)

    def _draft(self) -> Draft | None:
        return self._shop.policy.draft(self._shop.pool.view)

    @property
    def _in_turn(self) -> bool:
        return self._shop.policy.schedule == "ordered"

    async def _hand_over(self, child: CandidateId, promised: Lease | None) -> None:
        promised = promised or self._validator.promise(child)
        if self._in_turn:
            await self._validator.validate(child, promised)
        else:
            self._group.start_soon(self._validator.validate, child, promised)

    async def _top_up(self) -> None:
        view = self._shop.pool.view
        member = self._shop.policy.top_up(view)
        if member is None:
            return
        if self._in_turn:
            await self._validator.top_up(member, view.next_attempt)
        else:
            self._group.start_soon(self._validator.top_up, member, view.next_attempt)

    def _complete(self, opened: Sequence[OpenAttempt]) -> Sequence[OpenAttempt]:
        """Start what is missing of a round; a crash may have come when only some of its attempts had begun."""
        rounds = self._shop.policy.rounds
        missing = self._missing(opened[0].draft if opened else None, opened)
        if rounds is None or not missing:
            return opened
        first = self._shop.pool.view.next_attempt + missing - rounds.size
        whole = {each.attempt: each for each in opened}
        for number in range(first + rounds.size - missing, first + rounds.size):
            whole[number] = self._start(None, first=first, like=whole.get(rounds.leader(number, first)))
        return tuple(whole.values())

    def _start(self, draft: Draft | None, *, first: int | None = None, like: OpenAttempt | None = None) -> OpenAttempt:
        """Choose parent and cases; in the round that begins with `first`, the parent may be that of another attempt."""
        shop, policy, view = self._shop, self._shop.policy, self._shop.pool.view
        number = view.next_attempt
        escape = None
        partner: CandidateId | None = None
        if like is not None:
            parent, escape, partner = like.parent, like.escape, like.partner
            cases = policy.minibatch(view, parent, number)
        elif draft is not None:
            parent, cases = draft.proposal.parents[0], tuple(draft.bar)
        else:
            # The streams are keyed by the attempt, so that a resumed run draws the same.
            escape = policy.escape(view, Random(f"{policy.seed}/{number}/escape"))
            parent = policy.parent(view, Random(f"{policy.seed}/{number}/parent"), escape)
            partner = policy.partner(view, parent, Random(f"{policy.seed}/{number}/partner"))
            cases = policy.minibatch(view, parent, number)
        started = AttemptStarted(
            attempt=number,
            parent=parent,
            cases=cases,
            escape=escape,
            partner=partner,
            draft=draft,
            round=first,
            at=shop.now(),
        )
        shop.emit(started)
        return OpenAttempt.of(started)
