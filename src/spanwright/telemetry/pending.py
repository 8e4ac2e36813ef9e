"""Spans that Logfire writes when a span begins, so that it can be seen before it ends.

They repeat what was known at the start, under an id of their own, below the span that they announce. Where that came,
they say nothing new; where it did not, it never ended, and its announcement stands in for it.
"""

from collections.abc import Iterable
from dataclasses import replace

from spanwright.core.trace import Span

SPAN_TYPE = "logfire.span_type"
PENDING = "pending_span"
_PARENT = "logfire.pending_parent_id"


def without_pending(spans: Iterable[Span]) -> tuple[tuple[Span, ...], frozenset[str]]:
    """Return the spans without announcements, and the ids of those that never ended."""
    known = tuple(spans)
    ended = {span.span_id for span in known if span.attributes.get(SPAN_TYPE) != PENDING}
    begun = {
        span.parent_id: _announced(span)
        for span in known
        if span.attributes.get(SPAN_TYPE) == PENDING and span.parent_id and span.parent_id not in ended
    }
    whole = tuple(span for span in known if span.attributes.get(SPAN_TYPE) != PENDING)
    return (*whole, *begun.values()), frozenset(begun)


def _announced(span: Span) -> Span:
    parent = str(span.attributes.get(_PARENT, ""))
    attributes = {key: value for key, value in span.attributes.items() if key not in (SPAN_TYPE, _PARENT)}
    return replace(span, span_id=span.parent_id, parent_id=parent if parent.strip("0") else "", attributes=attributes)
