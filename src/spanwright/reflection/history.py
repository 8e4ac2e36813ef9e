"""The part of the prompt that remembers: lessons so far, and what was tried before and how it fared.

Both are given newest first, as the search remembers them. Where they do not fit, the last are left out.
"""

import re
from collections.abc import Mapping, Sequence

from spanwright.core.candidate import ComponentId
from spanwright.core.context import TriedEdit
from spanwright.core.proposal import Lesson
from spanwright.reflection.evidence import clean, cut, field, line, record, tokens

_LESSONS = (
    "# Lessons so far\n"
    "What earlier training tasks showed about texts that are still as they were then: the same may go wrong again. A"
    " tool's error is what the agent ran into; it need not be what was wrong in the end."
)
_TRIED = (
    "# Tried before\n"
    "Edits of these texts that were tried elsewhere, with the mean score before -> after. None of this stands in the"
    " current texts. What made it better may be used again; do not repeat what did not help. Small differences on few"
    " cases may be chance."
)
_LESSON_TOKENS = 160
_EDIT_TOKENS = 220
_PIECE = re.compile(r"[^\n]+?(?:[.!?](?=\s)|(?=\n)|$)")


def lessons_so_far(lessons: Sequence[Lesson], allowance: int) -> str:
    """Return the section of lessons; empty where there are none, or no room."""
    told: dict[str, dict[ComponentId, None]] = {}
    for each in lessons:
        told.setdefault(line(each.text), {})[each.component] = None
    entries = [
        f"- on {', '.join(map(line, components))}: {cut(text, _LESSON_TOKENS)}"
        for text, components in told.items()
        if text
    ]
    return _fitted(_LESSONS, entries, allowance)


def tried_before(tried: Sequence[TriedEdit], texts: Mapping[ComponentId, str], allowance: int) -> str:
    """Return the section of earlier edits that say something new; empty without any, or room. `texts` are current."""
    entries: list[str] = []
    for each in tried:
        new = _new_in(clean(each.text), clean(texts.get(each.component, "")))
        if new:
            said = field("it said", cut(new, _EDIT_TOKENS)).replace("\n", "\n  ")
            entries.append(f"- on {line(each.component)}: {line(each.outcome)}\n  {said}")
    return _fitted(_TRIED, entries, allowance)


def _fitted(heading: str, entries: Sequence[str], allowance: int) -> str:
    kept: list[str] = []
    for entry in entries:
        if tokens(_section(heading, [*kept, entry])) > allowance:
            break
        kept.append(entry)
    return _section(heading, kept) if kept else ""


def _section(heading: str, entries: Sequence[str]) -> str:
    return f"{heading}\n{record(chr(10).join(entries))}"


def _new_in(text: str, current: str) -> str:
    """Return what an edit says that the current text does not, empty where that is nothing.

    The whole of it would mostly repeat what is shown.
    """
    known = {_key(piece) for piece in _PIECE.findall(current)}
    new = [piece.strip() for piece in _PIECE.findall(text) if _key(piece) not in known]
    return "\n".join(new)


def _key(piece: str) -> str:
    return " ".join(piece.split()).casefold()
