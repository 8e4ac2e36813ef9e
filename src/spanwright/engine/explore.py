"""Evolve one candidate after another, without barriers: an attempt waits for its own minibatch and for nothing else.

Several attempts run at the same time, as many as the policy wants in flight. Under the ordered schedule there is one,
and the validation of its child is awaited: then a run depends on its seed alone, not on who finished first.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from anyio.abc import TaskGroup

from spanwright.core.candidate import Candidate
from spanwright.core.context import Example, ReflectionContext
from spanwright.core.events import Abandoned, AttemptStarted, Judged, ReflectionEnded, ReflectionStarted, Refused
from spanwright.core.proposal import Proposal, Reflection, Refusal, RefusalReason, Verdict
from spanwright.core.rollout import Observed, Purpose
from spanwright.engine import evidence
from spanwright.engine.ledger import Ask, Lease
from spanwright.engine.validate import Validator
from spanwright.engine.workshop import Work, Workshop
from spanwright.errors import UserBug, WorldFailed
from spanwright.search import Cell, OpenAttempt


class Explorer:
    """Starts attempts as long as the ledger grants leases for them."""

    def __init__(self, shop: Workshop, validator: Validator, group: TaskGroup) -> None:
        self._shop = shop
        self._validator = validator
        self._group = group
        self._active = 0
        self._left_open = list(shop.pool.view.open_attempts)

    def fill(self) -> None:
        """Bring the number of attempts in flight to what the policy wants now."""
        while self._active < self._wanted():
            self._active += 1
            self._group.start_soon(self._explore)

    async def finish_validations(self) -> None:
        """Go on with the validations that a crash or a stop interrupted, before anything new is begun."""
        shop = self._shop
        for member in shop.policy.unfinished(shop.pool.view):
            await self._hand_over(shop.pool.view.candidate(member), Lease(shop.ledger, 0, 0))

    def _wanted(self) -> int:
        shop = self._shop
        spent = shop.ledger.spent.rollouts
        return shop.policy.in_flight(spent, shop.conduct.concurrency)

    async def _explore(self) -> None:
        try:
            while self._active <= self._wanted() and await self._attempt():
                self.fill()
        finally:
            self._active -= 1

    async def _attempt(self) -> bool:
        """Make one attempt; False where there is no budget for one, or the search is over."""
        shop, policy = self._shop, self._shop.policy
        promise = policy.commitment(shop.pool.view)
        minibatch = policy.minibatch_size * (2 if policy.gated else 1)
        lease = await shop.ledger.lease(
            Ask(
                rollouts=minibatch + (0 if policy.gated else promise),
                reflections=1,
                leave=self._validator.owed + (promise if policy.gated else 0),
            )
        )
        if lease is None:
            return False
        with lease:
            await self._top_up()
            opened = self._left_open.pop(0) if self._left_open else None
            ended = await self._try(self._start(opened), opened, lease)
            if ended is None:
                return False
            shop.emit(ended)
            if isinstance(ended, Judged) and ended.verdict.accepted:
                promised = lease.split(0 if policy.gated else promise)
                await self._hand_over(ended.child, promised)
        return True

    async def _hand_over(self, child: Candidate, promised: Lease) -> None:
        if self._shop.policy.schedule == "ordered":
            await self._validator.validate(child.id, promised)
        else:
            self._group.start_soon(self._validator.validate, child.id, promised)

    async def _top_up(self) -> None:
        member = self._shop.policy.top_up(self._shop.pool.view)
        if member is None:
            return
        if self._shop.policy.schedule == "ordered":
            await self._validator.top_up(member)
        else:
            self._group.start_soon(self._validator.top_up, member)

    def _start(self, opened: OpenAttempt | None) -> AttemptStarted:
        """Choose parent and minibatch, or go on with an attempt that a crash left open."""
        shop, policy, view = self._shop, self._shop.policy, self._shop.pool.view
        if opened is not None:
            return AttemptStarted(attempt=opened.attempt, parent=opened.parent, cases=opened.cases, at=shop.now())
        number = view.next_attempt
        parent = policy.parent(view, self._random(number, "parent"))
        started = AttemptStarted(
            attempt=number, parent=parent, cases=policy.minibatch(view, parent, number), at=shop.now()
        )
        shop.emit(started)
        return started

    async def _try(
        self, started: AttemptStarted, opened: OpenAttempt | None, lease: Lease
    ) -> Judged | Refused | Abandoned | None:
        """Carry out an attempt; None where the run stopped before it could end, so that a resumed run ends it."""
        shop = self._shop
        parent = shop.pool.view.candidate(started.parent)
        before = await self._minibatch(parent, started, opened, lease)
        if shop.stopping:
            return None
        scored = [each for each in before if each.rollout.score is not None]
        if not scored:
            return self._abandoned(started, "no rollout of the minibatch has a score")
        perfect = shop.policy.perfect
        if all(evidence.is_perfect(each.rollout.score, perfect) for each in scored if each.rollout.score is not None):
            return self._abandoned(started, "nothing to learn on this minibatch", perfect=True)
        components = evidence.worn(shop.problem, parent)
        examples = [evidence.example(shop.problem, each, components) for each in scored]
        result = None if opened is None else opened.result
        if result is None or (isinstance(result, Refusal) and result.reason is RefusalReason.FAILED):
            reflection = await self._reflect(started, parent, examples, lease)
            if reflection is None:
                return None if shop.stopping else self._abandoned(started, "the reflection model failed")
            result = reflection.result
        if isinstance(result, Refusal):
            return Refused(attempt=started.attempt, parent=parent.id, refusal=result, at=shop.now())
        result = replace(result, lessons=(*result.lessons, *evidence.lessons(examples, perfect)))
        return await self._judge(started, parent, result, scored, lease)

    async def _minibatch(
        self, parent: Candidate, started: AttemptStarted, opened: OpenAttempt | None, lease: Lease
    ) -> list[Observed]:
        """Return the parent's rollouts on the minibatch: fresh ones, and those that a crash did not take."""
        shop = self._shop
        known = {} if opened is None else {each.key.case: each for each in opened.rollouts}
        kept = {case: shop.means.journal.observed(rollout.number) for case, rollout in known.items()}
        missing = [case for case in started.cases if kept.get(case) is None]
        work = Work(
            candidate=parent,
            cells=self._cells(parent, missing),
            purpose=Purpose.MINIBATCH,
            attempt=started.attempt,
        )
        fresh = {each.rollout.key.case: each for each in await shop.measure(work, lease)}
        found = [fresh.get(case) or kept.get(case) for case in started.cases]
        return [each for each in found if each is not None]

    def _cells(self, candidate: Candidate, cases: Sequence[str]) -> tuple[Cell, ...]:
        view = self._shop.pool.view
        return tuple((case, view.next_repeat(candidate.id, case)) for case in cases)

    async def _reflect(
        self, started: AttemptStarted, parent: Candidate, examples: Sequence[Example], lease: Lease
    ) -> Reflection | None:
        """Consult the reflector; None where the world or the user's settings failed it."""
        shop, policy, view = self._shop, self._shop.policy, self._shop.pool.view
        components = evidence.worn(shop.problem, parent)
        blames = evidence.total_blame(examples, components, policy.perfect)
        chosen = policy.components(view, parent.id, blames, self._random(started.attempt, "components"))
        context = ReflectionContext(
            attempt=started.attempt,
            parent=parent,
            components=tuple(component for component in components if component.id in chosen),
            examples=tuple(examples),
            tried=policy.tried(view, parent.id, chosen),
            lessons=policy.lessons(view, parent.id, chosen),
            others=tuple(component for component in components if component.id not in chosen),
            objective=shop.problem.objective,
        )
        shop.emit(ReflectionStarted(attempt=started.attempt, components=tuple(chosen), at=shop.now()))
        await shop.means.journal.durable()
        reflection: Reflection | None = None
        async with shop.means.recorder.recording({}) as recording:
            try:
                reflection = await shop.problem.reflector.reflect(context)
            except WorldFailed as error:
                shop.world_failed(f"the reflection model: {error.message}")
            except UserBug as error:
                shop.fail(error)
            except Exception as error:  # a reflector may be the user's own code
                shop.fail(UserBug("the reflector", f"{type(error).__name__}: {error}"))
        usage = replace(recording.trace.usage, reflections=1)
        lease.settle(usage)
        if reflection is None:
            refusal = Refusal(reason=RefusalReason.FAILED)
            shop.emit(ReflectionEnded(attempt=started.attempt, result=refusal, usage=usage, at=shop.now()))
            return None
        shop.world_answered()
        shop.means.journal.keep_reflection(started.attempt, reflection)
        shop.emit(ReflectionEnded(attempt=started.attempt, result=reflection.result, usage=usage, at=shop.now()))
        return reflection

    async def _judge(
        self, started: AttemptStarted, parent: Candidate, proposal: Proposal, before: Sequence[Observed], lease: Lease
    ) -> Judged | Refused | Abandoned | None:
        """Turn a proposal into a child, and let the gate decide where there is one."""
        shop, policy = self._shop, self._shop.policy
        child = proposal.apply(parent)
        if child.id in shop.pool.view:
            refusal = Refusal(reason=RefusalReason.DUPLICATE, detail=child.id)
            return Refused(attempt=started.attempt, parent=parent.id, refusal=refusal, at=shop.now())
        verdict = Verdict(accepted=True, reason="admitted without a gate")
        if policy.gated:
            cells = self._cells(child, [each.rollout.key.case for each in before])
            work = Work(candidate=child, cells=cells, purpose=Purpose.GATE, attempt=started.attempt)
            after = await shop.measure(work, lease)
            if shop.stopping:
                return None
            if any(each.rollout.score is None for each in after):
                return self._abandoned(started, "the world failed a rollout of the gate")
            verdict = policy.gate(_scores(before), _scores(after))
        return Judged(attempt=started.attempt, proposal=proposal, child=child, verdict=verdict, at=shop.now())

    def _abandoned(self, started: AttemptStarted, reason: str, *, perfect: bool = False) -> Abandoned:
        return Abandoned(
            attempt=started.attempt, parent=started.parent, reason=reason, perfect=perfect, at=self._shop.now()
        )

    def _random(self, attempt: int, purpose: str) -> Random:
        """Return the random stream of one decision: keyed by the attempt, so that a resumed run draws the same."""
        return Random(f"{self._shop.policy.seed}/{attempt}/{purpose}")


def _scores(observed: Sequence[Observed]) -> dict[str, float]:
    return {each.rollout.key.case: each.rollout.score.value for each in observed if each.rollout.score is not None}
