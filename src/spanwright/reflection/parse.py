"""From what a model said to a reading of it, or a named refusal. Forgiving in form, never in substance.

What was cut off is not used: an edit counts only if its end was seen.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import unescape

from spanwright.core.candidate import ComponentId
from spanwright.core.proposal import Refusal, RefusalReason
from spanwright.reflection.evidence import clean
from spanwright.reflection.fences import read_headings, unfenced
from spanwright.reflection.json_text import Unreadable, read_json
from spanwright.reflection.names import meant
from spanwright.reflection.patch_answers import read_patches
from spanwright.reflection.reading import Reading, together
from spanwright.reflection.shapes import shaped
from spanwright.reflection.tagged import looks_tagged, read_tags

_THOUGHT = re.compile(
    r"\s*<(think|thinking|thought|reasoning|analysis|scratchpad)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE
)
_THOUGHT_END = re.compile(r"</(?:think|thinking)>", re.IGNORECASE)
_CHANNEL = "<|channel|>final<|message|>"
_LAST_TOKENS = re.compile(r"(?:<\|?[\w▁]+\|>|</s>)\s*$")
_DECLINED = re.compile(
    r"^\W*(?:i['’]?m (?:very )?sorry|i am sorry|sorry|i can(?:no|['’])t|i(?: a|['’])m unable|i won['’]t|as an ai)\b"
    r".{0,80}?(?:can(?:no|['’])t|unable|not able|won['’]t|assist|help|comply)",
    re.IGNORECASE | re.DOTALL,
)
_KEY = re.compile(r"\b(edits|lessons)\b\W{0,3}[:=]", re.IGNORECASE)
_LONGEST = 400_000
"""Characters of an answer that are read: more than all texts of a prompt may have together."""
_STARTS, _EFFORT = 40, 500_000
"""So many brackets are tried as the beginning of an answer, and so many characters are read in vain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a model answered: the arguments of its tool calls, and its text."""

    calls: tuple[str, ...] = ()
    text: str = ""
    finished: bool = True
    """False where the server cut the answer at a limit of length."""
    declined: str = ""
    """The provider's reason, where it filtered or refused the answer."""

    @property
    def raw(self) -> str:
        """All that was said, as one text."""
        return "\n".join(piece for piece in (*self.calls, self.text) if piece.strip())


def parse(said: Said, offered: Sequence[ComponentId], *, patches: bool = False) -> Reading | Refusal:
    """Return what was said, read; or why it cannot be read. `patches` may be SEARCH/REPLACE blocks without a form."""
    if said.declined:
        return Refusal(reason=RefusalReason.DECLINED, detail=said.declined)
    calls = [reading for call in said.calls if (reading := _read(call, offered, finished=said.finished)) is not None]
    loose = _loose(said, offered) if patches and not calls else None
    reading = together(calls) if calls else loose or _read(said.text, offered, finished=said.finished)
    if reading is None:
        return _unread(said)
    if not reading.edits and not (reading.whole and said.finished):
        return Refusal(reason=RefusalReason.TRUNCATED, detail="the answer ends before its first edit does")
    return reading


def _loose(said: Said, offered: Sequence[ComponentId]) -> Reading | None:
    """Return the blocks of an answer that is neither JSON nor tagged: braces in them are the texts' own."""
    text = _answer_of(said.text)
    if looks_tagged(text) >= 0 or unfenced(text).lstrip().startswith(("{", "[")):
        return None
    return read_patches(text, offered)


def _unread(said: Said) -> Refusal:
    text = _answer_of(said.raw)
    if not said.finished:
        return Refusal(reason=RefusalReason.TRUNCATED, detail="the answer was cut at a limit of length")
    if not text:
        return Refusal(reason=RefusalReason.EMPTY, detail="nothing was answered")
    if _DECLINED.match(text):
        return Refusal(reason=RefusalReason.DECLINED, detail=" ".join(text.split())[:200])
    return Refusal(reason=RefusalReason.MALFORMED, detail="no edits in any known form were found")


def _read(raw: str, offered: Sequence[ComponentId], *, finished: bool) -> Reading | None:
    text = _answer_of(raw)
    bracket, tag = re.search(r"[{\[]", text), looks_tagged(text)
    tags_first = tag >= 0 and (bracket is None or tag < bracket.start())
    json_reading = None if tags_first else _read_json(text, offered)
    if json_reading is not None and (json_reading.edits or tag < 0):
        return json_reading
    reading = read_tags(text, finished=finished) or _read_json(text, offered) or read_headings(text, offered)
    if reading is None and (plain := unescape(text)) != text:
        return _read(plain, offered, finished=finished)
    return reading


def _answer_of(raw: str) -> str:
    """Return the answer without invisible characters and without the thoughts in front of it."""
    text = _LAST_TOKENS.sub("", clean(raw[:_LONGEST]).rpartition(_CHANNEL)[2])
    start = 0
    while (thought := _THOUGHT.match(text, start)) is not None:
        start = thought.end()
    text = text[start:]
    end = _THOUGHT_END.search(text)
    if end and not re.search(r"<think", text[: end.start()], re.IGNORECASE):
        text = text[end.end() :]  # the opening tag stood in the model's chat template
    return text.strip()


def _read_json(text: str, offered: Sequence[ComponentId]) -> Reading | None:
    """Return the JSON answer in `text`: of several the last that edits what is on offer; single edits are joined."""
    found = list(_json_readings(text, offered))
    telling = [reading for reading in found if any(meant(edit.component, offered) for edit in reading.edits)]
    if len(telling) > 1 and all(len(reading.edits) == 1 and not reading.diagnosis for reading in telling):
        return together(telling)
    return (telling or found or [None])[-1]


def _json_readings(text: str, offered: Sequence[ComponentId]) -> Iterator[Reading]:
    at, tried, effort = 0, 0, 0
    beginning = re.compile(r"[{\[]" if not text.startswith('"') else r'[{\["]')
    while (start := beginning.search(text, at)) is not None and tried < _STARTS and effort < _EFFORT:
        tried += 1
        at = start.end()
        try:
            read = read_json(text, start.start())
        except Unreadable:
            effort += len(text) - at
            continue
        reading = shaped(read.value, offered)
        if reading is None or _is_lesson(text, start.start(), read.end):
            effort += read.end - at
            continue
        yield replace(reading, whole=reading.whole and read.whole)
        at = max(at, read.end)


def _is_lesson(text: str, start: int, end: int) -> bool:
    """Return whether a loose object stands under `lessons`: it has the shape of an edit, but is none."""
    above = [key[1].casefold() for key in _KEY.finditer(text, 0, start)]
    inside = [key[1].casefold() for key in _KEY.finditer(text, start, end)]
    return above[-1:] == ["lessons"] and "edits" not in inside
