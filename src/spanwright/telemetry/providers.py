"""Whose tracer provider makes the spans, and how we come to see them.

|                 | agents' spans    | the user's own spans        | the user's exporters get          |
|-----------------|------------------|-----------------------------|-----------------------------------|
| no provider     | our provider     | are not made                | -                                 |
| SDK, logfire    | our provider     | seen, raw                   | nothing of our traces             |
| ... export on   | theirs           | seen, raw                   | everything                        |
| ... eats spans  | our provider     | seen where it samples them  | off: nothing; on: what it samples |
| foreign         | our provider     | cannot be seen              | what their provider sends         |

How we see, and withhold, the spans of an SDK provider: every tracer of it calls one public object,
`Tracer.span_processor`. We put our own `on_start` and `on_end` before that object's, on the instance, and take them
away again. `add_span_processor` would put us behind the user's exporters, who would already have the span, and nobody
can be removed from there. A sampler or a flag on the span would keep it from exporters, but from its children, too.
Logfire scrubs behind that same object, so what we see is what was written.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider, NoOpMeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits, SpanProcessor, Tracer, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags

from spanwright.telemetry.collector import Collector, Ids

_SCOPE = "spanwright"
_NOWHERE = "export was asked for, but no tracer provider is set, and OTEL_EXPORTER_OTLP_ENDPOINT is not either"
_SILENT = NoOpMeterProvider()
_BARE = (TracerProvider, trace.ProxyTracerProvider)
"""Providers that stand for themselves."""


class Found(StrEnum):
    """What the process has as its global tracer provider."""

    NOTHING = "no tracer provider"
    SDK = "an SDK tracer provider"
    LOGFIRE = "logfire"
    FOREIGN = "a tracer provider of another kind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do about the provider that was found."""

    theirs: bool = False
    """The agents are instrumented with the user's provider, not with ours."""
    tap: bool = False
    """The spans of the user's provider are seen."""
    export: bool = False
    """The user's exporters get the spans of our traces."""
    diagnosis: str = ""


def plan(found: Found, *, export: bool, eats: bool) -> Plan:
    """Decide by the table above; `eats` says that the provider's sampler drops spans below a sampled parent."""
    match found:
        case Found.NOTHING:
            return Plan(diagnosis=_NOWHERE if export else "")
        case Found.FOREIGN:
            return Plan(
                diagnosis="the tracer provider is not one of the OpenTelemetry SDK: spans that your own code makes "
                "are missing in the traces and go where that provider sends them"
            )
        case Found.SDK | Found.LOGFIRE:
            lost = "your sampler drops spans even below a sampled parent: of your own spans the traces show a part"
            more = ", and of the agents' spans nothing is exported" if export else ""
            return Plan(theirs=export and not eats, tap=True, export=export, diagnosis=f"{lost}{more}" if eats else "")


class Attachment:
    """Ties a collector to the tracer provider of the process, until it is detached."""

    def __init__(self, collector: Collector, *, export: bool) -> None:
        self._collector = collector
        self._export = export
        self._own = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource({}),
            shutdown_on_exit=False,
            id_generator=Ids(),
            span_limits=_unlimited(),
        )
        self._own.add_span_processor(collector)
        self._global: trace.TracerProvider | None = None
        self._followed: trace.TracerProvider | None = None
        self._plan = Plan()
        self._tap: Tap | None = None
        self.follow()

    @property
    def provider(self) -> trace.TracerProvider:
        """The provider to instrument agents with."""
        return self._global if self._plan.theirs and self._global is not None else self._own

    @property
    def resource(self) -> Resource:
        """What the user's provider says of this process."""
        return self._followed.resource if isinstance(self._followed, TracerProvider) else Resource({})

    def publish(self, span: ReadableSpan) -> bool:
        """Hand a span that we made to the user's exporters, past the tap; False where they get nothing of ours."""
        if self._tap is None or not self._plan.theirs:
            return False
        self._tap.pass_on(span)
        return True

    @property
    def meters(self) -> MeterProvider | None:
        """The meter provider to instrument agents with; None is the process's own."""
        return None if self._plan.export else _SILENT

    @property
    def diagnoses(self) -> tuple[str, ...]:
        """One line for each thing that the provider keeps from us."""
        disabled = () if _tracer(self._own) else ("OTEL_SDK_DISABLED is set: nothing can be recorded",)
        return (*disabled, *((self._plan.diagnosis,) if self._plan.diagnosis else ()))

    def follow(self) -> None:
        """Move to the provider that the process has now: `logfire.configure()` may put in another one at any time."""
        self._global = trace.get_tracer_provider()
        if (followed := _unwrapped(self._global)) is self._followed:
            return
        self.detach()
        self._followed = followed
        found, behind = find(self._global)
        tracer = _tracer(behind) if behind is not None else None
        self._plan = plan(
            found, export=self._export, eats=tracer is not None and _eats(tracer.sampler, self._collector)
        )
        if self._plan.tap and tracer is not None:
            self._tap = Tap.before(tracer.span_processor)
            self._tap.show(self._collector, export=self._plan.export)

    def detach(self) -> None:
        """Leave the user's provider as it was, at the latest when the last span of our traces has ended."""
        if self._tap is not None:
            self._tap.leave(self._collector)
            self._tap = None


