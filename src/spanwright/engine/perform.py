"""One rollout from start to end, failures included: slots, tries, outages. What a try is, its workplace knows.

`Performer.perform` returns a value whatever happens; a user's bug comes back as a failure with that blame. Only
cancellation and errors of Spanwright itself are raised.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

import anyio

from spanwright.core.candidate import Candidate
from spanwright.core.case import Case
from spanwright.core.rollout import Observed, Purpose, Rollout, RolloutKey
from spanwright.core.usage import Usage
from spanwright.engine.executors import Cut, Job, Tried, Workplace
from spanwright.engine.outage import Outage
from spanwright.errors import WorldDown
from spanwright.models import Alarm, Backoff, Pulse, wall_clock

_BACKOFF = Backoff(first=1.0, longest=30.0)
"""Between two tries of a rollout: what its requests could be helped by was tried by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A rollout to be done."""

    number: int
    candidate: Candidate
    case: Case
    key: RolloutKey
    purpose: Purpose
    attempt: int | None = None


class Block:
    """Rollouts that are waited for together. From when half of them have ended, it tells how long ago that was."""

    def __init__(self, size: int) -> None:
        self._missing = (size + 1) // 2
        self._began: Callable[[], float] | None = None

    def ended(self, pulse: Pulse) -> None:
        """Take note that one of them has ended."""
        self._missing -= 1
        if self._missing <= 0 and self._began is None:
            self._began = wall_clock(pulse)

    def late(self) -> float:
        """Return the seconds since half of them have ended; 0 before."""
        return 0.0 if self._began is None else self._began()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for all rollouts of a run."""

    concurrency: int
    outage: Outage = field(default_factory=lambda: Outage(patience=600.0, in_a_row=10, give_up=lambda: None))
    tries: int = 1
    straggling: float | None = None
    """Seconds that what is left of a block has, from when half of it has ended."""
    halted: Callable[[Purpose], bool] = lambda _: False
    """Whether no rollout for this purpose may begin."""


class Performer:
    """Does rollouts, at most `concurrency` at a time."""

    def __init__(
        self, workplace: Workplace, *, clock: Callable[[], float], terms: Terms, pulse: Pulse | None = None
    ) -> None:
        self._workplace = workplace
        self._limiter = anyio.CapacityLimiter(terms.concurrency)
        self._clock = clock
        self._pulse = pulse or Pulse()
        self._terms = terms

    @property
    def waiting(self) -> int:
        """How many rollouts wait for a slot."""
        return self._limiter.statistics().tasks_waiting

    async def perform(self, task: Task, block: Block | None = None, cut: Cut | None = None) -> Observed | None:
        """Do one rollout; where the world fails it, try again. While the world is down that costs no try.

        None where work was halted, or `cut` rung, before anything came of it: it is as if it had not begun.
        """
        try:
            return await self._persist(task, block, cut or Cut())
        finally:
            if block is not None:
                block.ended(self._pulse)

    async def _persist(self, task: Task, block: Block | None, cut: Cut) -> Observed | None:
        started: float | None = None
        tried: Tried | None = None
        usage, seconds, tries = Usage(), 0.0, 0
        jitter = Random(task.number)

        def halted() -> bool:
            return cut.rung or self._terms.halted(task.purpose)

        while tries < self._terms.tries:
            if not await self._terms.outage.over(halted):
                break
            await self._take_slot()
            try:
                if halted():
                    self._terms.outage.left()
                    break
                started = self._clock() if started is None else started
                tried = await self._try(task, block, cut)
            finally:
                self._limiter.release()
            usage += tried.usage
            seconds += tried.seconds
            error = tried.error
            if error is None or isinstance(error, WorldDown):
                break
            tries += not self._terms.outage.goes_on
            if tries < self._terms.tries:
                await self._terms.outage.rest(_BACKOFF.wait(max(tries, 1), error.retry_after, jitter), halted)
        if tried is None or started is None:
            return None
        if tried.is_worlds_fault and self._terms.halted(task.purpose) and not usage.requests:
            return None
        rollout = Rollout(
            number=task.number,
            key=task.key,
            purpose=task.purpose,
            attempt=task.attempt,
            score=tried.score,
            failure=tried.failure,
            usage=replace(usage, rollouts=1, seconds=seconds),
            judging=tried.judging,
            refining=tried.refining,
            trace_id=tried.trace.id,
            judge_trace_id=tried.judge_trace_id,
            started=started,
            ended=self._clock(),
            measured=tried.measured,
            tools=tried.tools,
        )
        return Observed(rollout=rollout, trace=tried.trace, output=tried.output)

    async def _take_slot(self) -> None:
        """Wait for a slot; one that is free costs no turn of the event loop."""
        try:
            self._limiter.acquire_nowait()
        except anyio.WouldBlock:
            await self._limiter.acquire()

    async def _try(self, task: Task, block: Block | None, of_all: Cut) -> Tried:
        """Try once, and tell what the world has to do with it."""
        outage, settled, cut = self._terms.outage, False, Cut()
        of_all.listen(cut.ring)
        job = Job(number=task.number, candidate=task.candidate, case=task.case)
        straggling = Alarm(self._terms.straggling if block else None, block.late if block else _never, cut.ring)
        try:
            with straggling:
                tried = await self._workplace.attempt(job, cut)
            settled = True
        finally:
            if not settled:
                outage.left()
        error = tried.error
        if error is not None:
            about = None if tried.world is None else tried.world.about
            outage.failed(error, about or task.case.id)
        elif tried.is_worlds_fault:
            outage.left()
        else:
            outage.answered()
        return tried


def _never() -> float:
    return 0.0
