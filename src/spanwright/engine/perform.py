"""One rollout from start to end, failures included: limit, retry, record, run, score, each adding one concern.

`Performer.perform` returns a value whatever happens; a user's bug comes back as a failure with that blame. Only
cancellation and errors of Spanwright itself are raised.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random

import anyio

from spanwright.core.candidate import Candidate
from spanwright.core.case import Case
from spanwright.core.limits import Deadlines
from spanwright.core.measured import Measured
from spanwright.core.prices import Price, priced
from spanwright.core.protocols import Evaluator, Recorder, Subject
from spanwright.core.rollout import STRAGGLER, Blame, Failure, Observed, Outcome, Purpose, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.core.tools_used import ToolsUsed
from spanwright.core.trace import Trace
from spanwright.core.usage import Usage
from spanwright.engine.outage import Outage
from spanwright.errors import CandidateFailed, UsageError, UserBug, WorldDown, WorldFailed
from spanwright.models import Backoff, Deadline, Pulse, WorkingTime, wall_clock
from spanwright.telemetry import tools_used

_OUTPUT_LIMIT = 8_000
"""Characters of an output that are kept; more would only be cut by the reflection prompt."""
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


_UNJUDGED = Trace()
_NOTHING = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Try:
    """What one try of a task led to."""

    output: object = None
    failure: Failure | None = None
    world: WorldFailed | None = None
    """The error behind a failure of the world's; None where we cut it ourselves, because others were done."""
    score: Score | None = None
    trace: Trace
    judged: Trace = _UNJUDGED
    """The evaluators' own trace."""
    judging: Usage = _NOTHING
    """What the evaluators took, which is a part of `usage`."""
    usage: Usage
    measured: Measured
    seconds: float = 0.0

    @property
    def is_worlds_fault(self) -> bool:
        return self.failure is not None and self.failure.blame is Blame.WORLD

    @property
    def is_to_be_tried_again(self) -> bool:
        return self.world is not None and not isinstance(self.world, WorldDown)

    @property
    def retry_after(self) -> float | None:
        return None if self.world is None else self.world.retry_after


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
    deadlines: Deadlines = field(default_factory=Deadlines)
    halted: Callable[[Purpose], bool] = lambda _: False
    """Whether no rollout for this purpose may begin."""
    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])


class Performer:
    """Does rollouts, at most `concurrency` at a time."""

    def __init__(
        self,
        subject: Subject,
        evaluator: Evaluator,
        *,
        recorder: Recorder,
        clock: Callable[[], float],
        terms: Terms,
        pulse: Pulse | None = None,
    ) -> None:
        self._subject = subject
        self._evaluator = evaluator
        self._recorder = recorder
        self._limiter = anyio.CapacityLimiter(terms.concurrency)
        self._clock = clock
        self._pulse = pulse or Pulse()
        self._terms = terms

    @property
    def waiting(self) -> int:
        """How many rollouts wait for a slot."""
        return self._limiter.statistics().tasks_waiting

    async def perform(self, task: Task, block: Block | None = None) -> Observed | None:
        """Do one rollout; where the world fails it, try again. While the world is down that costs no try.

        None where work was halted before anything came of it: it is as if it had not begun.
        """
        try:
            return await self._persist(task, block)
        finally:
            if block is not None:
                block.ended(self._pulse)

    async def _persist(self, task: Task, block: Block | None) -> Observed | None:
        started: float | None = None
        outcome: _Try | None = None
        usage, seconds, tried = Usage(), 0.0, 0
        jitter, halted = Random(task.number), partial(self._terms.halted, task.purpose)
        while tried < self._terms.tries:
            if not await self._terms.outage.over(halted):
                break
            await self._take_slot()
            try:
                if halted():
                    self._terms.outage.left()
                    break
                started = self._clock() if started is None else started
                outcome = await self._try(task, block)
            finally:
                self._limiter.release()
            usage += outcome.usage
            seconds += outcome.seconds
            if not outcome.is_to_be_tried_again:
                break
            tried += not self._terms.outage.goes_on
            if tried < self._terms.tries:
                await self._terms.outage.rest(_BACKOFF.wait(max(tried, 1), outcome.retry_after, jitter), halted)
        if outcome is None or started is None:
            return None
        if outcome.is_worlds_fault and halted() and not usage.requests:
            return None
        rollout = Rollout(
            number=task.number,
            key=task.key,
            purpose=task.purpose,
            attempt=task.attempt,
            score=outcome.score,
            failure=outcome.failure,
            usage=replace(usage, rollouts=1, seconds=seconds),
            judging=outcome.judging,
            trace_id=outcome.trace.id,
            judge_trace_id=outcome.judged.id if outcome.judged.spans else "",
            started=started,
            ended=self._clock(),
            measured=outcome.measured,
            tools=_tools(task, outcome),
        )
        return Observed(rollout=rollout, trace=outcome.trace, output=_output(outcome))

    async def _take_slot(self) -> None:
        """Wait for a slot; one that is free costs no turn of the event loop."""
        try:
            self._limiter.acquire_nowait()
        except anyio.WouldBlock:
            await self._limiter.acquire()

    async def _try(self, task: Task, block: Block | None) -> _Try:
        """Try once, and tell what the world has to do with it."""
        outage, settled = self._terms.outage, False
        try:
            with WorkingTime(self._pulse, task.case.id).at_work() as working:
                ran = await self._run(task, working, block)
                outcome = ran if ran.failure is not None else await self._judge(task, ran)
            settled = True
        finally:
            if not settled:
                outage.left()
        if outcome.world is not None:
            outage.failed(outcome.world, task.case.id)
        elif outcome.is_worlds_fault:
            outage.left()
        else:
            outage.answered()
        return replace(outcome, seconds=working.seconds)

    async def _judge(self, task: Task, ran: _Try) -> _Try:
        """Score what the subject did, unless it brought its score along."""
        if not isinstance(ran.output, Outcome):
            return await self._score(task, ran)
        shown = replace(ran, trace=replace(ran.trace, images=ran.output.images)) if ran.output.images else ran
        return _judged(shown, ran.output.score)

    async def _run(self, task: Task, working: WorkingTime, block: Block | None) -> _Try:
        """Run the subject in a recording of its own."""
        output: object = None
        failure: Failure | None = None
        world: WorldFailed | None = None
        limits = self._terms.deadlines
        baggage = {"spanwright.candidate": task.candidate.id, "spanwright.rollout": str(task.number)}
        async with self._recorder.recording(baggage) as recording:
            try:
                with (
                    Deadline(limits.rollout, lambda: working.charged) as own,
                    Deadline(limits.validation if block else None, block.late if block else _never) as common,
                ):
                    output = await self._subject.run(task.candidate, task.case)
                if own.expired:
                    failure = failure_of(CandidateFailed("limit", f"it worked for longer than {limits.rollout:g} s"))
                elif common.expired:
                    failure = _straggled(limits.validation)
            except WorldFailed as error:
                failure, world = failure_of(error), error
            except Exception as error:  # noqa: BLE001  (the user's code may raise anything, and a bad rollout is data)
                failure = failure_of(error)
            took = working.seconds
        trace = priced(recording.trace, self._terms.prices)
        return _Try(
            output=output,
            failure=failure,
            world=world,
            trace=trace,
            usage=trace.usage,
            measured=Measured.of(trace, took),
        )

    async def _score(self, task: Task, ran: _Try) -> _Try:
        """Score an output in another recording, outside of the candidate: a judge's texts are never components."""
        failure: Failure | None = None
        world: WorldFailed | None = None
        score: Score | None = None
        async with self._recorder.recording({}) as recording:
            try:
                score = await self._evaluator(task.case, ran.output, ran.trace)
            except WorldFailed as error:
                failure, world = failure_of(error), error
            except UsageError as error:
                failure = failure_of(UserBug("the evaluators", error.what, remedy=error.remedy))
            except UserBug as error:
                failure = failure_of(error)
            except Exception as error:  # noqa: BLE001  (whatever an evaluator raises is its author's bug)
                failure = failure_of(UserBug("an evaluator", f"{type(error).__name__}: {error}"))
        if score is not None and not math.isfinite(score.value):
            failure = failure_of(UserBug("the evaluators", f"the score was {score.value}, which is not finite"))
            score = None
        judged = priced(recording.trace, self._terms.prices)
        return _Try(
            output=ran.output,
            failure=failure,
            world=world,
            score=score,
            trace=ran.trace,
            judged=judged,
            judging=judged.usage,
            usage=ran.usage + judged.usage if judged.model_calls else ran.usage,
            measured=ran.measured,
        )


