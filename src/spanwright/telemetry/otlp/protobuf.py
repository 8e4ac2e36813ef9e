"""Reads binary OTLP: parsed by protobuf's own parser, then made into plain data in one pass."""

import base64
from collections.abc import Iterable, Iterator

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan
from pydantic import JsonValue

from spanwright.core.trace import Attribute, Span, SpanEvent
from spanwright.errors import MalformedOtlp
from spanwright.telemetry.excerpt import excerpt
from spanwright.telemetry.otlp.values import (
    CONTENT,
    EVENT_TEXT,
    EVENTS,
    NANOSECONDS,
    SERVICE,
    Refuse,
    attribute,
    ids_at_fault,
    kind_of,
    linked,
    parent_of,
    plain,
    status_of,
)
from spanwright.telemetry.sink import LoggedEvent


def decode_protobuf(body: bytes, *, refuse: Refuse | None = None) -> Iterator[Span]:
    """Yield the spans of an ExportTraceServiceRequest.

    Raises MalformedOtlp where there is none, before the first span. A span without proper ids raises it too, unless
    `refuse` is there to be told.
    """
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise _unparsed("trace", error) from error
    return _spans(request, refuse)


def decode_logs_protobuf(body: bytes) -> Iterator[LoggedEvent]:
    """Yield the gen_ai events of an ExportLogsServiceRequest. Raises MalformedOtlp where there is none."""
    request = ExportLogsServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise _unparsed("logs", error) from error
    return _events(request)


def _unparsed(signal: str, error: DecodeError) -> MalformedOtlp:
    return MalformedOtlp(f"the body is no OTLP {signal} request in protobuf: {error}")


def _spans(request: ExportTraceServiceRequest, refuse: Refuse | None) -> Iterator[Span]:
    for resource_spans in request.resource_spans:
        service = _service(resource_spans.resource)
        for scope_spans in resource_spans.scope_spans:
            scope = scope_spans.scope.name
            for wire in scope_spans.spans:
                trace_id, span_id = wire.trace_id.hex(), wire.span_id.hex()
                fault = ids_at_fault(trace_id, span_id)
                if not fault:
                    yield _span(wire, (trace_id, span_id), scope, service)
                elif refuse is None:
                    raise MalformedOtlp(f"the span {wire.name[:80]!r} cannot be placed: {fault}")
                else:
                    refuse(fault)


def _span(wire: WireSpan, ids: tuple[str, str], scope: str, service: str) -> Span:
    status = wire.status
    started = wire.start_time_unix_nano
    return Span(
        trace_id=ids[0],
        span_id=ids[1],
        parent_id=parent_of(wire.parent_span_id.hex()),
        name=wire.name,
        scope=scope,
        service=service,
        kind=kind_of(wire.kind),
        started=started / NANOSECONDS,
        ended=(wire.end_time_unix_nano or started) / NANOSECONDS,
        status=status_of(status.code),
        status_message=status.message,
        attributes=_attributes(wire.attributes),
        events=tuple([_event(event) for event in wire.events]) if wire.events else (),
        links=linked(link.trace_id.hex() for link in wire.links) if wire.links else (),
        dropped=wire.dropped_attributes_count,
    )


def _event(event: WireSpan.Event) -> SpanEvent:
    attributes = {
        key: excerpt(value, EVENT_TEXT) if isinstance(value, str) and not key.startswith(EVENTS) else value
        for key, value in _attributes(event.attributes).items()
    }
    return SpanEvent(name=event.name, time=event.time_unix_nano / NANOSECONDS, attributes=attributes)


def _events(request: ExportLogsServiceRequest) -> Iterator[LoggedEvent]:
    for resource_logs in request.resource_logs:
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                event = _logged(record)
                if event.name.startswith(EVENTS):
                    yield event


def _logged(record: LogRecord) -> LoggedEvent:
    attributes = _attributes(record.attributes)
    name = record.event_name or attributes.get("event.name", "")
    body = _value(record.body)
    if body is not None:
        attributes[CONTENT] = plain(body)
    trace_id, span_id = record.trace_id.hex(), record.span_id.hex()
    placed = not ids_at_fault(trace_id, span_id)
    return LoggedEvent(
        name=name if isinstance(name, str) else "",
        trace_id=trace_id if placed else "",
        span_id=span_id if placed else "",
        time=(record.time_unix_nano or record.observed_time_unix_nano) / NANOSECONDS,
        attributes=attributes,
    )


def _service(resource: Resource) -> str:
    return next((entry.value.string_value for entry in resource.attributes if entry.key == SERVICE), "")


def _attributes(entries: Iterable[KeyValue]) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    for entry in entries:
        value = entry.value
        if value.WhichOneof("value") == "string_value":  # nearly all are
            found[entry.key] = value.string_value
        elif (read := attribute(_value(value))) is not None:
            found[entry.key] = read
    return found


def _value(value: AnyValue) -> JsonValue:
    match kind := value.WhichOneof("value"):
        case "string_value" | "bool_value" | "int_value" | "double_value":
            return getattr(value, kind)
        case "array_value":
            return [_value(each) for each in value.array_value.values]
        case "kvlist_value":
            return {entry.key: _value(entry.value) for entry in value.kvlist_value.values}
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode("ascii")
        case _:
            return None
