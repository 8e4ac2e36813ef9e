"""How much a request holds, found out before anything is built of it.

An empty span takes two bytes on the wire and two hundred in memory. So bodies are counted first: protobuf by walking
its wire format, JSON by its brackets and commas. Counting stops as soon as there is too much; what is malformed is
left to the parser to complain about.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

_SMALL = 2**20
"""What is not larger cannot become more than some sixty times as much in memory."""
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_TAGS = bytes(tag | more for tag in (0x0A, 0x12, 0x1A, 0x22, 0x2A, 0x32, 0x4A, 0x5A, 0x6A, 0x7A) for more in (0, 0x80))
"""The bytes with which a message within a message can begin; ordinary text has few of them."""

_Schema: TypeAlias = "dict[int, _Schema]"
"""The fields of a message that are messages themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Most:
    """How much a request may hold."""

    records: int
    """Spans or log records."""
    pieces: int
    """Messages within messages in protobuf. In JSON two thirds of the objects, rows and commas: an attribute has four
    of them there, and is three messages in protobuf."""


def excess_of_protobuf(body: bytes, most: Most) -> str:
    """Say what of a trace or logs request is too much, nothing if all is within bounds."""
    count = 0
    for resource in _children(body, (0, len(body)), 2, within=1):
        for _ in _children(body, resource, 2):
            count += 1
            if count > most.records:
                return f"more than {most.records:,} records"
    if len(body) <= _SMALL or len(body) - len(body.translate(None, _TAGS)) <= most.pieces:
        return ""
    if _has_more_messages(body, most.pieces):
        return f"more than {most.pieces:,} attributes and other values"
    return ""


def excess_of_json(body: bytes, most: Most) -> str:
    """Say whether a request in JSON holds too many values; its records are counted once it is parsed."""
    most_marks = most.pieces * 3 // 2
    if len(body) <= _SMALL or _marks(body) <= most_marks:
        return ""
    # Without the texts, which may hold such characters in any number. To part them takes time, a quote each.
    quotes = body.count(b'"') - body.count(b'\\"')
    if quotes > 2 * most_marks or _marks(_TEXT.sub(b"", body)) > most_marks:
        return f"more than {most.pieces:,} attributes and other values"
    return ""


def _marks(body: bytes) -> int:
    return body.count(b"{") + body.count(b"[") + body.count(b",")


def _children(
    body: bytes, span: tuple[int, int], number: int, *, within: int | None = None
) -> Iterator[tuple[int, int]]:
    """Yield where the messages of field `number` lie, of all the messages of field `within` if that is given."""
    if within is not None:
        for outer in _children(body, span, within):
            yield from _children(body, outer, number)
        return
    for field, start, end in _fields(body, span):
        if field == number:
            yield start, end


def _fields(body: bytes, span: tuple[int, int]) -> Iterator[tuple[int, int, int]]:
    """Yield number, start and end of the length-delimited fields of a message, up to where it is malformed."""
    at, end = span
    while at < end - 1:
        tag, length = body[at], body[at + 1]
        if tag & 0x87 == 2 and length < 0x80:  # nearly all are so short, and a hostile body has nothing else
            at += 2
            if at + length > end:
                return
            yield tag >> 3, at, at + length
            at += length
            continue
        tag, at = _varint(body, at, end)
        match tag & 7:
            case 0:
                _, at = _varint(body, at, end)
            case 1:
                at += 8
            case 2:
                length, at = _varint(body, at, end)
                if at + length > end:
                    return
                yield tag >> 3, at, at + length
                at += length
            case 3 | 4:  # groups: what they hold reads as fields of their own
                pass
            case 5:
                at += 4
            case _:
                return


def _varint(body: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the integer at a place and the place behind it; beyond `end` where it does not end."""
    if at >= end:
        return 0, end + 1
    value = body[at]
    if value < 0x80:
        return value, at + 1
    value &= 0x7F
    for shift in range(7, 70, 7):
        at += 1
        if at >= end:
            break
        byte = body[at]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at + 1
    return 0, end + 1


def _schema() -> _Schema:
    """Return the message fields of a trace and of a logs request at once: their outer levels are alike."""
    value: _Schema = {}
    entry: _Schema = {2: value}
    value.update({5: {1: value}, 6: {1: entry}})
    record: _Schema = {5: value, 6: entry, 9: entry, 11: {3: entry}, 13: {4: entry}, 15: {}}
    scope: _Schema = {1: {3: entry}, 2: record}
    return {1: {1: {1: entry, 3: {}}, 2: scope}}


_REQUEST = _schema()


def _has_more_messages(body: bytes, most: int) -> bool:
    count = 0
    waiting = [(_REQUEST, (0, len(body)))]
    while waiting:
        schema, span = waiting.pop()
        for number, start, end in _fields(body, span):
            below = schema.get(number)
            if below is not None:
                count += 1
                if count > most:
                    return True
                if below and end > start:
                    waiting.append((below, (start, end)))
    return False
