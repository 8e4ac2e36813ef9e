"""What is said of tools: which a try should have called, and which not. What was asked is what the tool is for."""

import re
from collections.abc import Iterator
from typing import Final

from spanwright.testing.simulated.reflecting.dossier import Dossier, Record
from spanwright.testing.simulated.reflecting.findings import Finding, finding
from spanwright.testing.simulated.skills.errands import CLAUSE, OPENING, errands
from spanwright.testing.simulated.words import STOP, stem

_WORD: Final = re.compile(r"(?<![\w@.-])[A-Za-z]{3,}(?![\w@-]|\.\w)")
_FEW_WORDS: Final = 3
"""A description of no more words says nothing that could mislead."""
_WORDS: Final = 6
"""So many words of a request are told on."""
_POLITE: Final = """
    please dear team regards good morning need want wants like would say says said tell told give now here one they
    them customer about more
"""
_MANNERS: Final = frozenset(_POLITE.split())


def from_tools(dossier: Dossier) -> Iterator[Finding]:
    """Conclude that a tool which should have been called is for what was asked, and one that was called is not."""
    asked = [(tool, part) for record in dossier.records for tool, part in _asked(record)]
    for record in dossier.records:
        for tool, part in _asked(record):
            others = {stem(word) for other, text in asked if other != tool for word in _words(text)}
            topic = " ".join([word for word in _words(part) if stem(word) not in others][:_WORDS])
            if topic and (tool in record.wanted or record.unwanted):
                yield finding("use", f"{record.name}/{tool}", tool=tool, topic=topic)
            for other in _misleading(record, dossier) if topic and len(record.wanted) == 1 else ():
                yield finding("avoid", f"{record.name}/{other}", tool=other, topic=topic)


def _misleading(record: Record, dossier: Dossier) -> Iterator[str]:
    """Yield the tools that should not have been called and whose descriptions say something: it may have misled."""
    for home in dossier.editable:
        if home.tool in record.unwanted and not home.parameter and len(home.text.split()) > _FEW_WORDS:
            yield home.tool


def _asked(record: Record) -> Iterator[tuple[str, str]]:
    """Yield the tools that a try should have called with what was asked of each, as far as that can be told apart."""
    parts = [goal.text for goal in errands(record.asked)]
    served = [move.tool for move in record.trusted if not move.failed] if (record.score or 0) >= 1 else []
    wanted = record.wanted or tuple(served)
    if len(parts) == len(wanted):
        yield from zip(wanted, parts, strict=True)
    elif len(wanted) == 1:
        instead = (move for move in record.trusted if move.tool in record.unwanted)
        values = {str(value) for move in instead for value in move.arguments.values() if re.search(r"\d", str(value))}
        named = [part for part in parts if any(value in part for value in values)]
        if len(named) == 1:
            yield wanted[0], named[0]


def _words(text: str) -> list[str]:
    """Return the words of the longest sentence that carry meaning, without names: words with a capital inside it."""
    sentences = (OPENING.sub("", sentence) for sentence in CLAUSE.split(text))
    text, found = max(sentences, key=lambda sentence: len(sentence.split())), list[str]()
    for match in _WORD.finditer(text):
        word, before = match[0], text[: match.start()].rstrip()
        named = word[0].isupper() and before and before[-1] not in ".!?:;"
        if not named and word.lower() not in STOP | _MANNERS:
            found.append(word.lower())
    return list(dict.fromkeys(found))
