"""What can be said of a trace's blocks in fewer words: repeated texts once, and the runs of other agents in a line."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from spanwright.telemetry.outline import Block

_REPEATED = 80
"""Characters from which on a text is not told twice."""
_AS_BEFORE = "(the same text as before)"


def repeats_once(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Return the blocks with each long text told where it first stands; what repeats it says so."""
    return tuple(_each_once(blocks))


def in_short(blocks: Sequence[Block], agents: Collection[str]) -> tuple[Block, ...]:
    """Return the blocks with each run in which nothing failed and none of `agents` took part told by one block.

    Where none of `agents` took part at all, nobody is the other one, and the blocks come back as they are.
    """
    return tuple(_shortly(blocks, agents)) if any(block.agent in agents for block in blocks) else tuple(blocks)


def _each_once(blocks: Sequence[Block]) -> Iterator[Block]:
    told: set[str] = set()
    for block in blocks:
        yield replace(block, text=_AS_BEFORE) if block.text in told else block
        if len(block.text) >= _REPEATED:
            told.add(block.text)


def _shortly(blocks: Sequence[Block], agents: Collection[str]) -> Iterator[Block]:
    index = 0
    while index < len(blocks):
        block = blocks[index]
        run = _run(blocks, index) if block.opening else ()
        index += 1
        if run and not any(each.failing or each.agent in agents for each in run):
            yield replace(block, text=_summary(run))
            index += len(run) - 1
        else:
            yield block


def _run(blocks: Sequence[Block], start: int) -> Sequence[Block]:
    """Return the blocks of the run that opens at `start`."""
    depth = blocks[start].depth
    after = (index for index in range(start + 1, len(blocks)) if blocks[index].depth <= depth)
    return blocks[start : next(after, len(blocks))]


def _summary(run: Sequence[Block]) -> str:
    called = Counter(block.tool for block in run if block.calling)
    calls = ", ".join(name if times == 1 else f"{name} ({times} times)" for name, times in called.items())
    end = run[-1]
    ended = " ".join(f"{end.label}: {end.text}".split()) if end.framing and end.text else ""
    return "; ".join(part for part in (f"called {calls}" if calls else "", ended) if part)
