"""One SDK span made into one of ours, at once and cheaply.

SDK spans that are kept make Python's garbage collector the bottleneck; nothing here refers back to them.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, cast

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from spanwright.core.trace import Attribute, Span, SpanEvent
from spanwright.telemetry.excerpt import excerpt

_KINDS = {kind: kind.name.lower() for kind in SpanKind}
_STATUSES: Mapping[StatusCode, Literal["unset", "ok", "error"]] = {
    StatusCode.UNSET: "unset",
    StatusCode.OK: "ok",
    StatusCode.ERROR: "error",
}
_NANOSECONDS = 1_000_000_000  # whole, so that a quotient is rounded once, as it is where spans come by OTLP
_EVENT_TEXT = 16_384
"""The most characters of one text in an event: a stack trace needs no more."""


def flatten(span: ReadableSpan, also: Mapping[str, str] | None = None) -> Span:
    """Return `span` as plain data, with the attributes `also`."""
    context, parent, scope = span.get_span_context(), span.parent, span.instrumentation_scope
    assert context is not None, "an ended span has a context"
    events, links, status = span.events, span.links, span.status
    attributes = _attributes(span.attributes)
    if also:
        attributes.update(also)
    return Span(
        trace_id=f"{context.trace_id:032x}",
        span_id=f"{context.span_id:016x}",
        parent_id="" if parent is None else f"{parent.span_id:016x}",
        name=span.name,
        scope="" if scope is None else scope.name,
        kind=_KINDS[span.kind],
        started=(span.start_time or 0) / _NANOSECONDS,
        ended=(span.end_time or span.start_time or 0) / _NANOSECONDS,
        status=_STATUSES[status.status_code],
        status_message=status.description or "",
        attributes=attributes,
        events=tuple(_event(event) for event in events) if events else (),
        links=tuple(f"{link.context.trace_id:032x}" for link in links) if links else (),
        dropped=span.dropped_attributes,
    )


def flattening(take: Callable[[Span], None]) -> Callable[[ReadableSpan], None]:
    """Return what hands each span to `take` as plain data."""
    return lambda span: take(flatten(span))


def _event(event: Event) -> SpanEvent:
    attributes = {
        key: excerpt(value, _EVENT_TEXT) if isinstance(value, str) else value
        for key, value in _attributes(event.attributes).items()
    }
    return SpanEvent(name=event.name, time=event.timestamp / _NANOSECONDS, attributes=attributes)


def _attributes(attributes: Mapping[str, object] | None) -> dict[str, Attribute]:
    if not attributes:
        return {}
    # The SDK shows its locked dictionary through a proxy: a copy costs a quarter of asking it for each key.
    copied = attributes.copy() if isinstance(attributes, MappingProxyType) else attributes
    return {key: value if type(value) is str else _plain(value) for key, value in copied.items()}


def _plain(value: object) -> Attribute:
    """Return a value that core allows: a text, a flag, a finite number, or a tuple of one of them."""
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return _row(cast("Sequence[object]", value))
    return json.dumps(value, default=str, ensure_ascii=False)


def _row(values: Sequence[object]) -> Attribute:
    kinds = {type(value) for value in values}
    if kinds in ({bool}, {int}) or (kinds == {float} and all(math.isfinite(cast("float", value)) for value in values)):
        return cast("Attribute", tuple(values))
    return tuple(value if isinstance(value, str) else str(value) for value in values)
