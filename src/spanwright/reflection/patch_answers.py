"""Answers in loose SEARCH/REPLACE blocks: below the name of a text, or below nothing where there is one text only.

So models answer that know the blocks better than the form that was asked for.
"""

import re
from collections.abc import Iterator, Sequence

from spanwright.core.candidate import ComponentId
from spanwright.reflection.answer import Edit
from spanwright.reflection.fences import read_headings
from spanwright.reflection.names import meant
from spanwright.reflection.patches import Broken, blocks_of, has_blocks
from spanwright.reflection.reading import Reading

_ABOVE = 3
"""A name stands at most so many lines above its block, blank ones and fences not counted."""
_LONGEST = 300
"""Characters of a line that may name a text."""
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})")
_FENCED_NAME = re.compile(r"\s*(?:`{3,}|~{3,})[\w+-]*[: ]+(\S*[./]\S*)\s*")
_QUOTED = re.compile(r"`([^`]+)`")
_PATH = re.compile(
    r"[\s#*>-]*(?:(?:new )?file(?:name)?\s*:?\s*)?[`*\"']*([\w./\\-]+\.\w{1,8})[`*\"':]*\s*", re.IGNORECASE
)


def read_patches(text: str, offered: Sequence[ComponentId]) -> Reading | None:
    """Return the blocks of an answer as edits, each with the name above it; None without a block."""
    if not has_blocks(text):
        return None
    blocks = blocks_of(text)
    if isinstance(blocks, Broken):
        return None
    lines = text.split("\n")
    pieces: dict[str, list[str]] = {}
    named, after = offered[0] if len(offered) == 1 else "", 0
    for each in blocks:
        named = _name(each.file, lines[after : each.line], offered) or named
        pieces.setdefault(named, []).append("\n".join(lines[each.line : each.end + 1]))
        after = each.end + 1
    edits = [Edit(component=name, why="", text="\n".join(said)) for name, said in pieces.items()]
    whole = read_headings(text, offered)
    edits += (
        [each for each in whole.edits if each.component not in pieces and not has_blocks(each.text)] if whole else []
    )
    first = blocks[0].line
    return Reading(diagnosis=_talk(lines[:first]), edits=tuple(edits))


def _name(beside: str, above: Sequence[str], offered: Sequence[ComponentId]) -> str:
    """Return the text that is named beside a block or above it, or a path that is none of ours; empty where none is."""
    told = [line for line in above if line.strip() and len(line) <= _LONGEST]
    fenced = [found[1] for line in told[-1:] if (found := _FENCED_NAME.fullmatch(line))]
    near = [line for line in told if not _FENCE.match(line)][-_ABOVE:]
    said = [beside[:_LONGEST], *fenced, *reversed(near)]
    known = (found for line in said for name in _names(line) if (found := meant(name, offered)) is not None)
    paths = (path[1] for line in said if (path := _PATH.fullmatch(line)))
    return next(known, None) or next(paths, "")


def _names(line: str) -> Iterator[str]:
    yield from _QUOTED.findall(line)
    yield line
    yield from line.split()


def _talk(lines: Sequence[str]) -> str:
    """Return what is said before the first block, without the name and the fence above it."""
    named = (len(line) <= _LONGEST and _PATH.fullmatch(line) is not None for line in lines)
    return "\n".join(
        line for line, is_name in zip(lines, named, strict=True) if not (is_name or _FENCE.match(line))
    ).strip()
