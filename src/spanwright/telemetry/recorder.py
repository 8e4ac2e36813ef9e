"""Opens recordings: what is awaited inside one leaves its spans in one trace, in whatever task or thread it runs."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field, replace
from types import TracebackType

import anyio
from opentelemetry import baggage as otel_baggage
from opentelemetry import context as otel_context
from opentelemetry import trace as otel_trace
from opentelemetry.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import TracerProvider

from spanwright.core.candidate import ComponentId
from spanwright.core.trace import TEXT_READ, Trace
from spanwright.telemetry import remote
from spanwright.telemetry.arrivals import Arrivals, Arrived
from spanwright.telemetry.collector import Collector, Outlet, Sealed, root_of
from spanwright.telemetry.diagnoses import Tally
from spanwright.telemetry.fold import fold
from spanwright.telemetry.interning import Repeated
from spanwright.telemetry.names import CANDIDATE, COMPONENTS, PREFIX, PROMPT_NAME, PROMPT_VERSION, prompt_name
from spanwright.telemetry.providers import Attachment, remote_parent
from spanwright.telemetry.tape import Bounds

_GRACE = 0.5
"""Seconds that spans have to end after their recording was left."""
_LOOK = 0.005
"""Seconds between two looks at the open spans."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_LONGEST_ID = 128


@dataclass(frozen=True, slots=True)
class _Instruments:
    """What the agents inside a recording are instrumented with."""

    provider: TracerProvider
    meters: MeterProvider | None
    version: str
    """The candidate that is worn, for those who export the spans; empty where nobody does."""
    unreached: Callable[[str, int], None]
    read: set[ComponentId] = field(default_factory=set[ComponentId])
    """Texts of the user's own code that were asked for so far: each is told once."""


_instruments: ContextVar[_Instruments | None] = ContextVar("spanwright_instruments", default=None)


def current_provider() -> TracerProvider | None:
    """Return the tracer provider to instrument agents with; None where nothing is being recorded."""
    instruments = _instruments.get()
    return instruments.provider if instruments else None


def current_meters() -> MeterProvider | None:
    """Return the meter provider to instrument agents with; None is the process's own.

    Without export it is one that does nothing: the rollouts' token counts are no business of the user's backend.
    """
    instruments = _instruments.get()
    return instruments.meters if instruments else None


def mark_components(ids: Sequence[ComponentId]) -> None:
    """Note on the current span, a model call's, which components its request carries."""
    span = otel_trace.get_current_span()
    instruments = _instruments.get()
    if instruments is None or not span.is_recording():
        return
    marked = set(ids)
    attributes = span.attributes if isinstance(span, ReadableSpan) else None
    if attributes and isinstance(earlier := attributes.get(COMPONENTS), tuple):
        marked.update(str(component) for component in earlier)
    span.set_attribute(COMPONENTS, tuple(sorted(marked)))
    if marked and instruments.version:
        span.set_attributes({PROMPT_NAME: prompt_name(marked), PROMPT_VERSION: instruments.version})


def mark_text(id: ComponentId) -> None:
    """Note in a recording, by a span of its own, that the user's code read a component's text. Each is noted once."""
    instruments = _instruments.get()
    if instruments is None or id in instruments.read:
        return
    instruments.read.add(id)
    tracer = instruments.provider.get_tracer("spanwright")
    tracer.start_span(f"text {id}", attributes={TEXT_READ: id}).end()


def note_unreached(agent: str, runs: int) -> None:
    """Say in a recording that runs of an agent began where none reaches: its recorder's diagnoses tell it."""
    instruments = _instruments.get()
    if instruments is not None:
        instruments.unreached(agent, runs)


class SpanRecording:
    """One trace in the making."""

    def __init__(self, trace_id: str) -> None:
        self._id = trace_id
        self._trace: Trace | None = None

    @property
    def id(self) -> str:
        return self._id

    @property
    def trace(self) -> Trace:
        """Raises RuntimeError before the recording was left."""
        if self._trace is None:
            raise RuntimeError(f"the recording {self._id} is still going on. Leave its block before you read its trace")
        return self._trace

    def finish(self, trace: Trace) -> None:
        """Hold the trace for whoever asks."""
        self._trace = trace


