"""Facts out of a span's attributes, whatever library wrote them. Nothing here raises: an odd value is no value."""

import ast
import math
from collections.abc import Iterator, Mapping
from typing import TypeAlias, TypeGuard, cast

from pydantic import JsonValue

from spanwright.core.trace import Attribute, Span
from spanwright.core.usage import Usage
from spanwright.telemetry.lenient import clean, parsed, plain

Record: TypeAlias = dict[str, JsonValue]
"""A JSON object."""

REDACTED = "__REDACTED__"
"""What OpenInference writes in place of what it was told to hide."""
FAILED = "failed without a message"

_REASONS: Mapping[str, str] = {
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "completed": "stop",
    "finish_reason_stop": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_length": "length",
    "incomplete": "length",
    "tool_call": "tool_call",
    "tool_calls": "tool_call",
    "tool-calls": "tool_call",
    "tool-call": "tool_call",
    "tool_use": "tool_call",
    "function_call": "tool_call",
}


def text(span: Span, *keys: str) -> str:
    """Return the first of the attributes that is there and not hidden, as text."""
    for key in keys:
        value = span.attributes.get(key)
        if value is not None and value not in ("", REDACTED):
            return clean(value) if isinstance(value, str) else plain(cast("JsonValue", value))
    return ""


def count(span: Span, *keys: str) -> int:
    """Return the first of the attributes that is a number, 0 where none is."""
    for key in keys:
        value = span.attributes.get(key)
        if isinstance(value, int | float):
            return int(value)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            return int(value[:18])
    return 0


def number(record: Record, *keys: str) -> int:
    """Return the first of the values that is a finite number, 0 where none is."""
    values = (record.get(key) for key in keys)
    return next((int(value) for value in values if isinstance(value, int | float) and math.isfinite(value)), 0)


def json_of(span: Span, *keys: str) -> JsonValue:
    """Return the JSON value of the first of the attributes that holds one."""
    for key in keys:
        said = span.attributes.get(key)
        value = parsed(said) if isinstance(said, str) and said != REDACTED else cast("JsonValue", said)
        if value is not None and value != REDACTED:
            return value
    return None


def object_of(span: Span, *keys: str) -> Record:
    """Return the JSON object of an attribute, an empty one where it holds none."""
    return as_object(json_of(span, *keys))


def is_object(value: object) -> TypeGuard[Record]:
    """Say whether a JSON value is an object."""
    return isinstance(value, dict)


def as_object(value: JsonValue) -> Record:
    """Return a JSON object, an empty one for any other value."""
    return value if is_object(value) else {}


def as_list(value: JsonValue) -> list[JsonValue]:
    """Return a JSON array, an empty one for any other value."""
    return value if isinstance(value, list) else []


def as_text(value: JsonValue) -> str:
    """Return a string as it is, nothing as "", anything else as JSON."""
    return "" if value is None or value == REDACTED else plain(value)


def value_of(said: str) -> JsonValue:
    """Return what a text stands for: JSON, an object or a list as Python prints it, or the text itself."""
    value = parsed(said)
    if value is not None or said.strip() == "null":
        return value
    if said[:1] not in ("{", "[") or said[-1:] not in ("}", "]"):
        return said
    try:
        literal: object = ast.literal_eval(said)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return said
    return _as_json(cast("object", literal)) if isinstance(literal, dict | list) else said


def reason(said: object) -> str:
    """Return why a model stopped, in one spelling: `stop`, `length`, `tool_call`, or whatever else was said."""
    if isinstance(said, str) and said[:1] == "[":
        said = parsed(said)
    if isinstance(said, list | tuple):
        reasons = [reason(one) for one in cast("list[object]", said) if isinstance(one, str)]
        # One answer in several pieces has a reason for each: what stopped the model is the call, or the limit.
        return next((one for one in ("tool_call", "length") if one in reasons), reasons[0] if reasons else "")
    if not isinstance(said, str) or not said:
        return ""
    word = said.strip().casefold().rpartition(".")[2]
    return _REASONS.get(word, word)


def raised(span: Span) -> str:
    """Return the exception that a span ended with, its class before its message."""
    for event in reversed(span.events):
        if event.name == "exception":
            kind = str(event.attributes.get("exception.type", "")).rpartition(".")[2]
            message = str(event.attributes.get("exception.message", ""))
            return clean(": ".join(filter(None, (kind, message))))
    return ""


def failure(span: Span, told: str = "") -> str:
    """Return why a span failed, never empty where it did. `told` is what the model got to read of it."""
    if span.status != "error":
        return ""
    said = list[str]()
    for reason_given in (raised(span), clean(span.status_message), clean(told)):
        if reason_given and not any(reason_given in other for other in said):
            said.append(reason_given)
    return "\n".join(said) or text(span, "error.type", "error.message") or FAILED


def spent(span: Span, *, answered: bool, asked: int, given: int) -> Usage:
    """Return the usage of one request: `asked` tokens in, `given` tokens out."""
    if not answered and not given:
        return Usage()
    cost = next((span.attributes[key] for key in _COSTS if key in span.attributes), None)
    usd = float(cost) if isinstance(cost, int | float) and not isinstance(cost, bool) else None
    return Usage(
        requests=1,
        input_tokens=asked,
        output_tokens=given,
        usd=usd or 0.0,
        unpriced=int(usd is None),
    )


def template(span: Span) -> str:
    """Return name and version of the prompt template that a span names."""
    name, version = text(span, "gen_ai.prompt.name"), text(span, "gen_ai.prompt.version")
    return f"{name}@{version}" if name and version else name


def indexed(attributes: Mapping[str, Attribute], prefix: str) -> Iterator[tuple[int, dict[str, Attribute]]]:
    """Gather flattened lists: `prefix.3.name` is `name` of the item 3. Gaps, which a limit leaves, are passed over."""
    items: dict[int, dict[str, Attribute]] = {}
    for key, value in attributes.items():
        if key.startswith(prefix):
            number, _, rest = key[len(prefix) :].lstrip(".").partition(".")
            if number.isascii() and number.isdigit() and rest:
                items.setdefault(int(number[:9]), {})[rest] = value
    yield from sorted(items.items())


_COSTS = ("operation.cost", "gen_ai.usage.cost", "llm.cost.total", "gen_ai.cost.total_cost", "llm.usage.total_cost")


def _as_json(value: object, depth: int = 0) -> JsonValue:
    if isinstance(value, str | bool | int | float) or value is None:
        return value
    if depth > 50:
        return str(value)
    if isinstance(value, dict):
        return {str(key): _as_json(item, depth + 1) for key, item in cast("dict[object, object]", value).items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_as_json(item, depth + 1) for item in cast("list[object]", value)]
    return str(value)
