"""The extension points. Each is one call, or nearly; `spanwright.testing` ships a conformance suite for them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar, runtime_checkable

from spanwright.core.annotation import Annotation
from spanwright.core.candidate import Candidate, Component
from spanwright.core.case import Case
from spanwright.core.context import ReflectionContext
from spanwright.core.events import Event
from spanwright.core.proposal import Reflection
from spanwright.core.rollout import Observed, Rollout
from spanwright.core.score import Score
from spanwright.core.trace import Trace

Sink_contra = TypeVar("Sink_contra", contravariant=True)
"""Where spans go; telemetry knows what that is."""


@runtime_checkable
class Subject(Protocol):
    """What is optimized: a set of texts, and a way to try them on a case.

    The smallest one:

        class Echo:
            async def components(self):
                return (Component(id="echo/text", kind=Kind.TEXT, agent="echo", text="hello"),)
            async def run(self, candidate, case):
                return f"{candidate.texts['echo/text']} {case.inputs}"
            def fingerprints(self):
                return {}
    """

    async def components(self) -> Sequence[Component]:
        """Return the evolvable components with the seed's texts, without calling a model."""
        ...

    async def run(self, candidate: Candidate, case: Case) -> object:
        """Try `candidate` on `case` and return the output, or an Outcome where to run is to judge.

        Raises WorldFailed or CandidateFailed where it can tell, UserBug for settings that can never work; any other
        exception counts as CandidateFailed with the boundary "program".
        """
        ...

    def fingerprints(self) -> Mapping[str, str]:
        """Return what must be equal when a run is resumed, by name: models, settings, the tools' code surface."""
        ...


@runtime_checkable
class RemoteSubject(Subject, Protocol[Sink_contra]):
    """A Subject that works in another process and has its spans sent here: HttpSubject, or one with its own transport.

    Its `run` sends `telemetry.outgoing_headers()` along and calls `telemetry.expect_spans()`.
    """

    def receiving(self, sink: Sink_contra) -> AbstractAsyncContextManager[object]:
        """Hand the spans that come in to `sink` until the context is left; `optimize` enters it before all else."""
        ...


class Evaluator(Protocol):
    """Says how good an outcome is. A plain async function will do."""

    async def __call__(self, case: Case, output: object, trace: Trace) -> Score:
        """Score one outcome. Raises UserBug where the user's evaluator raises."""
        ...


class Reflector(Protocol):
    """Reads evidence and answers with new texts."""

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Answer with a Proposal or a Refusal. Raises WorldFailed where the model cannot be reached."""
        ...


class TraceRedactor(Protocol):
    """Puts placeholders where a text holds what should not be kept: `spanwright.telemetry.redaction.Redactor` does."""

    def text(self, text: str, trace_id: str) -> str:
        """Return a text of a trace without it; equal values of a trace get equal placeholders."""
        ...

    def trace(self, trace: Trace) -> Trace:
        """Return a trace without it."""
        ...


class Redaction(Protocol):
    """Takes out of evidence what should not be kept, before it is kept, exported or reflected on."""

    def observed(self, observed: Observed) -> Observed:
        """Return a finished and scored rollout without it."""
        ...

    def case(self, case: Case, trace_id: str) -> Case:
        """Return a case without it, to be read beside that trace."""
        ...

    def text(self, text: str, trace_id: str) -> str:
        """Return a text of that trace without it."""
        ...


class Journal(Protocol):
    """The durable memory of one run. Only the engine writes to it, from one event loop."""

    def append(self, event: Event) -> None:
        """Queue an event for writing; never blocks. Raises StoreError if an earlier write failed."""
        ...

    def keep_trace(self, rollout: Rollout, trace: Trace, output: str) -> None:
        """Queue the evidence of a rollout."""
        ...

    def keep_reflection(self, attempt: int, reflection: Reflection) -> None:
        """Queue the prompt and the answer of a reflection."""
        ...

    def observed(self, number: int) -> Observed | None:
        """Return a finished rollout with its evidence, or None; a resumed run finishes an attempt with it."""
        ...

    def annotations(self) -> Sequence[Annotation]:
        """Return what persons wrote about the rollouts of this run so far, the oldest first."""
        ...

    async def durable(self) -> None:
        """Return when all that was queued so far is on disk. Raises StoreError."""
        ...

    def events(self) -> Iterable[Event]:
        """Yield the events in the order of their appending, those of earlier processes first."""
        ...


Observer = Callable[[Event], None]
"""Is shown every event after it was folded. One that raises or lags is detached with a warning."""


class Recording(Protocol):
    """The spans of one rollout, judge or reflection in the making."""

    @property
    def id(self) -> str:
        """The trace id, 32 hexadecimal digits; known from the start. Empty where nothing is recorded."""
        ...

    @property
    def trace(self) -> Trace:
        """The folded trace; call it after the recording was left."""
        ...


class Recorder(Protocol):
    """Opens recordings. Everything awaited inside one, in whatever task or worker thread, belongs to it."""

    def recording(self, baggage: Mapping[str, str]) -> AbstractAsyncContextManager[Recording]:
        """Record until the block is left. `baggage` travels along as W3C baggage: ids only, `[A-Za-z0-9._-]`."""
        ...
