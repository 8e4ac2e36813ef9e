"""A trace as text for a reflector, within an allowance of tokens that is never exceeded.

A token is taken for four bytes. Where room is short, what was said before is not said again, texts are shortened, other
agents are told in a line, and at last steps are left out: what failed and what stands beside it stays longest, and
calls stay longer than what they returned. Nothing in the text changes from run to run: no times, no ids. Lines of a
text that somebody else wrote are set off by a bar, so that none can pass for a step of ours.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from spanwright.core.candidate import ComponentId
from spanwright.core.trace import Trace
from spanwright.telemetry.digest import in_short, repeats_once
from spanwright.telemetry.excerpt import excerpt
from spanwright.telemetry.outline import Block, outline

_BYTES_PER_TOKEN = 4
_FAVOUR = 4
"""So many times more room have the texts of what failed, and at most of what is in focus."""
_FAILING, _BESIDE, _FRAMING, _CALLED_IN_FOCUS, _CALLED, _FOCUS, _REST = range(7)
"""In what order blocks are kept: what failed, its neighbours, how agents begin and end, calls, then all else."""
_SHORTEST = 80
"""What failed may be shortened further than other texts, down to this."""
_SHARES = 4
"""No failing step takes more than this part of the room from the others."""
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manner:
    """How much is told of each block."""

    length: int
    """The most characters of a text."""
    favour: int = _FAVOUR
    """So many times more room have the texts of what is in focus."""
    in_short: bool = False
    """Whether agents of which nothing is in focus are told in a line."""

    def room(self, block: Block, *, in_focus: bool) -> int:
        """Return the most characters of a block's text."""
        return self.length * (_FAVOUR if block.failing else self.favour if in_focus else 1)


_MANNERS = (
    *(_Manner(length=length) for length in (8_000, 5_600, 4_000, 2_800, 2_000, 1_400, 1_000)),
    *(_Manner(length=length, in_short=True) for length in (1_000, 700, 500, 350, 250, 180, 120)),
    _Manner(length=120, favour=2, in_short=True),
)
"""Tried from the first on."""
_TERSE = _Manner(length=120, favour=1, in_short=True)
"""Where no manner is short enough, and steps may have to be left out."""


def render(trace: Trace, allowance: int, *, focus: Sequence[ComponentId] = ()) -> str:
    """Tell `trace` in at most `allowance` tokens; steps that `focus` governs are kept before others."""
    return Telling(trace, focus).within(allowance)


class Telling:
    """A trace that is told in one allowance after the other, until it is known how much room there is."""

    def __init__(self, trace: Trace, focus: Sequence[ComponentId] = ()) -> None:
        self._focus = focus
        self._whole = tuple(replace(block, text=_INVISIBLE.sub("", block.text).strip()) for block in outline(trace))

    def within(self, allowance: int) -> str:
        """Tell the trace in at most `allowance` tokens."""
        room = allowance * _BYTES_PER_TOKEN
        if sum(len(block.text) for block in self._whole) <= room:
            whole = "\n".join(map(_line, self._whole))
            if _size(whole) <= room:
                return whole
        for manner in (*_MANNERS, _TERSE):
            blocks = self._short if manner.in_short else self._once
            lengths = [manner.room(block, in_focus=in_focus) for block, in_focus in blocks]
            if sum(min(len(block.text), length) for (block, _), length in zip(blocks, lengths, strict=True)) > room:
                continue  # to write the lines would take far longer than this sum
            lines = (_line(block, length) for (block, _), length in zip(blocks, lengths, strict=True))
            told = "\n".join((*lines, _note(manner, others=len(blocks) < len(self._whole))))
            if _size(told) <= room:
                return told
        short = in_short(self._whole, self._agents)
        return _chosen(short, self._focus, room, others=len(short) < len(self._whole))

    @cached_property
    def _agents(self) -> frozenset[str]:
        return frozenset(component.partition("/")[0] for component in self._focus)

    @cached_property
    def _once(self) -> Sequence[tuple[Block, bool]]:
        """The blocks without repetitions, and whether they are in focus."""
        return [(block, _in_focus(block, self._focus)) for block in repeats_once(self._whole)]

    @cached_property
    def _short(self) -> Sequence[tuple[Block, bool]]:
        blocks = in_short([block for block, _ in self._once], self._agents)
        return [(block, _in_focus(block, self._focus)) for block in blocks]


