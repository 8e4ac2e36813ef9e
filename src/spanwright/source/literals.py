"""Write a text as a literal that means exactly it, in the manner of the literal that stood there.

Quotes are chosen as formatters choose them: the file's own, unless the text has more of those than of the others.
"""

import re
from dataclasses import dataclass

from spanwright.source.files import SourceFile, means

_WORD = re.compile(r"\S+\s*|\s+")
_LEAST = 24
"""Parts of a literal are not made shorter: a narrow column of words reads worse than a long line."""
_NAMED = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How literals are written at a place."""

    file: SourceFile
    indent: str = ""
    """Of the line on which the literal begins."""
    column: int = 0
    """Where on that line it begins."""


def plain(text: str, manner: Manner) -> str:
    """Return a literal on one line."""
    quote = _quote(text, manner.file.quote)
    return f"{quote}{''.join(escaped(letter, quote, manner.file) for letter in text)}{quote}"


def wrapped(text: str, manner: Manner, *, parenthesized: bool = False) -> str:
    """Return a literal on one line, or where that gets too long one of several parts in parentheses.

    `parenthesized` says that the place has parentheses already.
    """
    single = plain(text, manner)
    if manner.column + len(single) < manner.file.line_length or len(text) < _LEAST:
        return single
    inner = " " * manner.column if parenthesized else manner.indent + "    "
    room = max(manner.file.line_length - len(inner) - 1, _LEAST)
    parts = [plain(part, manner) for part in _parts(text, room)]
    if len(parts) == 1:
        return single
    joined = f"\n{inner}".join(parts)
    return joined if parenthesized else f"(\n{inner}{joined}\n{manner.indent})"


def triple(text: str, manner: Manner, *, opened: bool = False, raw: bool = False, quotes: str = '"""') -> str | None:
    """Return a literal in triple quotes, its lines as they are; None where the text cannot stand in one.

    `opened` begins it on the next line, after a backslash.
    """
    quote = quotes[0]
    if raw:
        body = text
    else:
        body = "".join("\n" if letter == "\n" else escaped(letter, "", manner.file) for letter in text)
        body = re.sub(re.escape(quotes), f"\\\\{quote}" * 3, body)
        body = f"{body[:-1]}\\{quote}" if body.endswith(quote) else body
    start = "\\\n" if opened and not raw else ""
    code = f"{'r' if raw else ''}{quotes}{start}{body}{quotes}"
    return code if _is(code, text) else None


def _is(code: str, text: str) -> bool:
    try:
        return means(code) == text
    except (SyntaxError, ValueError):
        return False


def _parts(text: str, room: int) -> list[str]:
    """Cut a text after its line breaks, and its lines at spaces, such that literals of the parts fit."""
    parts: list[str] = []
    for line in text.splitlines(keepends=True) if "\n" in text else [text]:
        part = ""
        for word in _WORD.findall(line):
            if part and len(part) + len(word) + 2 + part.count("\\") > room:
                parts.append(part)
                part = ""
            part += word
        parts.append(part)
    return [part for part in parts if part]


def _quote(text: str, preferred: str) -> str:
    other = "'" if preferred == '"' else '"'
    return other if text.count(preferred) > text.count(other) else preferred


def escaped(letter: str, quote: str, file: SourceFile) -> str:
    """Return a letter as it is written between quotes."""
    if letter == quote:
        return f"\\{letter}"
    if letter in _NAMED:
        return _NAMED[letter]
    if letter.isprintable() and file.takes(letter):
        return letter
    number = ord(letter)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
