"""The part of the prompt that remembers: lessons so far, and what was tried before and how it fared.

Both are given oldest first. Where they do not fit, the oldest are left out.
"""

import re
from collections.abc import Mapping, Sequence

from spanwright.core.candidate import ComponentId
from spanwright.core.context import TriedEdit
from spanwright.core.proposal import Lesson
from spanwright.reflection.evidence import clean, cut, field, line, record, tokens

_LESSONS = "# Lessons so far\nWhat earlier training tasks showed; it may still be open."
_TRIED = "# Tried before\nEarlier edits and how they fared. Do not repeat what did not help."
_LESSON_TOKENS = 120
_EDIT_TOKENS = 220
_PIECE = re.compile(r"[^\n]+?(?:[.!?](?=\s)|(?=\n)|$)")


def lessons_so_far(lessons: Sequence[Lesson], allowance: int) -> str:
    """Return the section of lessons; empty where there are none, or no room."""
    told = dict.fromkeys((each.component, " ".join(clean(each.text).split())) for each in lessons)
    entries = [f"- on {line(component)}: {cut(text, _LESSON_TOKENS)}" for component, text in told if text]
    return _newest(_LESSONS, entries, allowance)


def tried_before(tried: Sequence[TriedEdit], texts: Mapping[ComponentId, str], allowance: int) -> str:
    """Return the section of earlier edits; empty where there are none, or no room. `texts` are the current ones."""
    entries: list[str] = []
    for each in tried:
        new = _new_in(clean(each.text), clean(texts.get(each.component, "")))
        said = field("it said", cut(new, _EDIT_TOKENS)).replace("\n", "\n  ")
        entries.append(f"- on {line(each.component)}: {line(each.outcome)}\n  {said}")
    return _newest(_TRIED, entries, allowance)


def _newest(heading: str, entries: Sequence[str], allowance: int) -> str:
    kept: list[str] = []
    for entry in reversed(entries):
        if tokens(_section(heading, [entry, *kept])) > allowance:
            break
        kept.insert(0, entry)
    return _section(heading, kept) if kept else ""


def _section(heading: str, entries: Sequence[str]) -> str:
    return f"{heading}\n{record(chr(10).join(entries))}"


def _new_in(text: str, current: str) -> str:
    """Return what an edit says that the current text does not: the whole of it would mostly repeat what is shown."""
    known = {_key(piece) for piece in _PIECE.findall(current)}
    new = [piece.strip() for piece in _PIECE.findall(text) if _key(piece) not in known]
    return "\n".join(new) or "(nothing that the current text does not say)"


def _key(piece: str) -> str:
    return " ".join(piece.split()).casefold()
