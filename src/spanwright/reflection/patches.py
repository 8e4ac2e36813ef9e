"""SEARCH/REPLACE blocks: what changes in a text, in place of the whole of it. Read here, and told here of two texts.

Marks may be indented, and talk or fences may stand around them; what stands between them is the text's own. A text that
has such marks itself cannot be changed by them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import pairwise

from spanwright.reflection.evidence import clean
from spanwright.reflection.placing import Misfit, Spot, spot_of

_BEGIN = re.compile(r"\s*<{5,9} ?(?:SEARCH|ORIGINAL)\b>?(?P<file>[^\n]*)", re.IGNORECASE)
_MIDDLE = re.compile(r"\s*={5,9}\s*")
_END = re.compile(r"\s*>{5,9} ?(?:REPLACE|UPDATED)\b<?[^\n]*", re.IGNORECASE)
_REMAINS = re.compile(
    r"(?:<{4,}|>{4,}) ?(?:SEARCH|REPLACE|ORIGINAL|UPDATED)|^\s*(?:<{7}|>{7})(?![<>])", re.MULTILINE | re.IGNORECASE
)
_TALK = 0.5
"""The most that may stand around blocks, as a part of the blocks, where whole texts were asked for."""
_CONTEXTS = (1, 3, 8, 20)
"""Unchanged lines around a change: as many are shown as tell its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Lines that stand in a text, and those that shall stand in their place."""

    search: tuple[str, ...]
    replace: tuple[str, ...]
    file: str = field(default="", compare=False)
    """What stands behind the opening mark."""
    line: int = field(default=0, compare=False)
    """Where its opening mark stands in what was read, from 0."""
    end: int = field(default=0, compare=False)
    """Where its closing mark stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Why blocks cannot be read."""

    why: str


def patchable(text: str) -> bool:
    """Return whether blocks can change a text: it has something to search for, and no marks of its own."""
    return bool(clean(text).strip()) and not any(_is_mark(line) for line in text.split("\n"))


def has_blocks(said: str) -> bool:
    """Return whether an opening mark stands in what was said."""
    return any(_BEGIN.fullmatch(line) for line in said.split("\n"))


def has_remains(text: str) -> bool:
    """Return whether a text holds marks, whole or broken, that its author did not mean to be in it."""
    return _REMAINS.search(text) is not None


def is_all_blocks(said: str) -> bool:
    """Return whether blocks are what was said, with no more than talk around them."""
    blocks = blocks_of(said)
    if isinstance(blocks, Broken) or not blocks:
        return False
    lines = said.split("\n")
    within = sum(len(line) + 1 for each in blocks for line in lines[each.line : each.end + 1])
    return len(said) + 1 - within <= _TALK * within


def blocks_of(said: str) -> tuple[Block, ...] | Broken:
    """Return the blocks of what was said, in their order; or why one of them has no end."""
    lines, found = said.split("\n"), list[Block]()
    begin, middle = -1, -1
    for number, line in enumerate(lines):
        if begin < 0:
            begin = number if _BEGIN.fullmatch(line) else -1
        elif _BEGIN.fullmatch(line):
            return _unclosed(len(found) + 1, lines[begin + 1 : number], "another one begins before its end")
        elif middle < 0 and _END.fullmatch(line):
            return _unclosed(len(found) + 1, lines[begin + 1 : number], "it has no ======= line")
        elif middle < 0:
            middle = number if _MIDDLE.fullmatch(line) else -1
        elif _END.fullmatch(line):
            opening = _BEGIN.fullmatch(lines[begin])
            assert opening is not None, "a block begins at its opening mark"
            found.append(
                Block(
                    search=tuple(lines[begin + 1 : middle]),
                    replace=tuple(lines[middle + 1 : number]),
                    file=opening["file"].strip(),
                    line=begin,
                    end=number,
                )
            )
            begin, middle = -1, -1
    if begin >= 0:
        return _unclosed(len(found) + 1, lines[begin + 1 :], "it has no >>>>>>> REPLACE line")
    return tuple(found)


def patched(text: str, blocks: Sequence[Block]) -> str | Misfit:
    """Return a text with blocks applied, each once, or the first one that fits nowhere or in more than one place.

    All are searched for in the text as it was; where that does not tell, in what the blocks before have made of it.
    """
    blocks = tuple(dict.fromkeys(blocks))
    together = _together(text, blocks)
    if together is not None:
        return together
    for number, block in enumerate(blocks, start=1):
        spot = spot_of(text, block.search, block.replace)
        if isinstance(spot, Misfit):
            return Misfit(why=f"block {number} of {len(blocks)} {spot.why}")
        text = spot.put_into(text)
    return text


def patch(old: str, new: str) -> str | None:
    """Return the blocks that make `new` of `old`; None where marks of their own prevent it, or nothing differs."""
    if old == new:
        return None
    before, after = old.split("\n"), new.split("\n")
    whole = (Block(search=() if not clean(old).strip() else tuple(before), replace=() if not new else tuple(after)),)
    for blocks in (*(_grouped(before, after, context) for context in _CONTEXTS), whole):
        said = "\n".join(map(_written, blocks))
        if blocks_of(said) == blocks and patched(old, blocks) == new:
            return said
    return None


def _grouped(before: Sequence[str], after: Sequence[str], context: int) -> tuple[Block, ...]:
    groups = SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(context)
    spans = ((group[0][1], group[-1][2], group[0][3], group[-1][4]) for group in groups)
    return tuple(
        Block(search=tuple(before[first:last]), replace=tuple(after[start:end])) for first, last, start, end in spans
    )


def _written(block: Block) -> str:
    return "\n".join(["<<<<<<< SEARCH", *block.search, "=======", *block.replace, ">>>>>>> REPLACE"])


def _together(text: str, blocks: Sequence[Block]) -> str | None:
    """Return a text with blocks that all have a place of their own in it; None where one has none."""
    spots: list[Spot] = []
    for block in blocks:
        spot = spot_of(text, block.search, block.replace)
        if isinstance(spot, Misfit):
            return None
        spots.append(spot)
    spots.sort(key=lambda each: each.first)
    if any(later.first < earlier.last or later.first == earlier.first for earlier, later in pairwise(spots)):
        return None
    for spot in reversed(spots):
        text = spot.put_into(text)
    return text


def _is_mark(line: str) -> bool:
    return any(mark.fullmatch(line) for mark in (_BEGIN, _MIDDLE, _END))


def _unclosed(number: int, inside: Sequence[str], why: str) -> Broken:
    first = next(_telling(inside), "")
    begins = f", which begins with `{first}`," if first else ""
    return Broken(why=f"block {number}{begins} is not complete: {why}")


def _telling(lines: Sequence[str]) -> Iterator[str]:
    return (line.strip()[:80] for line in lines if line.strip())
