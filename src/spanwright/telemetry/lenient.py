"""JSON as it arrives in span attributes: sometimes cut by a limit, sometimes with broken characters.

Reading never raises. What cannot be read is left out, and the reader is told that something is missing.
"""

import json

from pydantic import JsonValue
from pydantic_core import from_json

from spanwright.telemetry.excerpt import segments


def parsed(text: str) -> JsonValue:
    """Return the JSON value of `text`, or None where it has none."""
    try:
        return from_json(text)
    except (ValueError, TypeError):  # to pydantic's reader a text with half a character is no text
        pass
    try:
        # Python's own reader takes lone surrogates, which pydantic-ai writes where a model sent them.
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def elements(text: str) -> tuple[list[JsonValue], bool]:
    """Return the elements of a JSON array and whether none was lost to a cut."""
    whole = parsed(text)
    if isinstance(whole, list):
        return whole, True
    if whole is not None:
        return [whole], True
    found: list[JsonValue] = []
    for index, segment in enumerate(segments(text)):
        found.extend(_salvaged(segment, opening=index == 0))
    return found, False


_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def plain(value: JsonValue) -> str:
    """Return a string as it is and anything else as JSON."""
    return clean(value if isinstance(value, str) else _write(value))


def clean(text: str) -> str:
    """Return `text` without lone surrogates, which no file and no model would take."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8", "replace")


def _salvaged(segment: str, *, opening: bool) -> list[JsonValue]:
    """Read what is whole in a piece of a cut array of messages: only the first piece starts with an element."""
    start = 0 if opening else segment.find('{"role":')
    if start < 0:
        return []
    try:
        value: JsonValue = from_json(segment if opening else f"[{segment[start:]}", allow_partial="trailing-strings")
    except (ValueError, TypeError):
        return []
    return value if isinstance(value, list) else []
