"""Writes spans and gen_ai events as OTLP/JSON, each batch a line: the format of the Collector's file exporter.

What is written reads back equal (see json_form). Of what core.trace.Span does not hold nothing can be written: of a
resource its service name, of a link its trace id.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from pydantic import JsonValue

from spanwright.core.trace import Attribute, Span, SpanEvent
from spanwright.telemetry.otlp.values import KINDS, NANOSECONDS, SERVICE, STATUSES
from spanwright.telemetry.sink import LoggedEvent

_KINDS = {kind: number for number, kind in enumerate(KINDS) if number}


def encode_json(spans: Iterable[Span]) -> bytes:
    """Return an ExportTraceServiceRequest with `spans`, in one line."""
    resources = [
        {
            "resource": {"attributes": _attributes({SERVICE: service} if service else {})},
            "scopeSpans": [
                {"scope": {"name": scope}, "spans": [_span(span) for span in of_scope]}
                for scope, of_scope in groupby(of_service, key=lambda span: span.scope)
            ],
        }
        for service, of_service in groupby(spans, key=lambda span: span.service)
    ]
    return _line({"resourceSpans": resources})


def encode_logs_json(events: Iterable[LoggedEvent]) -> bytes:
    """Return an ExportLogsServiceRequest with `events`, in one line."""
    records = [
        {
            "eventName": event.name,
            "traceId": event.trace_id,
            "spanId": event.span_id,
            "timeUnixNano": _time(event.time),
            "attributes": _attributes(event.attributes),
        }
        for event in events
    ]
    return _line({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]})


def _line(request: Mapping[str, object]) -> bytes:
    # ASCII: a lone surrogate, which no file would take, has its place in escapes.
    return json.dumps(request, separators=(",", ":")).encode("ascii") + b"\n"


def _span(span: Span) -> dict[str, object]:
    written: dict[str, object] = {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "parentSpanId": span.parent_id,
        "name": span.name,
        "kind": _KINDS.get(span.kind, 1),
        "startTimeUnixNano": _time(span.started),
        "endTimeUnixNano": _time(span.ended),
        "attributes": _attributes(span.attributes),
        "droppedAttributesCount": span.dropped,
        "events": [_event(event) for event in span.events],
        "links": [{"traceId": link} for link in span.links],
        "status": {"code": STATUSES.index(span.status), "message": span.status_message},
    }
    return {name: value for name, value in written.items() if value or name == "status"}


def _event(event: SpanEvent) -> dict[str, object]:
    return {"name": event.name, "timeUnixNano": _time(event.time), "attributes": _attributes(event.attributes)}


def _attributes(attributes: Mapping[str, Attribute]) -> list[dict[str, object]]:
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _value(value: Attribute) -> dict[str, JsonValue]:
    match value:
        case str():
            return {"stringValue": value}
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case _:
            row: Sequence[Attribute] = value
            return {"arrayValue": {"values": [_value(each) for each in row]}}


def _time(seconds: float) -> str:
    """Return nanoseconds, reckoned in whole numbers: rounded twice they would not read back equal."""
    numerator, denominator = seconds.as_integer_ratio()
    return str((numerator * NANOSECONDS + denominator // 2) // denominator)
