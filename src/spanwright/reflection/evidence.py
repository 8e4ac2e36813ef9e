"""What is done to foreign text before a reflector reads it: cleaned, measured, cut, and marked as evidence.

Texts of tools, users and models may try to steer the reflector. They are stripped of what a person would not see, and
stand indented between tags that carry a mark which occurs nowhere else in the prompt.
"""

import re
from hashlib import blake2b
from itertools import count

MARK = "\0" * 8
"""Holds the mark's place until the whole prompt is known. Clean text has no NUL, so nothing foreign contains it."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters; tab and line feed stay
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\ufe00-\ufe0d\U000e0000-\U000e0fff]"  # selectors and tags can carry hidden text; FE0E and FE0F belong to emoji
)
# Joiners belong to scripts and emoji that need them; anywhere else they are invisible noise.
_JOINABLE = r"[^\x00-\x7f\s\u200c\u200d]"
_STRAY_JOINER = re.compile(rf"(?<!{_JOINABLE})[\u200c\u200d]+|[\u200c\u200d]+(?!{_JOINABLE})")
_LINE_ENDS = re.compile("\r\n?|[\u0085\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Return `text` without terminal escapes, control, zero-width, bidirectional and hidden characters."""
    text = _LINE_ENDS.sub("\n", _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text))
    return _STRAY_JOINER.sub("", _INVISIBLE.sub("", _ESCAPES.sub("", text)))


def line(text: str) -> str:
    """Return `text` cleaned and on one line."""
    return " ".join(clean(text).split())


def quoted(name: str) -> str:
    """Return a name in backticks; its own would end them."""
    return f"`{line(name).replace('`', chr(39))}`"


def cut(text: str, allowance: int) -> str:
    """Return `text` in at most `allowance` tokens: its middle is left out, and the gap is named."""
    whole = text.encode("utf-8", "replace")
    if len(whole) <= allowance * 4:
        return text
    room = allowance * 4 - len(_gap(len(text)).encode())
    if room < 16:
        return whole[: max(allowance, 0) * 4].decode("utf-8", "ignore")
    head = whole[: room * 2 // 3].decode("utf-8", "ignore")
    tail = whole[-(room // 3) :].decode("utf-8", "ignore")
    return f"{head}{_gap(len(text) - len(head) - len(tail))}{tail}"


def field(label: str, text: str) -> str:
    """Return a labelled entry of a record. The text is indented, so that it cannot pass for a label of ours."""
    shown = clean(text).strip("\n") or "(empty)"
    if "\n" not in shown and len(shown) <= 100:
        return f"{label}: {shown}"
    return f"{label}:\n" + "\n".join(f"  {piece}" if piece.strip() else "" for piece in shown.split("\n"))


def record(body: str) -> str:
    """Return `body` between marked tags."""
    return f"<evidence-{MARK}>\n{body}\n</evidence-{MARK}>"


def fenced(text: str, label: str) -> str:
    """Return `text` in a marked fence that is longer than any run of backticks in it."""
    shown = clean(text)
    runs = [len(run) for run in re.findall("`+", shown)]
    fence = "`" * max(3, 1 + max(runs, default=0))
    return f"{fence}{label}-{MARK}\n{shown}\n{fence}"


def marked(document: str) -> str:
    """Return `document` with the mark in its places: a hash of the document, found nowhere else in it.

    Nobody who wrote a part of the document can have known the mark, and equal documents get equal marks.
    """
    marks = (blake2b(f"{salt}\n{document}".encode("utf-8", "replace"), digest_size=4).hexdigest() for salt in count())
    return document.replace(MARK, next(mark for mark in marks if mark not in document))


def _gap(characters: int) -> str:
    return f"…[{characters} characters left out]…"
