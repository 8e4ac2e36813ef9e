"""Reads files of spans: OTLP as JSON lines or as protobuf, plain or compressed.

Nothing is skipped silently. A line or a span that cannot be read becomes a diagnosis, and all the others are read.
Refuses what no memory should hold: the text of a file may have at most a gigabyte, compressed or not.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue
from pydantic_core import from_json

from spanwright.core.trace import Span
from spanwright.errors import MalformedOtlp, UsageError
from spanwright.telemetry.compressed import opened
from spanwright.telemetry.logged import with_events
from spanwright.telemetry.otlp import (
    LoggedEvent,
    decode_json,
    decode_logs_json,
    decode_logs_protobuf,
    decode_protobuf,
)

LARGEST = 2**30
"""The most bytes of a file, when it is decompressed."""
_MOST_LINES = 5
"""So many bad lines are told one by one."""
_EXPECTED = "Give a file of OTLP: JSON lines or protobuf, as the file exporter of an OpenTelemetry collector writes it"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanFile:
    """What was read of a file."""

    spans: tuple[Span, ...]
    """In the order of the file, what was written twice twice."""
    diagnoses: tuple[str, ...] = ()
    """One line for each thing that could not be read, or a few for many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What was read of some lines, before events are laid on spans."""

    spans: tuple[Span, ...]
    events: tuple[LoggedEvent, ...]
    faults: tuple[str, ...]


def read_lines(body: bytes, *, first: int = 1) -> Records:
    """Read lines of OTLP/JSON, of which the first has the number `first` in its file."""
    reading = _Reading()
    reading.take_lines(body, first)
    return Records(spans=tuple(reading.spans), events=tuple(reading.events), faults=tuple(reading.faults))


def read_spans(path: Path, *, largest: int = LARGEST) -> SpanFile:
    """Read a file of spans. Raises UsageError where it cannot be opened or holds nothing of the kind."""
    body = _bytes_of(path, largest)
    reading = _Reading()
    start = body.lstrip()[:1]
    if not body.strip():
        return SpanFile(spans=(), diagnoses=(f"{path.name} is empty",))
    if start in (b"{", b"["):
        reading.take_text(body)
    elif path.name.partition(".jsonl")[1] or path.name.endswith((".json", ".json.gz", ".json.zst")):
        reading.take_lines(body)
    else:
        reading.take_protobuf(body)
    if not reading.spans and not reading.events and reading.faults:
        raise UsageError(f"{str(path)!r} holds no spans: {reading.faults[0]}", _EXPECTED)
    return reading.result()


class _Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.events: list[LoggedEvent] = []
        self.faults: list[str] = []

    def result(self) -> SpanFile:
        spans, lost = with_events(self.spans, self.events)
        return SpanFile(spans=spans, diagnoses=tuple(shortened(self.faults, lost)))

    def take_text(self, body: bytes) -> None:
        """Read JSON: one request, a list of them, or one a line."""
        if b"\n" in body.strip() or body.lstrip()[:1] == b"[":
            whole = _json(body)
            if isinstance(whole, dict | list):
                for number, request in enumerate(whole if isinstance(whole, list) else [whole], 1):
                    self._take_request(request, f"item {number}")
                return
        self.take_lines(body)

    def take_lines(self, body: bytes, first: int = 1) -> None:
        for number, line in enumerate(body.splitlines(), first):
            if line.strip():
                self._take_line(line, number)

    def take_protobuf(self, body: bytes) -> None:
        """Read one request, or requests with their length before each, as the collector's file exporter writes."""
        try:
            self._take_message(body)
        except MalformedOtlp as error:
            framed = list(_frames(body))
            if not framed:
                self.faults.append(str(error))
            for number, message in enumerate(framed, 1):
                try:
                    self._take_message(message)
                except MalformedOtlp as fault:
                    self.faults.append(f"message {number}: {fault}")

    def _take_message(self, message: bytes) -> None:
        spans = list(decode_protobuf(message, refuse=self.faults.append))
        if not spans and message and (logged := list(decode_logs_protobuf(message))):
            self.events.extend(logged)
            return
        self.spans.extend(spans)

    def _take_line(self, line: bytes, number: int) -> None:
        try:
            spans = list(decode_json(line, refuse=lambda fault: self.faults.append(f"line {number}: {fault}")))
        except MalformedOtlp as error:
            request = _json(line)
            if request is None:
                self.faults.append(f"line {number}: {error.what}")
            else:
                self._take_request(request, f"line {number}")
        else:
            self.spans.extend(spans)

    def _take_request(self, request: JsonValue, place: str) -> None:
        """Read a request of which some part may be odd: what is not is kept."""
        if isinstance(request, dict) and ("resourceLogs" in request or "resource_logs" in request):
            self._take_logs(request, place)
            return
        if isinstance(request, dict) and ("resourceMetrics" in request or "resource_metrics" in request):
            return

        def refuse(fault: str) -> None:
            self.faults.append(f"{place}: {fault}")

        try:
            self.spans.extend(list(decode_json(_bytes(request), refuse=refuse)))
        except MalformedOtlp as error:
            pieces = list(_single(request))
            if len(pieces) < 2:
                self.faults.append(f"{place}: {error.what}")
            for piece in pieces if len(pieces) > 1 else ():
                try:
                    self.spans.extend(list(decode_json(_bytes(piece), refuse=refuse)))
                except MalformedOtlp as fault:
                    self.faults.append(f"{place}: {fault.what}")

    def _take_logs(self, request: JsonValue, place: str) -> None:
        try:
            self.events.extend(decode_logs_json(_bytes(request)))
        except MalformedOtlp as error:
            self.faults.append(f"{place}: {error.what}")


