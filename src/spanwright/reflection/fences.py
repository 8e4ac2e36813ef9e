"""Fenced texts: a text that is one fence as a whole, and answers with each text in a fence below its component's id.

The latter is how the prompt shows the texts: models copy it when they ignore the form that is asked for.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spanwright.core.candidate import ComponentId
from spanwright.reflection.answer import Edit
from spanwright.reflection.names import exactly
from spanwright.reflection.reading import Reading

_FENCE = re.compile(r"(`{3,}|~{3,})([^`\n]*)")
_QUOTED = re.compile(r"`([^`]+)`")
_ABOVE = 3
"""An id stands at most so many lines above its fence, blank ones not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fence:
    """A closed fence; `first` and `last` are the numbers of its own two lines."""

    first: int
    last: int
    body: str


def unfenced(text: str) -> str:
    """Return the inside of a text that is one fence as a whole, else the text."""
    lines = text.strip().split("\n")
    fence = next(_fences(lines), None)
    return fence.body if fence and fence.first == 0 and fence.last == len(lines) - 1 else text


def blocks(text: str) -> list[str]:
    """Return the insides of all closed fences of a text."""
    return [fence.body for fence in _fences(text.split("\n"))]


def read_headings(text: str, offered: Sequence[ComponentId]) -> Reading | None:
    """Return the fenced texts that stand below a line with a component's id; None where there are none."""
    lines = text.split("\n")
    edits: list[Edit] = []
    after = 0
    for fence in _fences(lines):
        above = [line for line in lines[after : fence.first] if line.strip()][-_ABOVE:]
        component = next((found for line in reversed(above) if (found := _named(line, offered))), None)
        after = fence.last + 1
        if component is not None:
            edits.append(Edit(component=component, why="", text=fence.body))
    return Reading(edits=tuple(edits)) if edits else None


def _fences(lines: Sequence[str]) -> Iterator[_Fence]:
    opened, mark = -1, ""
    for number, line in enumerate(lines):
        fence = _FENCE.fullmatch(line.strip())
        if fence is None:
            continue
        if opened < 0:
            opened, mark = number, fence[1]
        elif fence[1].startswith(mark) and not fence[2].strip():
            yield _Fence(first=opened, last=number, body="\n".join(lines[opened + 1 : number]))
            opened = -1


def _named(line: str, offered: Sequence[ComponentId]) -> ComponentId | None:
    names = (*_QUOTED.findall(line), *line.split(), line)
    return next((found for name in names if (found := exactly(name, offered))), None)
