"""Read JSON as language models write it.

Beyond JSON: single and typographic quotes, unquoted keys, trailing and missing commas, comments, Python's literals, raw
line breaks and unescaped quotes in strings, brackets that are never closed. What was cut off is dropped, never guessed.
"""

import json
import re
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

_SPACE = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/|#[^\n]*)+", re.DOTALL)
_WORD = re.compile(r"[^\s,:{}\[\]\"'“”„«»]+")
_CLOSES = {'"': '"', "'": "'", "`": "`", "“": '”“"', "”": '”"', "„": '“”"', "‘": "’‘'", "«": "»«", "»": "«»"}
"""Which characters may close a string, by the one that opened it."""
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\"}
_LITERALS: dict[str, Json] = {"true": True, "false": False, "null": None, "none": None, "undefined": None}
_VALUE_ENDS = re.compile(
    r"""\s*(?:$|[\]}]|,\s*(?:$|["'“‘`{\[\]}]|//|/\*|[\w-]+["'”]?\s*:|(?:-?\d[\d.eE+-]*|true|false|null|none)\s*[,\]}])"""
    r"""|\n\s*["'“\]}]|//|/\*)""",
    re.IGNORECASE,
)
_KEY_ENDS = re.compile(r"\s*[:=]")
_DEEPEST = 32


class Unreadable(ValueError):
    """There is no JSON value where one was looked for."""


class _Cut(Exception):
    """The text ended inside a value: unwinds the reader. `value` is what was complete of it."""

    def __init__(self, value: Json = None, *, usable: bool = False) -> None:
        super().__init__()
        self.value = value
        self.usable = usable


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A value that was read from a text."""

    value: Json
    end: int
    """Where it ended."""
    whole: bool = True
    """False where the text ended first: what is here was complete, the rest is unknown."""


def read_json(text: str, start: int = 0) -> Read:
    """Return the value that begins at `start`. Raises Unreadable."""
    try:
        value, end = json.JSONDecoder(strict=False).raw_decode(text, start)
    except (ValueError, RecursionError):
        return _tolerant(text, start)
    return Read(value=value, end=end)


def _tolerant(text: str, start: int) -> Read:
    reader = _Reader(text, start)
    try:
        return Read(value=reader.value(0), end=reader.at)
    except _Cut as cut:
        if not cut.usable:
            raise Unreadable("the text ends before a value does") from None
        return Read(value=cut.value, end=len(text), whole=False)


class _Reader:
    """A position in a text, moving on."""

    def __init__(self, text: str, at: int) -> None:
        self._text = text
        self.at = at

    def value(self, depth: int) -> Json:
        """Read one value of any type."""
        first = self._peek()
        if depth > _DEEPEST:
            self._give_up("nested too deeply")
        if first == "{":
            return self._mapping(depth)
        if first == "[":
            return self._items(depth)
        if first in _CLOSES:
            return self._string(_VALUE_ENDS)
        return self._bare()

    def _mapping(self, depth: int) -> Json:
        self.at += 1
        found: dict[str, Json] = {}
        try:
            while self._peek() != "}":
                if self._peek() == ",":
                    self.at += 1
                    continue
                key = self._string(_KEY_ENDS) if self._peek() in _CLOSES else self._word()
                if self._peek() not in ":=":
                    self._give_up("a key without a value")
                self.at += 1
                found[key] = self.value(depth + 1)
        except _Cut as cut:
            if cut.usable:
                found[key] = cut.value  # pyright: ignore[reportPossiblyUnboundVariable]  (usable only inside a value)
            raise _Cut(found, usable=True) from None
        self.at += 1
        return found

    def _items(self, depth: int) -> Json:
        self.at += 1
        found: list[Json] = []
        try:
            while self._peek() != "]":
                if self._peek() == ",":
                    self.at += 1
                    continue
                found.append(self.value(depth + 1))
        except _Cut as cut:
            if cut.usable:
                found.append(cut.value)
            raise _Cut(found, usable=True) from None
        self.at += 1
        return found

    def _string(self, ends: re.Pattern[str]) -> str:
        """Read a string. A quote closes it only where `ends` matches behind: others are quotes that nobody escaped."""
        closing = _CLOSES[self._text[self.at]]
        plain = re.compile(f"[^\\\\{closing}]+")
        self.at += 1
        pieces: list[str] = []
        while self.at < len(self._text):
            here = self._text[self.at]
            if here in closing and ends.match(self._text, self.at + 1):
                self.at += 1
                return "".join(pieces)
            if here == "\\":
                pieces.append(self._escape())
                continue
            run = plain.match(self._text, self.at)
            pieces.append(run[0] if run else here)
            self.at += len(pieces[-1])
        raise _Cut

    def _escape(self) -> str:
        marker = self._text[self.at + 1 : self.at + 2]
        if not marker:
            raise _Cut
        digits = self._text[self.at + 2 : self.at + 6]
        if marker == "u" and re.fullmatch("[0-9a-fA-F]{4}", digits):
            self.at += 6
            return self._unicode(int(digits, 16))
        self.at += 2
        return _ESCAPED.get(marker, marker)

    def _unicode(self, unit: int) -> str:
        low = re.match(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})", self._text[self.at : self.at + 6])
        if 0xD800 <= unit < 0xDC00 and low:
            self.at += 6
            return chr(0x10000 + ((unit - 0xD800) << 10) + (int(low[1], 16) - 0xDC00))
        return "\N{REPLACEMENT CHARACTER}" if 0xD800 <= unit < 0xE000 else chr(unit)

    def _bare(self) -> Json:
        word = self._word()
        if word.casefold() in _LITERALS:
            return _LITERALS[word.casefold()]
        try:
            return json.loads(word)
        except ValueError:
            return self._give_up(f"{word[:20]!r} is no value")

    def _word(self) -> str:
        word = _WORD.match(self._text, self.at)
        if word is None:
            self._give_up("no value")
        self.at = word.end()
        return word[0]

    def _peek(self) -> str:
        """Skip space and comments, and return the character that follows."""
        space = _SPACE.match(self._text, self.at)
        if space:
            self.at = space.end()
        if self.at >= len(self._text):
            raise _Cut
        return self._text[self.at]

    def _give_up(self, why: str) -> NoReturn:
        raise Unreadable(f"{why} at character {self.at}")