class SpanRecorder:
    """Records by OpenTelemetry. Make one with `attach`."""

    def __init__(self, collector: Collector, attachment: Attachment, *, grace: float) -> None:
        self.arrivals = Arrivals(collector)
        """Takes the spans of other processes in."""
        self._collector = collector
        self._attachment = attachment
        self._grace = grace
        self._tally = Tally()
        self._repeated = Repeated()

    @classmethod
    @contextmanager
    def attach(
        cls,
        *,
        export: bool = False,
        outlet: Outlet | None = None,
        grace: float = _GRACE,
        bounds: Bounds | None = None,
    ) -> Generator["SpanRecorder", None, None]:
        """Attach to the tracer provider of the process until the block is left.

        With `export` the user's exporters get the spans of the recordings, too; without it they get nothing of them.
        `outlet` gets them whatever provider is in place.
        """
        collector = Collector(bounds, stamps=export or outlet is not None, outlet=outlet)
        attachment = Attachment(collector, export=export)
        try:
            yield cls(collector, attachment, grace=grace)
        finally:
            attachment.detach()

    def publish(self, span: ReadableSpan) -> bool:
        """Hand a span that we made ourselves to the user's exporters; False where they get nothing of ours."""
        return self._attachment.publish(span)

    @property
    def resource(self) -> Resource:
        """What the user's tracer provider says of this process."""
        return self._attachment.resource

    @property
    def diagnoses(self) -> tuple[str, ...]:
        """One line for each thing that is missing in the traces, and why."""
        return (
            *self._attachment.diagnoses,
            *self._tally.lines(self._collector),
        )

    def recording(self, baggage: Mapping[str, str]) -> AbstractAsyncContextManager[SpanRecording]:
        """Record until the block is left, in a trace of its own, whatever is being recorded or traced around it."""
        return _Block(self._begin, self._end, baggage)

    def _begin(self, baggage: Mapping[str, str]) -> "_Begun":
        """Start a trace and make it the current one."""
        self._attachment.follow()
        trace_id = self._collector.mint()
        root = root_of(trace_id)
        carried = _carried(baggage) if baggage else baggage
        ambient = otel_trace.get_current_span().get_span_context()
        self._collector.begin(trace_id, root, baggage=carried, ambient=ambient if ambient.is_valid else None)
        version = carried.get(CANDIDATE, "") if self._collector.stamps else ""
        attached = self._attachment
        instruments = _Instruments(attached.provider, attached.meters, version, self._tally.unreached)
        return _Begun(
            trace_id=trace_id,
            remark=bool(carried),
            instruments=_instruments.set(instruments),
            context=otel_context.attach(_inside(trace_id, root, carried)),
            entered=remote.enter(self.arrivals, trace_id),
        )

    async def _end(self, begun: "_Begun", recording: SpanRecording) -> None:
        """Leave a trace and put it together."""
        remote.leave(begun.entered)
        otel_context.detach(begun.context)
        _instruments.reset(begun.instruments)
        try:
            if self.arrivals.expects(begun.trace_id):
                await self.arrivals.settle(begun.trace_id)
            if self._collector.open(begun.trace_id):
                await self._quiet(begun.trace_id)
        finally:
            arrived = self.arrivals.seal(begun.trace_id)
            sealed = self._collector.seal(begun.trace_id)
            # A judge that asks no model leaves no span, and nothing is wrong with that.
            recording.finish(self._folded(recording.id, sealed, arrived, remark=begun.remark or bool(sealed.seen)))

    async def _quiet(self, trace_id: int) -> None:
        """Wait until every span has ended, for the time of grace at most."""
        with anyio.move_on_after(self._grace):
            while self._collector.open(trace_id):  # noqa: ASYNC110 - spans end in threads, too, which know no event
                await anyio.sleep(_LOOK)

    def _folded(self, trace_id: str, sealed: Sealed, arrived: Arrived, *, remark: bool) -> Trace:
        """Return the trace, and take note of what is missing in it if that is worth a remark."""
        if not remark:
            return Trace(id=trace_id)
        spans, ended = arrived.attached(sealed.spans)
        complete = ended and not (sealed.open or arrived.missing)
        try:
            trace = fold(spans, trace_id=trace_id, complete=complete, repeated=self._repeated)
        except Exception as error:  # noqa: BLE001 - a rollout that was paid for must not be lost because its spans are odd
            self._tally.unfolded(error)
            return Trace(id=trace_id, complete=False, truncated=True)
        if sealed.dropped or sealed.cut:
            trace = replace(trace, truncated=True)
        self._tally.add(sealed, trace)
        self._tally.miss(arrived, unseen=not sealed.seen)
        return trace


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """What a recording has to put back, and to seal."""

    trace_id: int
    remark: bool
    """It was opened for something that should leave spans."""
    instruments: Token[_Instruments | None]
    context: Token[otel_context.Context]
    entered: remote.Entered


class _Block(AbstractAsyncContextManager[SpanRecording]):
    """The block of a recording. A class: each rollout enters two, and a generator takes several times as long."""

    __slots__ = ("_baggage", "_begin", "_begun", "_end", "_recording")

    def __init__(
        self,
        begin: Callable[[Mapping[str, str]], _Begun],
        end: Callable[[_Begun, SpanRecording], Awaitable[None]],
        baggage: Mapping[str, str],
    ) -> None:
        self._begin = begin
        self._end = end
        self._baggage = baggage

    async def __aenter__(self) -> SpanRecording:
        self._begun = self._begin(self._baggage)
        self._recording = SpanRecording(f"{self._begun.trace_id:032x}")
        return self._recording

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._end(self._begun, self._recording)


class BlindRecorder:
    """Records nothing, at no cost: every trace is empty."""

    @asynccontextmanager
    async def recording(self, baggage: Mapping[str, str]) -> AsyncGenerator[SpanRecording, None]:
        """Let the block run unseen, even inside a recording of another recorder."""
        recording = SpanRecording("")
        recording.finish(Trace())
        instruments = _instruments.set(None)
        entered = remote.enter(None, 0)
        try:
            yield recording
        finally:
            remote.leave(entered)
            _instruments.reset(instruments)


def _carried(baggage: Mapping[str, str]) -> Mapping[str, str]:
    """Name the ids as ours and make them fit for a header: baggage goes out with every HTTP request that is traced."""
    return {
        key if key.startswith(PREFIX) else PREFIX + key: _UNSAFE.sub("_", value)[:_LONGEST_ID]
        for key, value in baggage.items()
    }


def _inside(trace_id: int, root: int, baggage: Mapping[str, str]) -> otel_context.Context:
    context = remote_parent(trace_id, root)
    for key, value in baggage.items():
        context = otel_baggage.set_baggage(key, value, context)
    return context
