"""What is said of tools: which a try should have called, and which not. What was asked is what the tool is for."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from spanwright.testing.simulated.reflecting.dossier import Dossier, Record
from spanwright.testing.simulated.reflecting.findings import Finding, finding
from spanwright.testing.simulated.skills.errands import errands
from spanwright.testing.simulated.words import STOP, stem

_WORD: Final = re.compile(r"(?<![\w@.-])[A-Za-z]{3,}(?![\w@-]|\.\w)")
_WORDS: Final = 6
"""So many words of a request are told on."""
_POLITE: Final = """
    please dear team regards good morning need want wants like would say says said tell told give now here one they
    them customer about more
"""
_MANNERS: Final = frozenset(_POLITE.split())


def from_tools(dossier: Dossier) -> Iterator[Finding]:
    """Conclude that a tool which should have been called is for what was asked, and one that was called is not."""
    asked = {record.name: _asked(record) for record in dossier.records}
    for record in dossier.records:
        for place, tool in enumerate(record.wanted):
            topic = _topic(record, place, tool, asked, dossier)
            if not topic:
                continue
            yield finding("use", f"{record.name}/wanted", tool=tool, topic=topic)
            for other in record.unwanted if len(record.wanted) == 1 else ():
                yield finding("avoid", f"{record.name}/unwanted", tool=other, topic=topic)


def _asked(record: Record) -> Sequence[str]:
    return [goal.text for goal in errands(record.asked)]


def _topic(record: Record, place: int, tool: str, asked: dict[str, Sequence[str]], dossier: Dossier) -> str:
    """Return the words of a request that tell it from those of other tools; empty where it asks for several things."""
    parts = asked[record.name]
    if len(record.wanted) > 1 and len(parts) != len(record.wanted):
        return ""
    if len(record.wanted) == 1 and len(parts) > 1:
        return ""  # which of its wishes was missed is not said
    text = parts[place] if len(record.wanted) > 1 else record.asked
    others = {
        stem(word)
        for other in dossier.records
        if other.wanted and tool not in other.wanted
        for part in asked[other.name]
        for word in _words(part)
    }
    telling = [word for word in _words(text) if stem(word) not in others]
    return " ".join(telling[:_WORDS])


def _words(text: str) -> list[str]:
    """Return the words that carry meaning, without names: those that begin with a capital within a sentence."""
    found: list[str] = []
    for match in _WORD.finditer(text):
        word, before = match[0], text[: match.start()].rstrip()
        named = word[0].isupper() and before and before[-1] not in ".!?:;"
        if not named and word.lower() not in STOP | _MANNERS:
            found.append(word.lower())
    return list(dict.fromkeys(found))
