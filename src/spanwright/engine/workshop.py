"""What every phase of a run works with: the pool, the ledger, one way to emit an event and one way to do rollouts.

`emit` never awaits, so the journal's order is the order of the fold. Intent is durable before anything is paid for.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import anyio

from spanwright.core.candidate import Candidate
from spanwright.core.case import Case
from spanwright.core.events import (
    AttemptStarted,
    Event,
    Paced,
    ReflectionEnded,
    RolloutEnded,
    RolloutStarted,
    RunEnded,
    RunStarted,
    SearchEnded,
    StopReason,
)
from spanwright.core.rollout import Blame, Observed, Purpose, RolloutKey
from spanwright.core.score import Score
from spanwright.core.usage import Usage
from spanwright.engine.bugs import LEAST, SeedFailures
from spanwright.engine.executors import Cut, Here
from spanwright.engine.ledger import Lease, Ledger, Phase
from spanwright.engine.observers import Observers
from spanwright.engine.outage import Outage
from spanwright.engine.pacing import Pacing
from spanwright.engine.perform import Block, Performer, Task, Terms
from spanwright.engine.problem import Conduct, Means, Problem
from spanwright.errors import UserBug
from spanwright.models import Pulse
from spanwright.search import Cell, Policy, Pool

_ROLLOUTS_IN_A_ROW = 10
_REFLECTIONS_IN_A_ROW = 3
"""Failures without an answer between them after which the world is taken to be down: reflections are few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Rollouts of one candidate that belong together."""

    candidate: Candidate
    cells: tuple[Cell, ...]
    """Case id and repeat of each rollout."""
    purpose: Purpose
    attempt: int | None = None


class Workshop:
    """The shared state of one run. Single-threaded: between awaits nothing else happens, so there are no locks."""

    def __init__(self, problem: Problem, policy: Policy, means: Means, conduct: Conduct) -> None:
        self.problem = problem
        self.policy = policy
        self.means = means
        self.conduct = conduct
        self.pool = Pool()
        self.ledger = Ledger(conduct.budget, Usage())
        self.observers = Observers(means.observers)
        self.ended_by: StopReason | None = None
        self.bug: UserBug | None = None
        # Where nothing is tried twice, a few cases are all that the seed will ever be tried on.
        least = min(LEAST, len(problem.splits.validation)) if policy.exact else LEAST
        self.seed_failures = SeedFailures(conduct.run, problem.seed.id, least)
        self._few = len(problem.splits.validation) < least
        """Whether to measure the seed once does not tell whose fault its failures are."""
        self._cases = {case.id: case for case in problem.splits}
        self.reflections = self._outage(in_a_row=_REFLECTIONS_IN_A_ROW)
        """What reflections know of the world; rollouts have another model, and know their own."""
        self._rollouts = self._outage(in_a_row=_ROLLOUTS_IN_A_ROW)
        self._pacing = None if means.traffic is None else Pacing(means.traffic)
        self._lowest = 0.0
        self._floor = 0.0
        self.pulse = pulse = Pulse() if means.traffic is None else means.traffic.pulse
        self._performer = Performer(
            means.workplace or self._here(pulse),
            clock=means.clock,
            pulse=pulse,
            terms=Terms(
                concurrency=conduct.concurrency,
                tries=conduct.tries,
                straggling=conduct.deadlines.validation,
                outage=self._rollouts,
                halted=self._is_halted,
            ),
        )

    def _here(self, pulse: Pulse) -> Here:
        """Return this process as the place for rollouts."""
        return Here(
            self.problem.subject,
            self.problem.evaluator,
            recorder=self.means.recorder,
            pulse=pulse,
            deadlines=self.conduct.deadlines,
            prices=self.conduct.prices,
        )

    def _outage(self, *, in_a_row: int) -> Outage:
        patience = self.conduct.deadlines.outage
        return Outage(patience=patience, in_a_row=in_a_row, give_up=lambda: self.pause(StopReason.WORLD_DOWN))

    @property
    def stopping(self) -> bool:
        """Whether nothing new may be launched in any phase: what is unfinished is left to a resumed run."""
        return self.ledger.closed(Phase.TEST)

    @property
    def crowded(self) -> bool:
        """Whether a rollout waits for a slot."""
        return bool(self._performer.waiting)

    def replay(self, events: Iterable[Event]) -> int:
        """Fold the history of earlier processes; return how many events there were."""
        count = 0
        for event in events:
            self._fold(event)
            # What was lost in flight is not spent: docs/design/lost-rollouts.md.
            if isinstance(event, RolloutEnded):
                self.ledger.replay(event.rollout.usage)
            elif isinstance(event, ReflectionEnded):
                self.ledger.replay(event.usage)
            elif isinstance(event, RunStarted):
                self.ledger.replay(event.drafted)
            count += 1
        return count

    def now(self) -> float:
        """Return the time for an event."""
        return self.means.clock()

    def case(self, id: str) -> Case:
        """Return a case by its id. Raises KeyError."""
        return self._cases[id]

    def emit(self, event: Event) -> None:
        """Write, fold and show an event."""
        if isinstance(event, RunEnded):
            self.tell_pace()  # nothing comes after the end
        self.means.journal.append(event)
        self._fold(event)
        self.observers.offer(event)

    def tell_pace(self) -> None:
        """Tell how requests to models go, if that is news."""
        if self._pacing is not None and (lanes := self._pacing.news()) is not None:
            self.emit(Paced(lanes=lanes, at=self.now()))

    def is_enough(self) -> bool:
        """Return whether the search is over, after asking the policy about it."""
        if self.ended_by is None and (reason := self.policy.should_stop(self.pool.view)) is not None:
            self.end_search(reason)
        return self.ledger.closed(Phase.SEARCH)

    def _fold(self, event: Event) -> None:
        if isinstance(event, AttemptStarted | SearchEnded) or (
            isinstance(event, RolloutStarted) and self.pool.view.next_attempt == 1
        ):
            # The floor moves only when an attempt or a phase begins: else it would depend on who finishes first.
            self._floor = self._lowest
        self.pool.apply(event)
        if isinstance(event, RolloutEnded):
            self.seed_failures.note(event.rollout)
            if event.rollout.score is not None:
                self._lowest = min(self._lowest, event.rollout.score.value)

    def end_search(self, reason: StopReason) -> None:
        """Start nothing new; what is in flight is finished. Later phases may still follow."""
        if self.ended_by is None:
            self.ended_by = reason
        self.ledger.close(Phase.SEARCH)

    def pause(self, reason: StopReason) -> None:
        """Start nothing new in any phase. The run can be resumed."""
        self.ended_by = reason
        self.ledger.close(Phase.TEST)
        if self.means.traffic is not None:
            self.means.traffic.drain()

    def fail(self, bug: UserBug) -> None:
        """Drain and then raise `bug`."""
        if self.bug is None:
            self.bug = bug
        self.pause(StopReason.FAILED)

    async def measure(self, work: Work, lease: Lease, cut: Cut | None = None) -> list[Observed]:
        """Do the rollouts of `work` at the same time, and return them in the order of its cells.

        When their phase is over, those that have no slot yet are left out: a resumed run does them. Rung, `cut` ends
        those that are at work.
        """
        if self._is_halted(work.purpose):
            return []
        tasks: list[Task] = []
        for case, repeat in work.cells:
            key = RolloutKey(candidate=work.candidate.id, case=case, repeat=repeat)
            number = self.pool.view.next_number
            task = Task(
                number=number,
                candidate=work.candidate,
                case=self.case(case),
                key=key,
                purpose=work.purpose,
                attempt=work.attempt,
            )
            self.emit(RolloutStarted(number=number, key=key, purpose=work.purpose, attempt=work.attempt, at=self.now()))
            tasks.append(task)
        await self.means.journal.durable()
        done: list[Observed | None] = [None] * len(tasks)
        block = Block(len(tasks)) if work.purpose is Purpose.VALIDATION else None

        async def one(place: int, task: Task) -> None:
            observed = await self._performer.perform(task, block, cut)
            done[place] = None if observed is None else self._finish(observed, lease)

        async with anyio.create_task_group() as group:
            for place, task in enumerate(tasks):
                group.start_soon(one, place, task)
        return [observed for observed in done if observed is not None]

    def _is_halted(self, purpose: Purpose) -> bool:
        """Return whether no rollout of this purpose may begin. The end of the search halts none: attempts end."""
        return self.ledger.closed(Phase.FINAL if purpose is Purpose.FINAL else Phase.TEST)

    def _finish(self, observed: Observed, lease: Lease) -> Observed:
        """Record a finished rollout, and give a failure of the candidate its floor score."""
        rollout = observed.rollout
        failure = rollout.failure
        if failure is not None and failure.blame is Blame.CANDIDATE:
            score = Score(value=self._floor, feedback=f"The run failed. {failure.boundary}: {failure.message}")
            rollout = replace(rollout, score=score)
            observed = replace(observed, rollout=rollout)
        if self.means.redaction is not None:
            observed = self.means.redaction.observed(observed)
            rollout = observed.rollout
        lease.settle(rollout.usage)
        self.means.journal.keep_trace(rollout, observed.trace, observed.output)
        self.emit(RolloutEnded(rollout=rollout))
        self._watch(observed)
        return observed

    @property
    def remark(self) -> str:
        """What to say of a world that was down, in the end or now."""
        return self._rollouts.last or self.reflections.last

    def _watch(self, observed: Observed) -> None:
        failure = observed.rollout.failure
        if failure is not None and self._few and (bug := self.seed_failures.bug()) is not None:
            self.fail(bug)
        if failure is not None and failure.blame is Blame.USER:
            rollout = observed.rollout
            trace = f"{self.conduct.run} {rollout.number}"
            remedy = failure.signature
            self.fail(UserBug(failure.boundary, failure.message, case=rollout.key.case, trace=trace, remedy=remedy))
