"""Any Python object as text: what a case's inputs look like to a reflector.

Deterministic: sets are sorted, memory addresses are left out, and nothing is called but `repr` of what is unknown.
"""

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import TypeAlias, cast

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_jsonable_python

from spanwright.core.tokens import tokens
from spanwright.reflection.evidence import cut

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"

_DEEPEST = 8
_LONGEST = (500, 250, 120, 60, 30)
"""The most tokens of one string in a value, tried from the longest on."""
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def show(value: object) -> str:
    """Return `value` as readable text: a string as it is, anything else as an outline of its fields."""
    return value if isinstance(value, str) else "\n".join(_outline(_plain(value, ()), None))


def show_within(value: object, allowance: int) -> str:
    """Return `value` as text in at most `allowance` tokens: long strings in it are shortened before the whole is."""
    plain = value if isinstance(value, str) else _plain(value, ())
    text = show(value)
    for longest in _LONGEST if not isinstance(plain, str) else ():
        if tokens(text) <= allowance:
            return text
        text = "\n".join(_outline(plain, longest))
    return cut(text, allowance)


def _plain(value: object, above: tuple[int, ...]) -> Plain:
    if isinstance(value, Enum):
        return _plain(value.value, above)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if id(value) in above or len(above) >= _DEEPEST:
        return "…"
    inside = (*above, id(value))
    if (fields := _fields(value)) is not None:
        return {str(key): _plain(item, inside) for key, item in fields.items()}
    if (items := _items(value)) is not None:
        plain = [_plain(item, inside) for item in items]
        return sorted(plain, key=json.dumps) if isinstance(value, AbstractSet) else plain
    return _leaf(value)


def _items(value: object) -> Iterable[object] | None:
    if isinstance(value, bytes | bytearray | memoryview) or not isinstance(value, Sequence | AbstractSet):
        return None
    return cast("Iterable[object]", value)


def _fields(value: object) -> Mapping[object, object] | None:
    if isinstance(value, Mapping):
        return cast("Mapping[object, object]", value)
    if isinstance(value, BaseModel):
        return dict(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.repr}
    return None


def _leaf(value: object) -> Plain:
    if isinstance(value, bytes | bytearray):
        return f"<{len(value)} bytes>"
    try:
        return str(to_jsonable_python(value))
    except (PydanticSerializationError, ValueError):
        return _described(value)


def _described(value: object) -> str:
    try:
        described = repr(value)
    except Exception as error:  # noqa: BLE001 - a user's __repr__ may raise anything; a prompt must not fail for it
        described = f"<{type(value).__name__}: its repr raised {type(error).__name__}>"
    return _ADDRESS.sub("", described)


def _outline(value: Plain, longest: int | None) -> list[str]:
    """Return the lines that tell `value`, strings in it in at most `longest` tokens."""
    if isinstance(value, dict):
        return [line for key, item in value.items() for line in _entry(f"{key}:", item, longest)] or ["{}"]
    if isinstance(value, list):
        return [line for item in value for line in _entry("-", item, longest)] or ["[]"]
    if isinstance(value, str):
        return (cut(value, longest) if longest else value).split("\n")
    return [json.dumps(value)]


def _entry(label: str, value: Plain, longest: int | None) -> list[str]:
    if value in ("", [], {}):
        return [f"{label} {json.dumps(value)}"]
    if isinstance(value, list) and not any(isinstance(item, list | dict) or "\n" in str(item) for item in value):
        text = ", ".join("\n".join(_outline(item, None)) for item in value)
        return [f"{label} {cut(text, longest) if longest else text}"]
    lines = _outline(value, longest)
    if len(lines) == 1 and not isinstance(value, dict | list):
        return [f"{label} {lines[0]}"]
    return [label, *(f"  {line}" for line in lines)]
