"""What both encodings of OTLP have in common: values, enums, ids, and the gen_ai events among log records.

Values become what the in-process path makes of them (see flatten), so that a reader cannot tell which way a span came.
"""

import json
import math
from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

from pydantic import JsonValue

from spanwright.core.trace import Attribute

Refuse: TypeAlias = Callable[[str], None]
"""Is told why a record was passed over."""
Status: TypeAlias = Literal["unset", "ok", "error"]

NANOSECONDS = 1_000_000_000
"""Of a second. Whole: a quotient of two integers is rounded once."""
KINDS = ("internal", "internal", "server", "client", "producer", "consumer")
"""By the number of the enum; the first is "unspecified"."""
STATUSES: tuple[Status, ...] = ("unset", "ok", "error")

CONTENT = "gen_ai.event.content"
"""Under this name an event holds its body, as the span events of conventions before 1.37 did."""
EVENTS = "gen_ai."
"""What the names of the events begin with that we read, and of the attributes that hold messages."""
EVENT_TEXT = 16_384
"""The most characters of one text in an event that is no message: a stack trace needs no more."""
SERVICE = "service.name"


def attribute(value: JsonValue) -> Attribute | None:
    """Return a value that core allows; None for no value. What is nested becomes JSON text."""
    match value:
        case None | str() | bool():
            return value
        case int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case list():
            return _row(value)
        case _:
            return json.dumps(_finite(value), ensure_ascii=False)


def plain(value: JsonValue) -> str:
    """Return a text as it is and anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(_finite(value), ensure_ascii=False)


def kind_of(number: int) -> str:
    """Return a span's kind by the number of its enum; one of a later version is "internal"."""
    return KINDS[number] if 0 <= number < len(KINDS) else KINDS[0]


def status_of(number: int) -> Status:
    """Return a span's status by the number of its enum."""
    return STATUSES[number] if 0 <= number < len(STATUSES) else "unset"


def ids_at_fault(trace_id: str, span_id: str) -> str:
    """Say what is wrong with the hexadecimal ids of a span; nothing if they are as they should be."""
    if len(trace_id) != 32 or not trace_id.strip("0"):
        return f"the trace id {trace_id[:64]!r} is not of 16 bytes that are not all zero"
    if len(span_id) != 16 or not span_id.strip("0"):
        return f"the span id {span_id[:64]!r} is not of 8 bytes that are not all zero"
    return ""


def parent_of(parent_id: str) -> str:
    """Return the id of a span's parent; empty for a root, and for what is no id."""
    return parent_id if len(parent_id) == 16 and parent_id.strip("0") else ""


def linked(trace_ids: Iterable[str]) -> tuple[str, ...]:
    """Return the trace ids of links, without what is none."""
    return tuple([trace_id for trace_id in trace_ids if len(trace_id) == 32])


def _row(values: list[JsonValue]) -> Attribute:
    kinds = {type(value) for value in values}
    if kinds in ({str}, {bool}, {int}):
        return tuple(values)  # pyright: ignore[reportReturnType]  (of one kind, as was just seen)
    if kinds <= {str, bool, int, float}:
        numbers = [value for value in values if isinstance(value, float) and math.isfinite(value)]
        if numbers and len(numbers) == len(values):
            return tuple(numbers)
        return tuple(value if isinstance(value, str) else str(value) for value in values)
    return json.dumps(_finite(values), ensure_ascii=False)


def _finite(value: JsonValue) -> JsonValue:
    """Return `value` without the numbers for which JSON has no word."""
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case list():
            return [_finite(each) for each in value]
        case dict():
            return {key: _finite(each) for key, each in value.items()}
        case _:
            return value
