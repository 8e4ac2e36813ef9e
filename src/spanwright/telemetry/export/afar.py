"""A span that ended in another process, made again what exporters take: the way back from `flatten`.

What a flattened span no longer knows is not there: the version of its instrumentation, attributes of its links, and
of its times what is below a microsecond.
"""

from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from spanwright.core.trace import Span
from spanwright.telemetry.collector import root_of

_STATUSES: Final = {"unset": StatusCode.UNSET, "ok": StatusCode.OK, "error": StatusCode.ERROR}
_MICROSECONDS: Final = 1_000_000


def readable(span: Span, resource: Resource) -> ReadableSpan:
    """Return `span` as exporters take it, with the resource of this process."""
    trace = int(span.trace_id, 16)
    return ReadableSpan(
        span.name,
        context=_context(trace, int(span.span_id, 16)),
        parent=_context(trace, int(span.parent_id, 16)) if span.parent_id else None,
        resource=resource,
        attributes=span.attributes,
        events=[Event(each.name, each.attributes, _nanoseconds(each.time)) for each in span.events],
        links=[Link(_context(int(each, 16), root_of(int(each, 16)))) for each in span.links],
        kind=SpanKind[span.kind.upper()],
        status=Status(_STATUSES[span.status], span.status_message or None),
        start_time=_nanoseconds(span.started),
        end_time=_nanoseconds(span.ended),
        instrumentation_scope=InstrumentationScope(span.scope) if span.scope else None,
    )


def _context(trace: int, span: int) -> SpanContext:
    return SpanContext(trace, span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _nanoseconds(seconds: float) -> int:
    # A float of today's seconds is exact to a fourth of a microsecond: more digits would be noise.
    return round(seconds * _MICROSECONDS) * 1_000
