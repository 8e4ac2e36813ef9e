"""Events that came as log records, laid on the spans that they belong to."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from spanwright.core.trace import Attribute, Span, SpanEvent
from spanwright.telemetry.sink import LoggedEvent

Identity: TypeAlias = tuple[str, float, frozenset[tuple[str, Attribute]]]


def identity(event: SpanEvent | LoggedEvent) -> Identity:
    """Return name, time and attributes of an event, by which its second delivery is known."""
    return event.name, event.time, frozenset(event.attributes.items())


def with_events(spans: Iterable[Span], logged: Iterable[LoggedEvent]) -> tuple[tuple[Span, ...], int]:
    """Lay events that came as log records on their spans, and count those whose span is not there.

    A record without a span of its own is that of the model call whose answer it names, if it names one.
    """
    known = tuple(spans)
    answers = {span.attributes.get("gen_ai.response.id"): (span.trace_id, span.span_id) for span in known}
    placed: dict[tuple[str, str], list[SpanEvent]] = {}
    there = {(span.trace_id, span.span_id) for span in known}
    lost = 0
    for event in logged:
        place = (event.trace_id, event.span_id)
        if place not in there:
            named = event.attributes.get("gen_ai.response.id")
            place = answers.get(named, place) if named else place
        if place in there:
            placed.setdefault(place, []).append(
                SpanEvent(name=event.name, time=event.time, attributes=event.attributes)
            )
        else:
            lost += 1
    return tuple(_with(span, placed.get((span.trace_id, span.span_id), ())) for span in known), lost


def _with(span: Span, events: Sequence[SpanEvent]) -> Span:
    if not events:
        return span
    each = {identity(event): event for event in (*span.events, *events)}  # a batch that was sent twice counts once
    return replace(span, events=tuple(sorted(each.values(), key=lambda event: event.time)))