class Tap:
    """Stands before the span processors of one SDK provider; several collectors may listen at it.

    A span of a listening collector's trace goes to that collector and, unless it may be exported, no further.
    """

    def __init__(self, processor: SpanProcessor) -> None:
        self._processor = processor
        self._listeners: tuple[tuple[Collector, bool], ...] = ()
        self._shadowed = {name: value for name, value in vars(processor).items() if name in ("on_start", "on_end")}
        self._start: Callable[[Span, Context | None], None] = processor.on_start
        self._end: Callable[[ReadableSpan], None] = processor.on_end
        vars(processor).update(on_start=self.on_start, on_end=self.on_end)

    @classmethod
    def before(cls, processor: SpanProcessor) -> "Tap":
        """Return the tap at `processor`, a new one if there is none."""
        found = vars(processor).get("on_start")
        if inspect.ismethod(found) and isinstance(found.__self__, Tap):
            return found.__self__
        return cls(processor)

    def show(self, collector: Collector, *, export: bool) -> None:
        """Let `collector` see the spans of its traces; only with `export` do they go on to the user's exporters."""
        self._listeners = (*self._listeners, (collector, export))

    def leave(self, collector: Collector) -> None:
        """Take `collector` away once it is idle: a span that it withheld must not be exported when it ends."""
        collector.when_idle(lambda: self._remove(collector))

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        collector, export = self._listening(span.get_span_context())
        if collector is not None:
            collector.on_start(span, parent_context)
        elif span.parent is None:
            for listener, _ in self._listeners:
                listener.notice(span)
        if export:
            self._start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        collector, export = self._listening(span.get_span_context())
        if collector is not None:
            collector.on_end(span)
        if export:
            self._end(span)

    def pass_on(self, span: ReadableSpan) -> None:
        """Let the user's own processors have an ended span."""
        self._end(span)

    def _listening(self, context: SpanContext | None) -> tuple[Collector | None, bool]:
        """Return who listens to a span, and whether the user's own processors get it."""
        trace_id = context.trace_id if context is not None else 0
        return next((listener for listener in self._listeners if listener[0].owns(trace_id)), (None, True))

    def _remove(self, collector: Collector) -> None:
        self._listeners = tuple(listener for listener in self._listeners if listener[0] is not collector)
        placed = vars(self._processor)
        if self._listeners or placed.get("on_start") != self.on_start:
            return  # somebody listens still, or put something before us that calls us
        for name in ("on_start", "on_end"):
            placed.pop(name, None)
        placed.update(self._shadowed)


def find(provider: trace.TracerProvider) -> tuple[Found, trace.TracerProvider | None]:
    """Say what `provider` is, and which provider behind it makes the spans."""
    behind = _unwrapped(provider)
    if isinstance(behind, trace.ProxyTracerProvider | trace.NoOpTracerProvider):
        return Found.NOTHING, None
    if not isinstance(behind, TracerProvider):
        return Found.FOREIGN, behind
    tracer = _tracer(behind)
    if tracer is None:
        return Found.NOTHING, None
    if not hasattr(tracer.span_processor, "__dict__"):
        return Found.FOREIGN, behind
    return (Found.SDK if behind is provider else Found.LOGFIRE), behind


def remote_parent(trace_id: int, span_id: int) -> Context:
    """Return a fresh context in which spans belong to `trace_id`, below a sampled parent that lives elsewhere."""
    parent = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return trace.set_span_in_context(NonRecordingSpan(parent), Context())


@runtime_checkable
class _Wrapping(Protocol):
    """A provider that stands for another one, as logfire's does so that it can be configured again."""

    provider: trace.TracerProvider


def _unwrapped(provider: trace.TracerProvider) -> trace.TracerProvider:
    # Whether it is one that wraps is asked last: to ask for a protocol takes longer than all the rest of a recording.
    while not isinstance(provider, _BARE) and isinstance(provider, _Wrapping):
        provider = provider.provider
    return provider


def _tracer(provider: trace.TracerProvider) -> Tracer | None:
    """Return an SDK tracer of `provider`; None where OTEL_SDK_DISABLED is set."""
    tracer = provider.get_tracer(_SCOPE)
    return tracer if isinstance(tracer, Tracer) else None


def _eats(sampler: Sampler, collector: Collector) -> bool:
    """Try whether the sampler drops spans below a sampled parent, first with the trace id that every ratio drops."""
    minted = [collector.mint() for _ in range(16)]
    return any(
        not sampler.should_sample(
            remote_parent(trace_id, 1), trace_id, "chat", SpanKind.CLIENT, {}, ()
        ).decision.is_recording()
        for trace_id in (minted[0] | (1 << 64) - 1, *minted)
    )


def _unlimited() -> SpanLimits:
    """Return limits that drop nothing: by default the 129th attribute drops the first, which is the system prompt."""
    unset = SpanLimits.UNSET
    return SpanLimits(
        max_attributes=unset,
        max_events=unset,
        max_links=unset,
        max_span_attributes=unset,
        max_event_attributes=unset,
        max_link_attributes=unset,
        max_attribute_length=unset,
        max_span_attribute_length=unset,
    )