def _never() -> float:
    return 0.0


def _straggled(seconds: float | None) -> Failure:
    message = f"it was still at work {seconds:g} s after half of its block had ended, and was cut"
    return Failure(boundary="deadline", blame=Blame.WORLD, message=message, signature=STRAGGLER)


def failure_of(error: Exception) -> Failure:
    """Return the value for an error of a rollout."""
    match error:
        case WorldFailed():
            return Failure(boundary=error.boundary, blame=Blame.WORLD, message=error.message)
        case UsageError():  # of a subject's own, found out while it ran
            return Failure(boundary="the subject", blame=Blame.USER, message=error.what, signature=error.remedy)
        case UserBug():
            return Failure(boundary=error.where, blame=Blame.USER, message=error.message, signature=error.remedy)
        case CandidateFailed():
            return Failure(
                boundary=error.boundary, blame=Blame.CANDIDATE, message=error.message, signature=error.signature
            )
        case _:
            kind = type(error).__name__
            return Failure(
                boundary="program", blame=Blame.CANDIDATE, message=f"{kind}: {error}", signature=f"program {kind}"
            )


async def unjudged(case: Case, output: object, trace: Trace) -> Score:
    """Stand where a problem has its evaluator, and its subject judges itself. Raises UserBug where it does not."""
    raise UserBug("the subject", f"it returned {type(output).__name__}, not an Outcome with a score")


def _judged(ran: _Try, score: Score) -> _Try:
    """Return a try with its subject's own score."""
    if math.isfinite(score.value):
        return replace(ran, score=score)
    return replace(ran, failure=failure_of(UserBug("the subject", f"the score was {score.value}, which is not finite")))


def _tools(task: Task, outcome: _Try) -> ToolsUsed | None:
    """Return what became of the tools; None where no span tells."""
    if not (outcome.trace.model_calls or outcome.trace.tool_calls):
        return None
    return tools_used(outcome.trace, outcome.score, task.case.metadata)


def _output(outcome: _Try) -> str:
    if outcome.failure is not None:
        return ""
    return outcome.output.output if isinstance(outcome.output, Outcome) else shown(outcome.output)


def shown(output: object) -> str:
    """Return an output as text for a reflector, shortened in the middle."""
    text = output if isinstance(output, str) else repr(output)
    if len(text) <= _OUTPUT_LIMIT:
        return text
    half = _OUTPUT_LIMIT // 2
    return f"{text[:half]} [... {len(text) - 2 * half} characters ...] {text[-half:]}"
