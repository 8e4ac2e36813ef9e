"""Spans of other processes on their way into the recordings of this one.

A service that was called inside a recording sends its spans by OTLP, under the trace id that the call carried. Here
they find the recording's tape, each once however often it is sent, and a recording learns when to stop waiting.

A service that begins a trace of its own and links it to the call is understood, too, from the link on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import anyio

from spanwright.core.trace import Attribute, Span
from spanwright.telemetry.collector import Collector
from spanwright.telemetry.logged import Identity, identity, with_events
from spanwright.telemetry.pending import without_pending
from spanwright.telemetry.sink import LoggedEvent, Receipt

QUIET = 2.0
"""Seconds without a new span after which the spans of a trace count as complete."""
_PATIENCE = 15.0
"""Seconds that an announced number of spans has to arrive: a batch exporter sends every five, and tries again."""


_SPAN = 2_048
"""About what a span or an event takes without its texts."""
_MOST_ALIASES = 64
"""Traces that may be linked to one recording."""
_ENTRY = 100
"""About what an attribute takes without its texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one trace may take of other processes, beyond which spans are rejected."""

    spans: int = 10_000
    bytes: int = 64 * 2**20
    """Of names, attributes and events."""


@dataclass(slots=True, kw_only=True)
class _Incoming:
    """What other processes have sent of one trace."""

    spans: set[str] = field(default_factory=set[str])
    bytes: int = 0
    events: dict[tuple[str, Identity], LoggedEvent] = field(default_factory=dict[tuple[str, Identity], LoggedEvent])
    """By the span that they name."""
    aliases: set[str] = field(default_factory=set[str])
    """Traces of their own that services have linked to this one."""
    awaited: bool = False
    announced: int | None = None
    quiet: float = QUIET
    news: anyio.Event = field(default_factory=anyio.Event)

    @property
    def missing(self) -> int:
        """Spans that were announced and did not come."""
        return max(0, (self.announced or 0) - len(self.spans))

    def tell(self) -> None:
        """Wake whoever waits for spans."""
        self.news.set()
        self.news = anyio.Event()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What other processes sent of one trace, beside its spans."""

    events: Sequence[LoggedEvent] = ()
    """Events that came as log records."""
    spans: int = 0
    missing: int = 0
    """Spans that were announced and did not come."""
    silent: bool = False
    """True where spans were expected and none came."""

    def attached(self, spans: Iterable[Span]) -> tuple[Iterable[Span], bool]:
        """Return the spans with their events, and whether all have ended that another process announced."""
        if not self.spans and not self.events:
            return spans, True  # as they are made: nobody else sent any
        whole, unended = without_pending(spans)
        return with_events(whole, self.events)[0], not unended


_NOTHING = Arrived()