def _single(request: JsonValue) -> Iterator[JsonValue]:
    """Take a request apart into requests of one span each."""
    for resource in _items(request, "resourceSpans"):
        for scoped in _items(resource, "scopeSpans"):
            for span in _items(scoped, "spans"):
                inner: JsonValue = {**_mapping(scoped), "spans": [span]}
                outer: JsonValue = {**_mapping(resource), "scopeSpans": [inner]}
                yield {"resourceSpans": [outer]}


def _items(holder: JsonValue, key: str) -> list[JsonValue]:
    value = _mapping(holder).get(key)
    return value if isinstance(value, list) else []


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _json(body: bytes) -> JsonValue:
    try:
        value: JsonValue = from_json(body)
    except ValueError:
        return None
    return value


def _bytes(request: JsonValue) -> bytes:
    return json.dumps(request).encode()


def _frames(body: bytes) -> Iterator[bytes]:
    """Yield messages that have their length before them; nothing where the lengths do not add up."""
    at, found = 0, list[bytes]()
    while at < len(body):
        size = int.from_bytes(body[at : at + 4], "big")
        message = body[at + 4 : at + 4 + size]
        if not size or len(message) < size:
            return
        found.append(message)
        at += 4 + size
    yield from found


def _bytes_of(path: Path, largest: int) -> bytes:
    with opened(path) as file:
        body = file.read(largest + 1)
    if len(body) > largest:
        raise UsageError(f"{str(path)!r} holds more than {largest} bytes", "Split it into smaller files")
    return body


def shortened(faults: Sequence[str], lost: int = 0) -> Iterator[str]:
    """Yield faults, equal ones once and many as a few, and how many log records found no span."""
    counted = Counter(faults)
    yield from (f"{fault} ({times} times)" if times > 1 else fault for fault, times in counted.most_common(_MOST_LINES))
    if len(counted) > _MOST_LINES:
        yield f"{len(counted) - _MOST_LINES} more could not be read"
    if lost:
        yield f"{lost} log records name a span that is not in the file"
