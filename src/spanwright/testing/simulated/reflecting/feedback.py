"""Feedback as facts: which rows, words or answers were expected, and which came."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from spanwright.testing.simulated.reflecting.dossier import Record

_WAS: Final = re.compile(
    r"(?P<table>[A-Za-z_][\w ]{1,30}?)\s+(?:was|were|is|are)\s+(?P<got>\[.*?\]|None|nothing)\s*,?\s+(?:but )?"
    r"(?:should (?:be|have been)|expected|wanted)\s+(?P<want>\[.*?\]|None|nothing)(?=\s*(?:[;.\n]|$))",
    re.IGNORECASE,
)
_EXPECTED: Final = re.compile(
    r"expected\s+(?P<q>['\"])(?P<want>.*?)(?P=q),?\s+(?:but )?got\s+(?P<p>['\"])(?P<got>.*?)(?P=p)(?=\s*(?:[;.\n]|$))",
    re.IGNORECASE | re.DOTALL,
)
_CONTAIN: Final = re.compile(
    r"should (?:contain|mention|state|include|say)\s+(?P<items>'[^']*'(?:,\s*'[^']*')*)", re.IGNORECASE
)
_LACKS: Final = re.compile(
    r"\b(?:lacks|does not (?:contain|mention|state))\s+(?P<items>'[^']*'(?:,\s*'[^']*')*)", re.IGNORECASE
)
_MISSED: Final = re.compile(r"(?:did not include|not found|missed|missing)\W+(?P<items>[^;\n]+)", re.IGNORECASE)
_SORRY: Final = re.compile(r"\bsorry\b|\bcould not\b|\bunable\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A row of a table that differs: what came, what should have come. None where there was or should be no row."""

    table: str
    key: str
    got: str | None
    want: str | None


def changes(record: Record) -> tuple[Change, ...]:
    """Return the differing rows, if they are about this task at all: feedback on another one proves nothing here."""
    return _differing(record.asked, record.feedback)


@lru_cache(maxsize=8_192)  # asked of a record by every kind of conclusion
def _differing(asked: str, feedback: str) -> tuple[Change, ...]:
    numbers = set(re.findall(r"\d+", asked))
    return tuple(change for change in _changes(feedback) if set(re.findall(r"\d+", change.key)) <= numbers)


def _changes(feedback: str) -> Iterator[Change]:
    for match in _WAS.finditer(feedback):
        got, want = _rows(match["got"]), _rows(match["want"])
        for key in dict.fromkeys((*got, *want)):
            if got.get(key) != want.get(key):
                table = re.sub(r"^(?:the|end state|end_state)\b[\s:]*", "", match["table"].strip())
                yield Change(table=table, key=key, got=got.get(key), want=want.get(key))


def answers(record: Record) -> tuple[str, str] | None:
    """Return the expected answer and the one that came, None where the feedback does not give both."""
    match = _EXPECTED.search(record.feedback)
    if match is None or (record.output and match["got"].strip() not in record.output):
        return None
    return match["want"].strip(), match["got"].strip()


def unsaid(record: Record) -> tuple[str, ...]:
    """Return what the reply should have said; nothing where it was an apology, which has other causes."""
    match = _CONTAIN.search(record.feedback) or _LACKS.search(record.feedback)
    if match is None or _SORRY.search(record.output or record.feedback):
        return ()
    return tuple(re.findall(r"'([^']*)'", match["items"]))


def missed(record: Record) -> tuple[str, ...]:
    """Return the titles of what should have been found."""
    match = _MISSED.search(record.feedback)
    if match is None:
        return ()
    quoted: list[str] = re.findall(r"'([^']+)'|\"([^\"]+)\"", match["items"])
    named = [one or other for one, other in quoted] or re.split(r"\s*(?:,| and )\s*", match["items"])
    return tuple(name.strip(" .") for name in named if name.strip(" ."))


def _rows(text: str) -> dict[str, str]:
    """Return the rows of a list by their first word with a digit; tuples, strings and plain words are read alike."""
    inside = text.strip()[1:-1] if text.startswith("[") else ""
    tuples: list[str] = re.findall(r"\(([^()]*)\)", inside)
    pieces = tuples or re.split(r",\s*(?=[A-Z]{1,4}-\d)", inside)
    rows: dict[str, str] = {}
    for piece in pieces:
        words = re.sub(r"['\"]", "", piece).strip()
        words = words.replace(", ", " ") if tuples else words
        key = next((word for word in words.split() if any(sign.isdigit() for sign in word)), "")
        if key:
            rows[key.strip(",")] = words.replace(key, "", 1).strip(" ,")
    return rows
