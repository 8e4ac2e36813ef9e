"""One try of a rollout in this process: record, run, score, each adding one concern.

Workers do the same at the far side of the other executors.
"""

import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from spanwright.core.case import Case
from spanwright.core.limits import Deadlines
from spanwright.core.measured import Measured
from spanwright.core.prices import Price, priced
from spanwright.core.protocols import Evaluator, Recorder, Subject
from spanwright.core.refiner import refiners_usage, without_refiner
from spanwright.core.rollout import STRAGGLER, Blame, Failure, Outcome
from spanwright.core.score import Score
from spanwright.core.tools_used import ToolsUsed
from spanwright.core.trace import Trace
from spanwright.core.usage import Usage
from spanwright.engine.executors.protocol import Cut, Job, Site, Tried, World
from spanwright.errors import CandidateFailed, UsageError, UserBug, WorldDown, WorldFailed
from spanwright.models import Deadline, Pulse, WorkingTime
from spanwright.telemetry import tools_used

_OUTPUT_LIMIT = 8_000
"""Characters of an output that are kept; more would only be cut by the reflection prompt."""
_UNJUDGED = Trace()
_NOTHING = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class InProcess:
    """Rollouts share this process and its event loop: what they wait for is models, mostly."""

    @asynccontextmanager
    async def open(self, site: Site) -> AsyncGenerator["Here"]:
        """Open it, which takes nothing."""
        yield Here.on(site)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ran:
    """How far a try has come."""

    output: object = None
    failure: Failure | None = None
    world: WorldFailed | None = None
    score: Score | None = None
    trace: Trace
    judged: Trace = _UNJUDGED
    """The evaluators' own trace."""
    judging: Usage = _NOTHING
    usage: Usage
    measured: Measured


class Here:
    """Does rollouts in this process."""

    def __init__(
        self,
        subject: Subject,
        evaluator: Evaluator,
        *,
        recorder: Recorder,
        pulse: Pulse | None = None,
        deadlines: Deadlines | None = None,
        prices: Mapping[str, Price] | None = None,
    ) -> None:
        self._subject = subject
        self._evaluator = evaluator
        self._recorder = recorder
        self._pulse = pulse or Pulse()
        self._deadlines = deadlines or Deadlines()
        self._prices = prices or {}

    @classmethod
    def on(cls, site: Site) -> "Here":
        """Return the place for a run's rollouts."""
        return cls(
            site.subject,
            site.evaluator,
            recorder=site.recorder,
            pulse=site.traffic.pulse,
            deadlines=site.deadlines,
            prices=site.prices,
        )

    @property
    def remarks(self) -> Sequence[str]:
        """None: nothing can happen to it that the run survives."""
        return ()

    async def attempt(self, job: Job, cut: Cut) -> Tried:
        """Try once."""
        with WorkingTime(self._pulse, job.case.id).at_work() as working:
            ran = await self._run(job, working, cut)
            outcome = ran if ran.failure is not None else await self._judge(job, ran)
        return _tried(job, outcome, working.seconds)

    async def _judge(self, job: Job, ran: _Ran) -> _Ran:
        """Score what the subject did, unless it brought its score along."""
        if not isinstance(ran.output, Outcome):
            return await self._score(job, ran)
        shown = replace(ran, trace=replace(ran.trace, images=ran.output.images)) if ran.output.images else ran
        return _judged(shown, ran.output.score)

    async def _run(self, job: Job, working: WorkingTime, cut: Cut) -> _Ran:
        """Run the subject in a recording of its own."""
        output: object = None
        failure: Failure | None = None
        world: WorldFailed | None = None
        limit = self._deadlines.rollout
        baggage = {"spanwright.candidate": job.candidate.id, "spanwright.rollout": str(job.number)}
        async with self._recorder.recording(baggage) as recording:
            try:
                with Deadline(limit, lambda: working.charged) as own, cut.scope() as common:
                    output = await self._subject.run(job.candidate, job.case)
                if own.expired:
                    failure = failure_of(CandidateFailed("limit", f"it worked for longer than {limit:g} s"))
                elif common.cancelled_caught:
                    failure = _STRAGGLED
            except WorldFailed as error:
                failure, world = failure_of(error), error
            except Exception as error:  # noqa: BLE001  (the user's code may raise anything, and a bad rollout is data)
                failure = failure_of(error)
            took = working.seconds
        trace = priced(recording.trace, self._prices)
        return _Ran(
            output=output,
            failure=failure,
            world=world,
            trace=trace,
            usage=trace.usage,
            measured=Measured.of(trace, took),
        )

    async def _score(self, job: Job, ran: _Ran) -> _Ran:
        """Score an output in another recording, outside of the candidate: a judge's texts are never components."""
        failure: Failure | None = None
        world: WorldFailed | None = None
        score: Score | None = None
        async with self._recorder.recording({}) as recording:
            try:
                score = await self._evaluator(job.case, ran.output, ran.trace)
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
        judged = priced(recording.trace, self._prices)
        return replace(
            ran,
            failure=failure,
            world=world,
            score=score,
            judged=judged,
            judging=judged.usage,
            usage=ran.usage + judged.usage if judged.model_calls else ran.usage,
        )


def _tried(job: Job, ran: _Ran, seconds: float) -> Tried:
    return Tried(
        output=_output(ran),
        failure=ran.failure,
        world=None if ran.world is None else world_of(ran.world),
        score=ran.score,
        trace=ran.trace,
        judge_trace_id=ran.judged.id if ran.judged.spans else "",
        usage=ran.usage,
        judging=ran.judging,
        refining=refiners_usage(ran.trace),
        measured=ran.measured,
        tools=_tools(job.case, ran),
        seconds=seconds,
    )


def world_of(error: WorldFailed) -> World:
    """Return what is known of a failure of the world's beyond its message."""
    return World(retry_after=error.retry_after, down=isinstance(error, WorldDown))


_STRAGGLED = Failure(
    boundary="deadline",
    blame=Blame.WORLD,
    message="it was still at work when nothing else was waited for any longer, and was cut",
    signature=STRAGGLER,
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


def _judged(ran: _Ran, score: Score) -> _Ran:
    """Return a try with its subject's own score."""
    if math.isfinite(score.value):
        return replace(ran, score=score)
    return replace(ran, failure=failure_of(UserBug("the subject", f"the score was {score.value}, which is not finite")))


def _tools(case: Case, ran: _Ran) -> ToolsUsed | None:
    """Return what became of the tools; None where no span tells."""
    trace = without_refiner(ran.trace)
    if not (trace.model_calls or trace.tool_calls):
        return None
    return tools_used(trace, ran.score, case.metadata)


def _output(ran: _Ran) -> str:
    if ran.failure is not None:
        return ""
    return ran.output.output if isinstance(ran.output, Outcome) else shown(ran.output)


def shown(output: object) -> str:
    """Return an output as text for a reflector, shortened in the middle."""
    text = output if isinstance(output, str) else repr(output)
    if len(text) <= _OUTPUT_LIMIT:
        return text
    half = _OUTPUT_LIMIT // 2
    return f"{text[:half]} [... {len(text) - 2 * half} characters ...] {text[-half:]}"
