"""One rollout from start to end, failures included: limit, retry, record, run, score, each adding one concern.

`Performer.perform` returns a value whatever happens; a user's bug comes back as a failure with that blame. Only
cancellation and errors of Spanwright itself are raised.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import anyio

from spanwright.core.candidate import Candidate
from spanwright.core.case import Case
from spanwright.core.measured import Measured
from spanwright.core.protocols import Evaluator, Recorder, Subject
from spanwright.core.rollout import Blame, Failure, Observed, Outcome, Purpose, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.core.tools_used import ToolsUsed
from spanwright.core.trace import Trace
from spanwright.core.usage import Usage
from spanwright.errors import CandidateFailed, UsageError, UserBug, WorldFailed
from spanwright.telemetry import tools_used

_OUTPUT_LIMIT = 8_000
"""Characters of an output that are kept; more would only be cut by the reflection prompt."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Try:
    """What one try of a task led to."""

    output: object = None
    failure: Failure | None = None
    retry_after: float | None = None
    score: Score | None = None
    trace: Trace
    judged: Trace = _UNJUDGED
    """The evaluators' own trace."""
    usage: Usage
    measured: Measured

    @property
    def is_worlds_fault(self) -> bool:
        return self.failure is not None and self.failure.blame is Blame.WORLD


class Performer:
    """Does rollouts, at most `concurrency` at a time."""

    def __init__(
        self,
        subject: Subject,
        evaluator: Evaluator,
        *,
        recorder: Recorder,
        concurrency: int,
        clock: Callable[[], float],
        halted: Callable[[Purpose], bool],
    ) -> None:
        self._subject = subject
        self._evaluator = evaluator
        self._recorder = recorder
        self._limiter = anyio.CapacityLimiter(concurrency)
        self._clock = clock
        self._halted = halted

    @property
    def waiting(self) -> int:
        """How many rollouts wait for a slot."""
        return self._limiter.statistics().tasks_waiting

    async def perform(self, task: Task, tries: int) -> Observed | None:
        """Do one rollout; where the world fails it, try again, `tries` times in all.

        None where work was halted before anything came of it: it is as if it had not begun.
        """
        started: float | None = None
        outcome: _Try | None = None
        usage = Usage()
        for tried in range(tries):
            await self._take_slot()
            try:
                if self._halted(task.purpose):
                    break
                started = self._clock() if started is None else started
                outcome = await self._try(task)
            finally:
                self._limiter.release()
            usage += outcome.usage
            if not outcome.is_worlds_fault or tried == tries - 1 or self._halted(task.purpose):
                break
            await anyio.sleep(max(outcome.retry_after or 0.0, float(2**tried)))
        if outcome is None or started is None:
            return None
        if outcome.is_worlds_fault and self._halted(task.purpose) and not usage.requests:
            return None
        rollout = Rollout(
            number=task.number,
            key=task.key,
            purpose=task.purpose,
            attempt=task.attempt,
            score=outcome.score,
            failure=outcome.failure,
            usage=replace(usage, rollouts=1, seconds=self._clock() - started),
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

    async def _try(self, task: Task) -> _Try:
        ran = await self._run(task)
        if ran.failure is not None:
            return ran
        if isinstance(ran.output, Outcome):
            shown = replace(ran, trace=replace(ran.trace, images=ran.output.images)) if ran.output.images else ran
            return _judged(shown, ran.output.score)
        return await self._score(task, ran)

    async def _run(self, task: Task) -> _Try:
        """Run the subject in a recording of its own."""
        output: object = None
        failure: Failure | None = None
        retry_after: float | None = None
        baggage = {"spanwright.candidate": task.candidate.id, "spanwright.rollout": str(task.number)}
        async with self._recorder.recording(baggage) as recording:
            began = self._clock()
            try:
                output = await self._subject.run(task.candidate, task.case)
            except WorldFailed as error:
                failure, retry_after = failure_of(error), error.retry_after
            except Exception as error:  # noqa: BLE001  (the user's code may raise anything, and a bad rollout is data)
                failure = failure_of(error)
            took = self._clock() - began
        trace = recording.trace
        return _Try(
            output=output,
            failure=failure,
            retry_after=retry_after,
            trace=trace,
            usage=trace.usage,
            measured=Measured.of(trace, took),
        )

    async def _score(self, task: Task, ran: _Try) -> _Try:
        """Score an output in another recording, outside of the candidate: a judge's texts are never components."""
        failure: Failure | None = None
        retry_after: float | None = None
        score: Score | None = None
        async with self._recorder.recording({}) as recording:
            try:
                score = await self._evaluator(task.case, ran.output, ran.trace)
            except WorldFailed as error:
                failure, retry_after = failure_of(error), error.retry_after
            except UsageError as error:
                failure = failure_of(UserBug("the evaluators", error.what, remedy=error.remedy))
            except UserBug as error:
                failure = failure_of(error)
            except Exception as error:  # noqa: BLE001  (whatever an evaluator raises is its author's bug)
                failure = failure_of(UserBug("an evaluator", f"{type(error).__name__}: {error}"))
        if score is not None and not math.isfinite(score.value):
            failure = failure_of(UserBug("the evaluators", f"the score was {score.value}, which is not finite"))
            score = None
        judged = recording.trace
        return _Try(
            output=ran.output,
            failure=failure,
            retry_after=retry_after,
            score=score,
            trace=ran.trace,
            judged=judged,
            usage=ran.usage + judged.usage if judged.model_calls else ran.usage,
            measured=ran.measured,
        )


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
