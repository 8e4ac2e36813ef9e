"""One attempt to improve a member of the pool: its minibatch, a reflection on that, and the judgement of the child.

A draft takes the place of minibatch and reflection; its child is judged alike.

An attempt that a crash or a stop interrupted is the same thing as a new one of which more is known already: what it has
paid for is not paid again.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from statistics import fmean
from typing import TypeAlias

from spanwright.core.breaches import breach, brought_in, clash
from spanwright.core.candidate import Candidate, ComponentId
from spanwright.core.context import Example, Partner, ReflectionContext
from spanwright.core.events import Abandoned, Escape, Judged, ReflectionEnded, ReflectionStarted, Refused
from spanwright.core.prices import priced
from spanwright.core.proposal import Proposal, Reflection, Refusal, RefusalReason, Verdict
from spanwright.core.rollout import Observed, Purpose, Rollout
from spanwright.core.strangers import Strangers
from spanwright.engine import evidence, remarks
from spanwright.engine.executors import Cut
from spanwright.engine.ledger import Lease
from spanwright.engine.workshop import Work, Workshop
from spanwright.errors import UserBug, WorldFailed
from spanwright.models import Backoff
from spanwright.search import Cell, GateRule, OpenAttempt, not_worse

_log = logging.getLogger("spanwright")
_BACKOFF = Backoff(first=1.0, longest=30.0)

Ending: TypeAlias = Judged | Refused | Abandoned
"""The one event that ends an attempt."""


class Attempt:
    """Carries out an attempt on a lease. `opened` is what is known of it; of a new one only parent and cases.

    Rung, `cut` has it end with what it has: it is given up.
    """

    def __init__(self, shop: Workshop, opened: OpenAttempt, lease: Lease, cut: Cut) -> None:
        self._shop = shop
        self._opened = opened
        self._lease = lease
        self._cut = cut
        self._parent = shop.pool.view.candidate(opened.parent)
        self._partner = None if opened.partner is None else shop.pool.view.candidate(opened.partner)

    async def carry_out(self) -> Ending | None:
        """Return how the attempt ended; None where the run stopped before it could, so that a resumed run ends it."""
        ending = await self._carry_out()
        if self._cut.rung and isinstance(ending, Abandoned):
            return self._abandoned("it was late, and nothing else was left to do")
        return ending

    async def _carry_out(self) -> Ending | None:
        draft = self._opened.draft
        if draft is not None:
            return await self._judge(draft.proposal, draft.bar, not_worse if draft.bar else None)
        if not evidence.worn(self._shop.problem, self._parent):
            return self._abandoned("there is no text to edit")
        return await self._reflect()

    async def _reflect(self) -> Ending | None:
        """Look at the minibatch, and judge what a reflection makes of it."""
        shop = self._shop
        tries = await self._minibatch(self._parent)
        if shop.stopping:
            return None
        scored = [each for each in tries if each.rollout.score is not None]
        if self._cut.rung or not scored:
            return self._abandoned("no rollout of the minibatch has a score")
        perfect = shop.policy.perfect
        if all(evidence.leaves_nothing(shop.problem, each.rollout, perfect) for each in scored):
            return self._abandoned("nothing to learn on this minibatch", perfect=True)
        components = evidence.worn(shop.problem, self._parent)
        examples = [
            evidence.example(shop.problem, each, components, shop.means.redaction)
            for each in evidence.unlike(shop.problem, scored, perfect)
        ]
        result = self._opened.result
        partner = None if answered(self._opened) else await self._try_partner()
        context = self._context(examples, partner)
        if not answered(self._opened):
            result = None if shop.stopping else await self._consult(context)
        if result is None:
            return None if shop.stopping else self._abandoned("the reflection model failed")
        if isinstance(result, Proposal):
            result = self._unfit(result.edits) or self._strange(result, context) or result
        if isinstance(result, Refusal):
            return self._refused(result)
        if self._partner is not None:
            result = replace(result, parents=(self._parent.id, self._partner.id))
        result = replace(result, lessons=(*result.lessons, *evidence.lessons(examples, perfect)))
        gate = shop.policy.gate if shop.policy.gated else None
        return await self._judge(result, _scores([each.rollout for each in scored]), gate)

    async def _try_partner(self) -> Partner | None:
        if self._partner is None:
            return None
        tries = await self._minibatch(self._partner)
        unlike = evidence.unlike(self._shop.problem, tries, self._shop.policy.perfect)
        return Partner(candidate=self._partner, observed=tuple(unlike))

    async def _minibatch(self, candidate: Candidate) -> list[Observed]:
        """Return the tries of a candidate on the minibatch: fresh ones, and those made before an interruption.

        Those of one case stand together, the earliest first.
        """
        kept, cases = self._kept(candidate), self._opened.cases
        times = Counter(each.rollout.key.case for each in kept)
        missing = {case: self._shop.policy.tries_of_a_case - times[case] for case in cases}
        fresh = await self._measure(candidate, missing, Purpose.MINIBATCH)
        return sorted([*kept, *fresh], key=lambda each: (cases.index(each.rollout.key.case), each.rollout.key.repeat))

    def _kept(self, candidate: Candidate) -> list[Observed]:
        """Return what is known of a minibatch before anything is tried; where scores never vary, from any time."""
        shop, opened = self._shop, self._opened
        own = [each for each in opened.rollouts if each.key.candidate == candidate.id]
        numbers: list[int | None] = [each.number for each in own]
        if shop.policy.exact:
            left = [case for case in opened.cases if case not in {each.key.case for each in own}]
            numbers += [shop.pool.view.rollout(candidate.id, case) for case in left]
        found = (shop.means.journal.observed(number) for number in numbers if number is not None)
        return [each for each in found if each is not None]

    async def _measure(self, candidate: Candidate, missing: Mapping[str, int], purpose: Purpose) -> list[Observed]:
        """Try a candidate on each case as often as is missing, in repeats that were never launched."""
        view = self._shop.pool.view
        cells: tuple[Cell, ...] = tuple(
            (case, view.next_repeat(candidate.id, case) + later)
            for case, times in missing.items()
            for later in range(times)
        )
        work = Work(candidate=candidate, cells=cells, purpose=purpose, attempt=self._opened.attempt)
        return await self._shop.measure(work, self._lease, self._cut)

    async def _consult(self, context: ReflectionContext) -> Proposal | Refusal | None:
        """Consult the reflector; None where the world or the user's settings failed it."""
        shop, attempt = self._shop, self._opened.attempt
        chosen = tuple(component.id for component in context.components)
        shop.emit(ReflectionStarted(attempt=attempt, components=chosen, at=shop.now()))
        await shop.means.journal.durable()
        reflection: Reflection | None = None
        async with shop.means.recorder.recording({}) as recording:
            try:
                with self._cut.scope():
                    reflection = await self._ask(context)
            except UserBug as error:
                shop.fail(error)
            except Exception as error:  # noqa: BLE001  (a reflector may be the user's own code)
                shop.fail(UserBug("the reflector", f"{type(error).__name__}: {error}"))
        trace = priced(recording.trace, shop.conduct.prices)
        usage = replace(trace.usage, reflections=1)
        self._lease.settle(usage)
        if reflection is None:
            result: Proposal | Refusal = Refusal(reason=RefusalReason.FAILED, detail=shop.reflections.last)
        else:
            result = reflection.result
            shop.means.journal.keep_reflection(attempt, reflection)
        trace_id = trace.id if trace.spans else ""
        shop.emit(ReflectionEnded(attempt=attempt, result=result, usage=usage, trace_id=trace_id, at=shop.now()))
        return None if reflection is None else result

    async def _ask(self, context: ReflectionContext) -> Reflection | None:
        """Ask the reflector, again where the world fails it: the minibatch was paid for. None where that is no help.

        While the world is down it is waited for, however long the run waits; the attempt then stays open for a
        resumed run. There its tries count, down or not: it may be this one question that the world always fails.
        """
        shop, asked_before = self._shop, self._opened.result is not None
        outage, jitter, tried = shop.reflections, self._stream("backoff"), 0
        while tried < shop.conduct.tries and await outage.over(lambda: shop.stopping):
            settled = False
            try:
                reflection = _checked(await shop.problem.reflector.reflect(context))
                settled = True
            except WorldFailed as error:
                outage.failed(error)
                settled = True
                tried += asked_before or not outage.goes_on
                _log.warning("reflection %d failed: %s", self._opened.attempt, error)
                wait = _BACKOFF.wait(max(tried, 1), error.retry_after, jitter)
                await outage.rest(wait if tried < shop.conduct.tries else 0.0, lambda: shop.stopping)
            else:
                outage.answered()
                return reflection
            finally:
                if not settled:
                    outage.left()
        return None

    def _context(self, examples: Sequence[Example], partner: Partner | None) -> ReflectionContext:
        shop, policy, view = self._shop, self._shop.policy, self._shop.pool.view
        components = evidence.worn(shop.problem, self._parent)
        chosen = self._opened.components
        if chosen is None and partner is not None:
            chosen = partner.candidate.changes_from(self._parent)
        if chosen is None:
            blames: Mapping[ComponentId, float] = evidence.total_blame(examples, components, policy.perfect)
            chosen = policy.components(view, self._parent.id, blames, self._stream("components"))
        offered = [component for component in components if component.id in chosen]
        written = remarks.remarks(shop)
        own = remarks.lessons_of(shop, written, parent=self._parent, offered=offered, shown=examples)
        return ReflectionContext(
            attempt=self._opened.attempt,
            parent=self._parent,
            components=tuple(sorted(offered, key=lambda component: chosen.index(component.id))),
            examples=(
                *remarks.with_remarks(examples, written),
                *evidence.contrasts(shop, self._parent, examples),
            ),
            recorded=evidence.recorded(shop.problem, self._parent, offered, self._stream("recorded")),
            partner=partner,
            tried=policy.tried(view, self._parent.id, chosen),
            lessons=(*own, *policy.lessons(view, self._parent.id, chosen)),
            scored=policy.scored(view, chosen),
            turns=view.turns_before(self._parent.id),
            others=tuple(component for component in components if component.id not in chosen),
            stuck=self._opened.escape is Escape.QUESTION,
            objective=shop.problem.objective,
            goals=shop.problem.goals,
            most_edits=policy.edits,
            own=evidence.own(shop.problem, examples),
        )

    def _stream(self, of: str) -> Random:
        """Return a random stream, keyed by the attempt, so that a resumed run draws the same."""
        return Random(f"{self._shop.policy.seed}/{self._opened.attempt}/{of}")

    async def _judge(self, proposal: Proposal, before: Mapping[str, float], gate: GateRule | None) -> Ending | None:
        """Turn a proposal into a child, and let the gate decide where there is one."""
        shop = self._shop
        if (unfit := self._unfit(proposal.edits)) is not None:
            return self._refused(unfit)
        parent = self._parent if gate is not None else self._home(proposal)
        if parent.id != self._parent.id:
            proposal = replace(proposal, parents=(parent.id,))
        child = proposal.apply(parent)
        if shop.policy.is_known(shop.pool.view, child.id):
            return self._refused(Refusal(reason=RefusalReason.DUPLICATE, detail=child.id))
        if twin := shop.policy.repeats(shop.pool.view, child):
            return self._refused(Refusal(reason=RefusalReason.NEAR_DUPLICATE, detail=twin))
        verdict = Verdict(accepted=True, reason="admitted without a gate")
        if gate is not None:
            after = await self._gate(child, tuple(before))
            if shop.stopping:
                return None
            if any(each.score is None for each in after):
                return self._abandoned("the world failed a rollout of the gate")
            verdict = gate(before, _scores(after))
        return Judged(attempt=self._opened.attempt, proposal=proposal, child=child, verdict=verdict, at=shop.now())

    def _strange(self, proposal: Proposal, context: ReflectionContext) -> Refusal | None:
        """Return why a proposal is refused for what it has from users, tools or documents, whoever wrote it."""
        strangers = Strangers.of(context)
        components = (each for each in self._shop.problem.components if each.id in proposal.edits)
        found = (brought_in(each, proposal.edits[each.id], strangers) for each in components)
        return next((refusal for refusal in found if refusal is not None), None)

    def _unfit(self, edits: Mapping[ComponentId, str]) -> Refusal | None:
        """Return why edits cannot be used: one is of nothing that is there, or breaks a guard, whoever wrote it."""
        if strange := edits.keys() - self._parent.texts.keys():
            return Refusal(reason=RefusalReason.WRONG_COMPONENT, detail=min(strange))
        problem = self._shop.problem
        found = (breach(each, edits[each.id], problem.own) for each in problem.components if each.id in edits)
        broken = next((refusal for refusal in found if refusal is not None), None)
        return broken or clash(problem.components, {**self._parent.texts, **edits})

    def _home(self, proposal: Proposal) -> Candidate:
        """Return the member on which a reflection's edits land."""
        opened, view = self._opened, self._shop.pool.view
        if proposal.parents != (self._parent.id,) or opened.draft is not None or opened.escape is Escape.RESTART:
            return self._parent
        return view.candidate(self._shop.policy.home(view, self._parent.id, proposal.edits.keys()))

    async def _gate(self, child: Candidate, cases: Sequence[str]) -> list[Rollout]:
        """Return the child's rollouts on the cases of its gate."""
        known = {each.key.case: each for each in self._opened.gate}
        missing = {case: 1 for case in cases if case not in known}
        fresh = [each.rollout for each in await self._measure(child, missing, Purpose.GATE)]
        return [*known.values(), *fresh]

    def _refused(self, refusal: Refusal) -> Refused:
        return Refused(attempt=self._opened.attempt, parent=self._parent.id, refusal=refusal, at=self._shop.now())

    def _abandoned(self, reason: str, *, perfect: bool = False) -> Abandoned:
        return Abandoned(
            attempt=self._opened.attempt, parent=self._parent.id, reason=reason, perfect=perfect, at=self._shop.now()
        )


def answered(opened: OpenAttempt) -> bool:
    """Return whether the reflection of an attempt was answered: one that the world failed is done again."""
    result = opened.result
    return result is not None and not (isinstance(result, Refusal) and result.reason is RefusalReason.FAILED)


def _checked(reflection: object) -> Reflection:
    """Return what a reflector answered. Raises TypeError for anything but a Reflection."""
    if not isinstance(reflection, Reflection):
        raise TypeError(f"it returned {type(reflection).__name__}, not a Reflection")
    return reflection


def _scores(rollouts: Sequence[Rollout]) -> dict[str, float]:
    """Return the mean score of each case that has one."""
    scores: dict[str, list[float]] = {}
    for each in rollouts:
        if each.score is not None:
            scores.setdefault(each.key.case, []).append(each.score.value)
    return {case: fmean(values) for case, values in scores.items()}
