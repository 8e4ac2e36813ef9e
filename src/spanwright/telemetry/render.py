"""A trace as text for a reflector, within an allowance of tokens that is never exceeded.

A token is taken for four bytes. What does not fit is shortened first, then left out: what failed and what stands
beside it stays longest. Nothing in the text changes from run to run: no times, no ids. Lines of a text that somebody
else wrote are set off by a bar, so that none can pass for a step of ours.
"""

import re
from collections.abc import Sequence

from spanwright.core.candidate import ComponentId
from spanwright.core.trace import Trace
from spanwright.telemetry.excerpt import excerpt
from spanwright.telemetry.outline import Block, outline

_BYTES_PER_TOKEN = 4
_ROOMS = (8_000, 4_000, 2_000, 1_000, 500, 250, 120)
"""The most characters of one text, tried from the longest on."""
_FAVOUR = 4
"""So many times more room have the texts of what failed and of what is in focus."""
_FAILING, _BESIDE, _FRAMING, _FOCUS, _REST = range(5)
"""In what order blocks are kept: what failed, its neighbours, how agents begin and end, what is in focus, the rest."""
_SHORTEST = 80
"""What failed may be shortened further than other texts, down to this."""
_SHARES = 4
"""No failing step takes more than this part of the room from the others."""
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def render(trace: Trace, allowance: int, *, focus: Sequence[ComponentId] = ()) -> str:
    """Tell `trace` in at most `allowance` tokens; steps that `focus` governs are kept before others."""
    blocks = outline(trace)
    room = allowance * _BYTES_PER_TOKEN
    favoured = [block.failing or _in_focus(block, focus) for block in blocks]
    whole = "\n".join(_lines(block) for block in blocks)
    if _size(whole) <= room:
        return whole
    for length in _ROOMS:
        lines = _shortened(blocks, favoured, length)
        told = "\n".join((*lines, f"({_cut(length, 0, len(blocks))})"))
        if _size(told) <= room:
            return told
    return _chosen(_shortened(blocks, favoured, _ROOMS[-1]), _ranks(blocks, favoured), room)


def _shortened(blocks: Sequence[Block], favoured: Sequence[bool], length: int) -> list[str]:
    return [
        _lines(block, length * _FAVOUR if favour else length) for block, favour in zip(blocks, favoured, strict=True)
    ]


def _chosen(lines: Sequence[str], ranks: Sequence[int], room: int) -> str:
    """Return the lines that fit, those of the lowest rank first, of equal ones the outermost."""
    last = len(lines) - 1
    order = sorted(range(len(lines)), key=lambda index: (ranks[index], min(index, last - index), index))
    kept: dict[int, str] = {}
    left = room - _size(_note(len(lines), len(lines)))
    share = left // min(max(sum(rank <= _BESIDE for rank in ranks), 1), _SHARES)
    for index in order:
        line = lines[index] if ranks[index] > _BESIDE else _fitted(lines[index], min(left, share) - 1)
        size = _size(line) + 1
        if size <= left:
            kept[index] = line
            left -= size
    told = (*(kept[index] for index in sorted(kept)), _note(len(lines) - len(kept), len(lines)))
    return "\n".join(told).encode(errors="replace")[: max(room, 0)].decode(errors="ignore")


def _fitted(line: str, room: int) -> str:
    """Shorten a line to `room` bytes, though not to fewer than a few words."""
    characters = len(line)
    while _size(line) > room and characters > _SHORTEST:
        characters = max(characters * 3 // 4, _SHORTEST)
        line = excerpt(line, characters)
    return line


def _ranks(blocks: Sequence[Block], favoured: Sequence[bool]) -> list[int]:
    ranks: list[int] = []
    for index, block in enumerate(blocks):
        beside = any(neighbour.failing for neighbour in blocks[max(index - 1, 0) : index + 2])
        holding = ((block.failing, _FAILING), (beside, _BESIDE), (block.framing, _FRAMING), (favoured[index], _FOCUS))
        ranks.append(next((rank for holds, rank in holding if holds), _REST))
    return ranks


def _in_focus(block: Block, focus: Sequence[ComponentId]) -> bool:
    """Say whether a component governs a block: a tool's text its calls, other texts what their agent says."""
    for component in focus:
        agent, _, place = component.partition("/")
        kind, _, address = place.partition(":")
        tool = address.partition("/")[0] if kind == "tool" else ""
        if block.agent == agent and block.tool == tool:
            return True
    return False


def _lines(block: Block, length: int | None = None) -> str:
    text = excerpt(block.text, length) if length is not None else block.text
    first, *more = _INVISIBLE.sub("", text).strip().splitlines() or [""]
    indent = "  " * block.depth
    label = " ".join(_INVISIBLE.sub("", block.label).split())  # it may hold a tool's name that a model made up
    head = f"{indent}{label}: {first}" if first else f"{indent}{label}"
    return "\n".join((head, *(f"{indent}  | {line}" for line in more)))


def _note(left_out: int, total: int) -> str:
    return f"({_cut(_ROOMS[-1], left_out, total)})"


def _cut(length: int, left_out: int, total: int) -> str:
    short = f"texts over {length} characters are shortened"
    return f"{left_out} of {total} steps are left out, {short}" if left_out else short


def _size(text: str) -> int:
    return len(text.encode(errors="replace"))