def _chosen(blocks: Sequence[Block], focus: Sequence[ComponentId], room: int, *, others: bool) -> str:
    """Return the blocks that fit, those of the lowest rank first, of equal ones the outermost."""
    ranks = list(_ranks(blocks, focus))
    last = len(blocks) - 1
    order = sorted(range(len(blocks)), key=lambda index: (ranks[index], min(index, last - index), index))
    kept: dict[int, str] = {}
    left = room - _size(_note(_TERSE, others=others, left_out=len(blocks), total=len(blocks)))
    share = left // min(max(sum(rank <= _BESIDE for rank in ranks), 1), _SHARES)
    for index in order:
        line = _line(blocks[index], _TERSE.room(blocks[index], in_focus=False))
        if ranks[index] <= _BESIDE:
            line = _fitted(line, min(left, share) - 1)
        size = _size(line) + 1
        if size <= left:
            kept[index] = line
            left -= size
    note = _note(_TERSE, others=others, left_out=len(blocks) - len(kept), total=len(blocks))
    told = "\n".join((*(kept[index] for index in sorted(kept)), note))
    return told.encode(errors="replace")[: max(room, 0)].decode(errors="ignore")


def _fitted(line: str, room: int) -> str:
    """Shorten a line to `room` bytes, though not to fewer than a few words."""
    characters = len(line)
    while _size(line) > room and characters > _SHORTEST:
        characters = max(characters * 3 // 4, _SHORTEST)
        line = excerpt(line, characters)
    return line


def _ranks(blocks: Sequence[Block], focus: Sequence[ComponentId]) -> Iterator[int]:
    for index, block in enumerate(blocks):
        beside = any(neighbour.failing for neighbour in blocks[max(index - 1, 0) : index + 2])
        favoured = _in_focus(block, focus)
        holding = (
            (block.failing, _FAILING),
            (beside, _BESIDE),
            (block.framing, _FRAMING),
            (block.calling and favoured, _CALLED_IN_FOCUS),
            (block.calling, _CALLED),
            (favoured, _FOCUS),
        )
        yield next((rank for holds, rank in holding if holds), _REST)


def _in_focus(block: Block, focus: Sequence[ComponentId]) -> bool:
    """Say whether a component governs a block: a tool's text its calls, other texts what their agent says and calls."""
    for component in focus:
        agent, _, place = component.partition("/")
        kind, _, address = place.partition(":")
        tool = address.partition("/")[0] if kind == "tool" else ""
        if block.agent == agent and (block.tool == tool or (block.calling and not tool)):
            return True
    return False


def _line(block: Block, length: int | None = None) -> str:
    """Return a block as its line, and those of its text that follow."""
    text = excerpt(block.text, length) if length is not None else block.text
    first, *more = text.strip().splitlines() or [""]
    indent = "  " * block.depth
    label = " ".join(_INVISIBLE.sub("", block.label).split())  # it may hold a tool's name that a model made up
    head = f"{indent}{label}: {first}" if first else f"{indent}{label}"
    return "\n".join((head, *(f"{indent}  | {line}" for line in more)))


def _note(manner: _Manner, *, others: bool, left_out: int = 0, total: int = 0) -> str:
    """Return what is said of what is missing; `others` says whether some agent was told in a line."""
    said = [f"{left_out} of {total} steps are left out"] if left_out else []
    said += ["other agents are told in a line"] if others else []
    return f"({', '.join((*said, f'texts over {manner.length} characters are shortened'))})"


def _size(text: str) -> int:
    return len(text.encode(errors="replace"))