class Arrivals:
    """Takes spans in for the recordings of one collector: a Sink of the receiver."""

    def __init__(self, collector: Collector, allowance: Allowance | None = None) -> None:
        self._collector = collector
        self._allowance = allowance or Allowance()
        self._incoming: dict[int, _Incoming] = {}
        self._aliases: dict[str, int] = {}

    @property
    def busy(self) -> str:
        """Why nothing can be taken just now."""
        return "the traces in the making hold as much as they may" if self._collector.full else ""

    def take_spans(self, spans: Sequence[Span]) -> Receipt:
        """Put spans on the tapes of their traces; reject those of traces that are not being recorded."""
        reasons: list[str] = []
        told: dict[int, _Incoming] = {}
        for span in spans:
            if span.links:  # before all, because a root, which has the link, is sent after what is below it
                self._note_links(span)
        for span in spans:
            trace_id = self._trace_of(span.trace_id)
            if reason := self._take(trace_id, span):
                reasons.append(reason)
            else:
                told[trace_id] = self._incoming[trace_id]
        for incoming in told.values():
            incoming.tell()
        return Receipt(rejected=len(reasons), reason=reasons[0] if reasons else "")

    def take_events(self, events: Sequence[LoggedEvent]) -> Receipt:
        """Keep events until their spans are sealed; reject those of traces that are not being recorded."""
        reasons = [reason for event in events if (reason := self._take_event(event))]
        return Receipt(rejected=len(reasons), reason=reasons[0] if reasons else "")

    def expect(self, trace_id: int, *, count: int | None, quiet: float) -> None:
        """Let the recording of `trace_id` wait for spans: until `count` have come, or none comes any more."""
        incoming = self._of(trace_id)
        incoming.awaited, incoming.quiet = True, quiet
        if count is not None:
            incoming.announced = (incoming.announced or 0) + count

    def expects(self, trace_id: int) -> bool:
        """Say whether spans of other processes have come for `trace_id`, or are expected."""
        return trace_id in self._incoming

    async def settle(self, trace_id: int) -> None:
        """Return when the spans of other processes have come, as far as can be told; at once where none is expected."""
        incoming = self._incoming.get(trace_id)
        if incoming is None:
            return
        with anyio.move_on_after(_PATIENCE):
            while incoming.announced is None or incoming.missing:
                news = incoming.news
                with anyio.move_on_after(_PATIENCE if incoming.missing else incoming.quiet):
                    await news.wait()
                if not news.is_set():
                    return

    def seal(self, trace_id: int) -> Arrived:
        """Take no more for this trace, and return what had arrived beside its spans."""
        incoming = self._incoming.pop(trace_id, None)
        if incoming is None:
            return _NOTHING
        for alias in incoming.aliases:
            self._aliases.pop(alias, None)
        return Arrived(
            events=tuple(incoming.events.values()),
            spans=len(incoming.spans),
            missing=incoming.missing,
            silent=incoming.awaited and not incoming.spans,
        )

    def _take(self, trace_id: int, span: Span) -> str:
        """Take one span, or say why not."""
        if not self._collector.records(trace_id):
            self._collector.insert(trace_id, span)  # counts it, if it is late
            return self._unknown(trace_id)
        incoming = self._of(trace_id)
        if span.span_id in incoming.spans:
            return ""
        size = _size(span)
        if reason := self._beyond(incoming, size):
            return reason
        own = span if span.trace_id not in incoming.aliases else replace(span, trace_id=f"{trace_id:032x}")
        self._collector.insert(trace_id, own)
        incoming.spans.add(span.span_id)
        incoming.bytes += size
        return ""

    def _take_event(self, event: LoggedEvent) -> str:
        if not event.trace_id:
            return "the event belongs to no span: it has no trace id and span id"
        trace_id = self._trace_of(event.trace_id)
        if not self._collector.records(trace_id):
            return self._unknown(trace_id)
        incoming = self._of(trace_id)
        size = _weight(event.attributes)
        if reason := self._beyond(incoming, size):
            return reason
        known = (event.span_id, identity(event))
        if known not in incoming.events:
            incoming.events[known] = replace(event, trace_id=f"{trace_id:032x}")
            incoming.bytes += size
        return ""

    def _trace_of(self, trace_id: str) -> int:
        alias = self._aliases.get(trace_id) if self._aliases else None
        return int(trace_id, 16) if alias is None else alias

    def _note_links(self, span: Span) -> None:
        """Take the trace of a span for the recording that it is linked to, if there is one."""
        linked = next((trace_id for link in span.links if self._collector.records(trace_id := int(link, 16))), None)
        if linked is None or self._collector.records(int(span.trace_id, 16)):
            return
        aliases = self._of(linked).aliases
        if len(aliases) < _MOST_ALIASES:
            aliases.add(span.trace_id)
            self._aliases[span.trace_id] = linked

    def _of(self, trace_id: int) -> _Incoming:
        return self._incoming.setdefault(trace_id, _Incoming())

    def _beyond(self, incoming: _Incoming, size: int) -> str:
        allowed = self._allowance
        if len(incoming.spans) >= allowed.spans:
            return f"the trace has {allowed.spans:,} spans already, which is the most"
        if incoming.bytes + size > allowed.bytes:
            return f"the trace has {allowed.bytes:,} bytes already, which is the most"
        return ""

    def _unknown(self, trace_id: int) -> str:
        if self._collector.owns(trace_id):
            return f"the trace {trace_id:032x} is complete already. Flush the exporter before you answer a request"
        return f"the trace {trace_id:032x} is none that is recorded here. Propagate traceparent to what sends spans"


def _size(span: Span) -> int:
    words = len(span.name) + len(span.status_message) + 32 * len(span.links)
    return words + _weight(span.attributes) + sum(len(event.name) + _weight(event.attributes) for event in span.events)


def _weight(attributes: Mapping[str, Attribute]) -> int:
    return _SPAN + sum(_ENTRY + len(key) + _length(value) for key, value in attributes.items())


def _length(value: Attribute) -> int:
    if isinstance(value, tuple):
        return sum(_ENTRY + _length(each) for each in value)
    return len(value) if isinstance(value, str) else 0
