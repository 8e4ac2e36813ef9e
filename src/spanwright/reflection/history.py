"""The part of the prompt that remembers: lessons so far, and what was tried before and how it fared.

Both are given newest first, as the search remembers them. Where they do not fit, the last are left out.
"""

import re
from collections.abc import Mapping, Sequence

from spanwright.core.candidate import ComponentId
from spanwright.core.context import TriedEdit
from spanwright.core.proposal import Lesson
from spanwright.core.tokens import tokens
from spanwright.reflection.evidence import clean, cut, field, line, record

_LESSONS = (
    "# Lessons so far\n"
    "What earlier training tasks showed about texts that are still as they were then: the same may go wrong again. A"
    " tool's error is what the agent ran into; it need not be what was wrong in the end. What was seen on several tasks"
    " is surer. What was seen again after an edit that was to prevent it needs another approach than that edit."
)
_TRIED = (
    "# Tried before\n"
    "Edits of these texts that were tried elsewhere, with the mean score before -> after. Nothing that they said stands"
    " in the current texts. What made it better may be used again; do not repeat what did not help, in these or other"
    " words. An outcome is that of all edits that were tried together. Small differences on few cases may be chance."
)
_LESSON_TOKENS = 160
_EDIT_TOKENS = 220
_GONE_TOKENS = 100
_PIECE = re.compile(r"[^\n]+?(?:[.!?](?=\s)|(?=\n)|$)")


def lessons_so_far(lessons: Sequence[Lesson], allowance: int) -> str:
    """Return the section of lessons; empty where there are none, or no room."""
    told: dict[str, list[Lesson]] = {}
    for each in lessons:
        told.setdefault(line(each.text), []).append(each)
    entries = [
        f"- on {', '.join(dict.fromkeys(line(each.component) for each in same))}: {cut(text, _LESSON_TOKENS)}"
        + _seen(same)
        for text, same in told.items()
        if text
    ]
    return _fitted(_LESSONS, entries, allowance)


def tried_before(tried: Sequence[TriedEdit], texts: Mapping[ComponentId, str], allowance: int) -> str:
    """Return the section of earlier edits that say something new; empty without any, or room. `texts` are current."""
    entries = [told for each in tried if (told := _told(each, clean(texts.get(each.component, ""))))]
    return _fitted(_TRIED, entries, allowance)


def _seen(same: Sequence[Lesson]) -> str:
    """Return how often a lesson was seen, where that is more than once."""
    evidence, returned = max(each.evidence for each in same), max(each.returned for each in same)
    times = [f"{evidence} times"] if evidence > 1 else []
    if returned:
        times.append(f"again after {returned} edit{'s' if returned > 1 else ''} that changed the text")
    return f"\n  seen: {', '.join(times)}" if times else ""


def _told(edit: TriedEdit, current: str) -> str:
    """Return what an edit changed that stands otherwise in the current text; empty where that is nothing."""
    text, replaced = clean(edit.text), clean(edit.replaced)
    new = _new_in(text, current)
    # What came into the text later the edit cannot have left out.
    gone = _new_in(_common(replaced, current), text) if text.strip() else ""
    changes = [("it said", new, _EDIT_TOKENS), ("it left out", gone, _GONE_TOKENS)]
    shown = [field(label, cut(said, most)).replace("\n", "\n  ") for label, said, most in changes if said]
    if not shown:
        return ""
    others = f", together with edits of {', '.join(map(line, edit.together))}" if edit.together else ""
    return "\n  ".join([f"- on {line(edit.component)}: {line(edit.outcome)}{others}", *shown])


def _common(text: str, other: str) -> str:
    """Return the pieces of `text` that stand in `other`, too."""
    known = {_key(piece) for piece in _PIECE.findall(other)}
    return "\n".join(piece.strip() for piece in _PIECE.findall(text) if _key(piece) in known)


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
