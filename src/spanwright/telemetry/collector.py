"""Receives spans as they start and end and sorts them by trace id.

The recorder mints the trace ids, so a span finds its trace whatever task or thread it was made in, and a span of
anybody else costs one comparison. Ids of one collector share their upper half: a span that comes after its trace was
sealed is known, too, and no exporter will mistake it for one of its own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from os import urandom
from threading import RLock
from typing import TypeAlias

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import SpanContext

from spanwright.core.trace import Span as FlatSpan
from spanwright.telemetry.flatten import flatten
from spanwright.telemetry.tape import Bounds, Load, Tape

_HALF = 64
_OPERATION = "gen_ai.operation.name"
Outlet: TypeAlias = Callable[[ReadableSpan], None]
"""Takes a span on its way out of the process. It neither blocks nor raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What was recorded of one trace."""

    spans: Iterable[FlatSpan]
    """Can be gone through once."""
    seen: int
    """Spans that began."""
    open: tuple[str, ...]
    """The names of the spans that had not ended."""
    dropped: int
    """Spans for which there was no room."""
    cut: int
    """Attributes of which only head and tail were kept."""


@dataclass(frozen=True, slots=True)
class _Running:
    tape: Tape
    root: int
    """The span id that was minted as the parent of all."""
    baggage: Mapping[str, str]
    ambient: SpanContext | None
    """The span in which the recording was opened."""


def root_of(trace_id: int) -> int:
    """Return the span id at the root of a minted trace: whoever knows the trace knows it, in a later process, too."""
    return trace_id & ((1 << _HALF) - 1)


class Ids(IdGenerator):
    """Ids that are no draws from Python's global random numbers: tools seed those, and count on them."""

    def generate_span_id(self) -> int:
        return _drawn() | 1

    def generate_trace_id(self) -> int:
        return _drawn() << _HALF | _drawn() | 1


class Collector(SpanProcessor):
    """A span processor that keeps the spans of the traces that were begun, until they are sealed."""

    def __init__(self, bounds: Bounds | None = None, *, stamps: bool = False, outlet: Outlet | None = None) -> None:
        """Make a collector. With `stamps` it writes the baggage on the spans themselves, for those who export them.

        `outlet` is handed every span of the traces when it has ended, late ones included.
        """
        self.late = 0
        """Spans that ended after their trace had been sealed."""
        self.unreadable = 0
        """Spans that could not be made flat."""
        self.unreached = 0
        """Traces of agents that began beside those that were being recorded."""
        self._bounds = bounds or Bounds()
        self.stamps = stamps
        """Whether spans bear what only those need who export them."""
        self._outlet = outlet
        self._load = Load()
        self._mark = _drawn() | 1
        self._running: dict[int, _Running] = {}
        self._strays = 0
        self._farewells: list[Callable[[], None]] = []
        self._lock = RLock()

    def mint(self) -> int:
        """Return a fresh trace id."""
        return self._mark << _HALF | _drawn() | 1

    def owns(self, trace_id: int) -> bool:
        """Say whether this collector minted `trace_id`, now or long ago."""
        return trace_id >> _HALF == self._mark

    @property
    def idle(self) -> bool:
        """True when no trace is being recorded and no span of a sealed one is still open."""
        return not self._running and self._strays <= 0

    def when_idle(self, farewell: Callable[[], None]) -> None:
        """Call `farewell` once this collector is idle, at once if it is."""
        with self._lock:
            self._farewells.append(farewell)
        self._stray(0)

    def begin(
        self, trace_id: int, root: int, *, baggage: Mapping[str, str] | None = None, ambient: SpanContext | None = None
    ) -> None:
        """Keep the spans of `trace_id` from now on; those below `root` are linked to `ambient`."""
        self._running[trace_id] = _Running(Tape(self._bounds, self._load), root, baggage or {}, ambient)

    def open(self, trace_id: int) -> int:
        """Return how many spans of a running trace have not ended."""
        return len(self._running[trace_id].tape.open)

    @property
    def full(self) -> bool:
        """True when the traces in the making hold as much as they may."""
        return self._load.bytes >= self._bounds.total

    def notice(self, span: Span) -> None:
        """Look at a span that is of nobody's trace: the root of an agent's or a model's work ought to be of one."""
        if span.parent is None and self._running and _OPERATION in (span.attributes or {}):
            with self._lock:
                self.unreached += 1

    def records(self, trace_id: int) -> bool:
        """Say whether the spans of `trace_id` are being kept."""
        return trace_id in self._running

    def insert(self, trace_id: int, span: FlatSpan) -> bool:
        """Keep an ended span of another process; False where its trace is not, or no more, being recorded."""
        running = self._running.get(trace_id)
        if running is None:
            self.late += self.owns(trace_id)
            return False
        tape, span_id = running.tape, int(span.span_id, 16)
        if tape.holds(span_id, span.span_id):
            return True
        told = replace(span, attributes={**span.attributes, **running.baggage}) if running.baggage else span
        return tape.opened(span_id, span.name) and tape.closed(span_id, told)

    def seal(self, trace_id: int) -> Sealed:
        """Hand over what was recorded; what ends from now on is late."""
        tape = self._running.pop(trace_id).tape
        tape.seal()
        if tape.open or self._farewells:
            self._stray(len(tape.open))
        return Sealed(
            spans=tape.play(), seen=tape.seen, open=tuple(tape.open.values()), dropped=tape.dropped, cut=tape.cut
        )

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        context = span.get_span_context()
        running = self._running.get(context.trace_id)
        if running is None or not running.tape.opened(context.span_id, span.name):
            if self.owns(context.trace_id):
                self._stray(1)
            else:
                self.notice(span)
            return
        if self.stamps and running.baggage:
            span.set_attributes(running.baggage)
        if running.ambient is not None and span.parent is not None and span.parent.span_id == running.root:
            span.add_link(running.ambient)

    def on_end(self, span: ReadableSpan) -> None:
        context = span.get_span_context()
        if context is None:
            return
        owned = self.owns(context.trace_id)
        if owned and self._outlet is not None:
            self._outlet(span)
        running = self._running.get(context.trace_id)
        if running is not None and self._kept(running, context.span_id, span):
            return
        if owned:
            self.late += 1
            self._stray(-1)

    def _kept(self, running: _Running, span_id: int, span: ReadableSpan) -> bool:
        tape = running.tape
        try:
            return tape.closed(span_id, flatten(span, running.baggage))
        except Exception:  # noqa: BLE001 - we are inside the user's code, which must not fail over a span that we cannot read
            self.unreadable += 1
            tape.open.pop(span_id, None)
            return True

    def _stray(self, change: int) -> None:
        with self._lock:
            self._strays += change
            farewells = self._farewells if self.idle else []
            self._farewells = [] if self.idle else self._farewells
        for farewell in farewells:
            farewell()


def _drawn() -> int:
    """Return the bits of half an id, which nobody can foresee."""
    return int.from_bytes(urandom(_HALF // 8))
