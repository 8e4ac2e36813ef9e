"""Take parts of the learning signal away, to see what they are worth: feedback, traces, or the traces' truth.

Each stands where the real part stands, so a whole run works with less and nothing else differs.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace

from spanwright.core.case import Case
from spanwright.core.protocols import Evaluator, Recorder, Recording
from spanwright.core.score import Score
from spanwright.core.trace import Trace


@dataclass(frozen=True, slots=True)
class WithoutFeedback:
    """An evaluator that says how good an outcome is, and not why."""

    evaluator: Evaluator

    async def __call__(self, case: Case, output: object, trace: Trace) -> Score:
        """Score one outcome, in silence."""
        score = await self.evaluator(case, output, trace)
        return Score(value=score.value)


@dataclass(slots=True)
class _Later:
    """A recording that learns its trace when it is left."""

    id: str
    told: Trace = field(default_factory=Trace)

    @property
    def trace(self) -> Trace:
        return self.told


@dataclass(frozen=True, slots=True)
class WithoutTraces:
    """A recorder that counts what was spent and shows nothing of what was done."""

    recorder: Recorder

    def recording(self, baggage: Mapping[str, str]) -> AbstractAsyncContextManager[Recording]:
        """Record, and keep only model calls' usage."""
        return self._recording(baggage)

    @asynccontextmanager
    async def _recording(self, baggage: Mapping[str, str]) -> AsyncGenerator[Recording]:
        async with self.recorder.recording(baggage) as inner:
            later = _Later(inner.id)
            yield later
        later.told = _spent(inner.trace)


@dataclass(slots=True)
class ForeignTraces:
    """A recorder that gives each rollout the trace of an earlier one: true to form, and about something else."""

    recorder: Recorder
    shift: int = 7
    _earlier: list[Trace] = field(default_factory=list[Trace])

    def recording(self, baggage: Mapping[str, str]) -> AbstractAsyncContextManager[Recording]:
        """Record, and swap the trace. Recordings without baggage, those of judges and reflections, are left alone."""
        return self._recording(baggage) if baggage else self.recorder.recording(baggage)

    @asynccontextmanager
    async def _recording(self, baggage: Mapping[str, str]) -> AsyncGenerator[Recording]:
        async with self.recorder.recording(baggage) as inner:
            later = _Later(inner.id)
            yield later
        self._earlier.append(inner.trace)
        other = self._earlier[max(0, len(self._earlier) - 1 - self.shift)]
        later.told = replace(other, id=inner.trace.id) if other is not inner.trace else _spent(inner.trace)


def _spent(trace: Trace) -> Trace:
    """Return a trace that says what was spent and nothing more."""
    calls = tuple(
        replace(call, instructions="", messages=(), answer=None, tools=(), components=()) for call in trace.model_calls
    )
    return Trace(id=trace.id, model_calls=calls)
