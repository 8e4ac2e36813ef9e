"""Long texts shortened to head and tail, with a mark that says how much is missing.

The mark is one that readers of cut JSON can find again (see lenient).
"""

import re
from collections.abc import Sequence

MARK = re.compile(r"…\[\d+ characters left out\]…")


def excerpt(text: str, room: int) -> str:
    """Return `text` with at most `room` characters: unchanged, or its head and its tail around a mark."""
    if len(text) <= room:
        return text
    kept = room - len(_mark(len(text)))
    if kept < 2:
        return text[: max(room, 0)]
    head = (kept + 1) // 2
    tail = kept - head
    return f"{text[:head]}{_mark(len(text) - kept)}{text[-tail:]}"


def segments(text: str) -> Sequence[str]:
    """Split a text that was shortened, perhaps more than once, at its marks."""
    return MARK.split(text)


def _mark(missing: int) -> str:
    return f"…[{missing} characters left out]…"
