"""Rewrites the strings of a JSON text and leaves its structure alone, also where a limit has cut the text off."""

import json
import re
from collections.abc import Callable
from typing import TypeAlias

from pydantic import JsonValue

from spanwright.telemetry.lenient import parsed

Rewrite: TypeAlias = Callable[[str, str], str]
"""Returns a text as it may stay. The second argument is the key that it stands under, "" where there is none."""

_STRING = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)', re.DOTALL)
_HALF_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*(\\(?:u[0-9a-fA-F]{0,3})?)$")


def looks_like_json(text: str) -> bool:
    """Say whether a text is, or begins as, an object or an array."""
    return text.lstrip()[:1] in ("{", "[") and '"' in text


def rewritten(text: str, rewrite: Rewrite, key: str = "") -> str:
    """Return JSON with other strings: the very same text where none changed, valid where it was valid."""
    value = parsed(text)
    if isinstance(value, dict | list):
        try:
            other = _value(value, rewrite, key)
            return text if other == value else json.dumps(other, ensure_ascii=False, separators=(",", ":"))
        except RecursionError:  # hundreds of levels, which nobody writes in earnest: its strings are read as they come
            pass
    return _STRING.sub(lambda match: _literal(match[0], rewrite), text)


def _value(value: JsonValue, rewrite: Rewrite, key: str) -> JsonValue:
    match value:
        case dict():
            return {rewrite(name, ""): _value(item, rewrite, name) for name, item in value.items()}
        case list():
            return [_value(item, rewrite, key) for item in value]
        case str():
            return rewrite(value, key)
        case bool() | None:
            return value
        case _:
            written = str(value)
            other = rewrite(written, key)
            return value if other == written else other


def _literal(literal: str, rewrite: Rewrite) -> str:
    """Rewrite a string of a text that is not whole: the last one may lack its end."""
    closed = len(literal) > 1 and literal.endswith('"')
    body = literal[1:-1] if closed else _HALF_ESCAPE.sub("", literal[1:])
    try:
        text = json.loads(f'"{body}"', strict=False)
    except ValueError:
        text = body  # no JSON after all
        other = rewrite(text, "")
        return literal if other == text else literal[:1] + other + ('"' if closed else "")
    other = rewrite(text, "")
    if other == text:
        return literal
    encoded = json.dumps(other, ensure_ascii=False)
    return encoded if closed else encoded[:-1]
