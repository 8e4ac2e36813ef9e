"""Reads OTLP/JSON: hexadecimal ids, 64-bit integers as texts, enums as numbers or names, zero values left out.

Also what is met in the wild: ids as base64, as protobuf's own JSON writer has them, and names in snake case with nulls.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NoReturn, TypeAlias

from pydantic import JsonValue
from pydantic_core import from_json

from spanwright.core.trace import Attribute, Span, SpanEvent
from spanwright.errors import MalformedOtlp
from spanwright.telemetry.excerpt import excerpt
from spanwright.telemetry.otlp.values import (
    CONTENT,
    EVENT_TEXT,
    EVENTS,
    KINDS,
    NANOSECONDS,
    SERVICE,
    STATUSES,
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

_Record: TypeAlias = Mapping[str, JsonValue]

_INT64 = 2**63
_LONE = re.compile(rb"\\u[dD][89a-fA-F]")
"""Half of a character, written out: JavaScript cuts texts there, and the fast reader takes no such thing."""
_KINDS = {f"SPAN_KIND_{name.upper()}": number for number, name in enumerate(KINDS) if number}
_STATUSES = {f"STATUS_CODE_{name.upper()}": number for number, name in enumerate(STATUSES)}


def decode_json(body: bytes, *, refuse: Refuse | None = None) -> Iterator[Span]:
    """Yield the spans of an ExportTraceServiceRequest.

    Raises MalformedOtlp where there is none; what is wrong with a later span is found when it is its turn. A span
    without proper ids raises it too, unless `refuse` is there to be told.
    """
    return _spans(_request(body, "trace", "resourceSpans"), refuse)


def decode_logs_json(body: bytes) -> Iterator[LoggedEvent]:
    """Yield the gen_ai events of an ExportLogsServiceRequest. Raises MalformedOtlp where there is none."""
    return _events(_request(body, "logs", "resourceLogs"))


def _request(body: bytes, signal: str, holds: str) -> _Record:
    try:
        request = _parsed(body)
    except (ValueError, RecursionError) as error:
        raise MalformedOtlp(f"the body is no OTLP {signal} request in JSON: {error}") from error
    if not isinstance(request, dict):
        raise MalformedOtlp(f"the body is no OTLP {signal} request in JSON: it is {_shown(request)}, not an object")
    if request and _get(request, holds) is None and holds not in request and _snake(holds) not in request:
        named = ", ".join(sorted(request)[:4])
        raise MalformedOtlp(f"the body is no OTLP {signal} request in JSON: it has no {holds!r}, but {named[:80]}")
    return request


def _parsed(body: bytes) -> JsonValue:
    try:
        return from_json(body)
    except ValueError:
        if not _LONE.search(body):
            raise
    # Python's own reader takes half characters; they are made readable on the way back.
    return from_json(json.dumps(json.loads(body), ensure_ascii=False).encode("utf-8", "replace"))


def _spans(request: _Record, refuse: Refuse | None) -> Iterator[Span]:
    for resource_spans in _records(request, "resourceSpans"):
        service = _service(resource_spans)
        for scope_spans in _records(resource_spans, "scopeSpans"):
            scope = _text(_record(scope_spans, "scope"), "name")
            for wire in _records(scope_spans, "spans"):
                ids = _id(wire, "traceId", 16), _id(wire, "spanId", 8)
                fault = ids_at_fault(*ids)
                if not fault:
                    yield _span(wire, ids, scope, service)
                elif refuse is None:
                    raise MalformedOtlp(f"the span {_text(wire, 'name')[:80]!r} cannot be placed: {fault}")
                else:
                    refuse(fault)


def _span(wire: _Record, ids: tuple[str, str], scope: str, service: str) -> Span:
    status = _record(wire, "status")
    started = _integer(wire, "startTimeUnixNano")
    return Span(
        trace_id=ids[0],
        span_id=ids[1],
        parent_id=parent_of(_id(wire, "parentSpanId", 8)),
        name=_text(wire, "name"),
        scope=scope,
        service=service,
        kind=kind_of(_enum(wire, "kind", _KINDS)),
        started=started / NANOSECONDS,
        ended=(_integer(wire, "endTimeUnixNano") or started) / NANOSECONDS,
        status=status_of(_enum(status, "code", _STATUSES)),
        status_message=_text(status, "message"),
        attributes=_attributes(wire),
        events=tuple([_event(event) for event in _records(wire, "events")]),
        links=linked(_id(link, "traceId", 16) for link in _records(wire, "links")),
        dropped=_integer(wire, "droppedAttributesCount"),
    )


def _event(event: _Record) -> SpanEvent:
    attributes = {
        key: excerpt(value, EVENT_TEXT) if isinstance(value, str) and not key.startswith(EVENTS) else value
        for key, value in _attributes(event).items()
    }
    return SpanEvent(
        name=_text(event, "name"), time=_integer(event, "timeUnixNano") / NANOSECONDS, attributes=attributes
    )


def _events(request: _Record) -> Iterator[LoggedEvent]:
    for resource_logs in _records(request, "resourceLogs"):
        for scope_logs in _records(resource_logs, "scopeLogs"):
            for record in _records(scope_logs, "logRecords"):
                event = _logged(record)
                if event.name.startswith(EVENTS):
                    yield event


def _logged(record: _Record) -> LoggedEvent:
    attributes = _attributes(record)
    name = _text(record, "eventName") or attributes.get("event.name", "")
    body = _value(_record(record, "body"))
    if body is not None:
        attributes[CONTENT] = plain(body)
    trace_id, span_id = _id(record, "traceId", 16), _id(record, "spanId", 8)
    placed = not ids_at_fault(trace_id, span_id)
    return LoggedEvent(
        name=name if isinstance(name, str) else "",
        trace_id=trace_id if placed else "",
        span_id=span_id if placed else "",
        time=(_integer(record, "timeUnixNano") or _integer(record, "observedTimeUnixNano")) / NANOSECONDS,
        attributes=attributes,
    )


def _service(holder: _Record) -> str:
    for entry in _records(_record(holder, "resource"), "attributes"):
        if _text(entry, "key") == SERVICE:
            return _text(_record(entry, "value"), "stringValue")
    return ""


def _attributes(holder: _Record) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    for entry in _records(holder, "attributes"):
        read = attribute(_value(_record(entry, "value")))
        if read is not None:
            found[_text(entry, "key")] = read
    return found


def _value(value: _Record) -> JsonValue:
    """Return what an AnyValue holds; None where it holds nothing."""
    for name, content in value.items():
        if content is not None and (read := _VALUES.get(name)) is not None:
            return read(value, name)
    return None


def _list(holder: _Record, name: str) -> JsonValue:
    return [_value(each) for each in _records(_record(holder, name), "values")]


def _map(holder: _Record, name: str) -> JsonValue:
    entries = _records(_record(holder, name), "values")
    return {_text(entry, "key"): _value(_record(entry, "value")) for entry in entries}


def _flag(holder: _Record, name: str) -> bool:
    content = holder[name]
    return content if isinstance(content, bool) else _strange(name, content)


def _double(holder: _Record, name: str) -> float:
    """Return a number, which may be written as a text: "NaN", "Infinity"."""
    content = holder[name]
    if isinstance(content, bool) or not isinstance(content, int | float | str):
        return _strange(name, content)
    try:
        return float(content)
    except (ValueError, OverflowError):
        return _strange(name, content)


def _integer(holder: _Record, name: str) -> int:
    """Return an integer of 64 bits, written as a number or as a text; 0 where it is left out."""
    content = _get(holder, name)
    if content is None:
        return 0
    try:
        number = int(content) if isinstance(content, int | str) else None
    except ValueError:
        number = None
    if isinstance(content, float) and content.is_integer():
        number = int(content)
    if number is None or isinstance(content, bool) or not -_INT64 <= number < 2 * _INT64:
        return _strange(name, content)
    return number


def _enum(holder: _Record, name: str, names: Mapping[str, int]) -> int:
    content = _get(holder, name)
    if isinstance(content, str) and not content.isdigit():
        return names.get(content, 0)
    return _integer(holder, name)


def _text(holder: _Record, name: str) -> str:
    content = _get(holder, name)
    if content is None:
        return ""
    return content if isinstance(content, str) else _strange(name, content)


def _id(holder: _Record, name: str, size: int) -> str:
    """Return an id in lower-case hexadecimal; as it is where it is none, so that it can be shown."""
    text = _text(holder, name)
    if len(text) == 2 * size:
        try:
            return bytes.fromhex(text).hex()
        except ValueError:
            return f"?{text}"  # of a length that no id has
    if len(text) == (size + 2) // 3 * 4:
        try:
            return base64.b64decode(text, validate=True).hex()
        except binascii.Error:
            pass
    return text


def _record(holder: _Record, name: str) -> _Record:
    content = _get(holder, name)
    if content is None:
        return {}
    return content if isinstance(content, dict) else _strange(name, content)


def _records(holder: _Record, name: str) -> Iterator[_Record]:
    content = _get(holder, name)
    if content is None:
        return
    if not isinstance(content, list):
        _strange(name, content)
    for each in content:
        yield each if isinstance(each, dict) else _strange(f"{name}[]", each)


def _get(holder: _Record, name: str) -> JsonValue:
    content = holder.get(name)
    return content if content is not None or name in holder or not holder else holder.get(_snake(name))


_SNAKE: dict[str, str] = {}


def _snake(name: str) -> str:
    if name not in _SNAKE:
        _SNAKE[name] = re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", name)
    return _SNAKE[name]


_VALUES: Mapping[str, Callable[[_Record, str], JsonValue]] = {
    spelled: read
    for name, read in {
        "stringValue": _text,
        "boolValue": _flag,
        "intValue": _integer,
        "doubleValue": _double,
        "arrayValue": _list,
        "kvlistValue": _map,
        "bytesValue": _text,
    }.items()
    for spelled in (name, _snake(name))
}


def _strange(name: str, content: JsonValue) -> NoReturn:
    raise MalformedOtlp(f"the field {name!r} cannot be read: it is {_shown(content)}")


def _shown(content: JsonValue) -> str:
    shown = content if isinstance(content, bool | int | float | None) else type(content).__name__
    return repr(content[:60]) if isinstance(content, str) else str(shown)[:60]
