"""The spans of one trace in the making, within bounds.

A model call repeats the whole history of its agent, so a long run would hold its messages quadratically. Of such a
text a tape keeps what it adds to the last one under the same parent, and gives the whole back when it is played.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from threading import RLock

from spanwright.core.trace import Attribute, Span
from spanwright.telemetry.excerpt import excerpt

_LONG = 2_048
"""Texts with fewer characters are not worth a second look."""
_SPAN = 2_048
"""About what a span takes without its long texts."""

_ESSENTIAL = frozenset(
    {"invoke_agent", "create_agent", "invoke_workflow", "chat", "generate_content", "text_completion", "embeddings"}
)
_TOOL = "execute_tool"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much of a trace is kept. Bytes are those of the texts in memory."""

    spans: int = 2_000
    bytes: int = 32 * 2**20
    """Of one trace. Agents and model calls are kept beyond it: nothing could stand in for them."""
    total: int = 512 * 2**20
    """Of all traces in the making."""
    attribute: int = 256 * 2**10
    """Of one attribute; a longer text keeps its head and its tail."""


class _Rank(IntEnum):
    """Who gives way on a full tape: first what happens inside tools, then tools, agents and model calls never."""

    ESSENTIAL = 0
    TOOL = 1
    INNER = 2


@dataclass(frozen=True, slots=True)
class _Kept:
    span: Span
    size: int
    grown: tuple[str, ...] = ()
    """The attributes of which only the growth is kept."""
    long: tuple[str, ...] = ()
    """The attributes with long texts, those included."""


@dataclass(slots=True)
class Load:
    """What all the tapes of a collector hold together."""

    bytes: int = 0


class Tape:
    """Records the spans of one trace, which may open and close on any thread."""

    def __init__(self, bounds: Bounds, load: Load) -> None:
        self.open: dict[int, str] = {}
        """The names of the spans that have not ended, by span id."""
        self.seen = 0
        self.dropped = 0
        """Spans that found no room."""
        self.cut = 0
        """Texts that were shortened."""
        self._bounds = bounds
        self._load = load
        self._bytes = 0
        self._sealed = False
        self._kept: dict[str, _Kept] = {}
        self._yielding: dict[_Rank, list[str]] = {}
        self._last: dict[tuple[str, str], str] = {}
        self._referred: set[str] = set()
        self._ways: dict[str, str] = {}
        # Parts the event loop from the worker threads of sync tools. Reentrant, because the garbage collector may end
        # a forgotten span while this very thread is in here.
        self._lock = RLock()

    def opened(self, span_id: int, name: str) -> bool:
        """Note that a span has begun; False when the tape was sealed before."""
        with self._lock:
            if not self._sealed:
                self.seen += 1
                self.open[span_id] = name
            return not self._sealed

    def closed(self, span_id: int, span: Span) -> bool:
        """Keep an ended span or drop one, perhaps another; False when the tape was sealed before."""
        with self._lock:
            if not self._sealed:
                self.open.pop(span_id, None)
                self._keep(span)
            return not self._sealed

    def holds(self, span_id: int, name: str) -> bool:
        """Say whether a span of this id, whose hexadecimal form is `name`, is open or was kept."""
        return span_id in self.open or name in self._kept

    def seal(self) -> None:
        """Take nothing more, and give back the room that this tape took of its collector's."""
        with self._lock:
            self._sealed = True
            self._weigh(-self._bytes)

    def play(self) -> Iterator[Span]:
        """Yield the spans of a sealed tape, whole again, in the order in which they ended."""
        last: dict[tuple[str, str], str] = {}
        for kept in tuple(self._kept.values()):
            span = kept.span
            whole: dict[str, Attribute] = {}
            for key in kept.long:
                text = span.attributes[key]
                if isinstance(text, str) and (key in kept.grown or len(text) >= _LONG):
                    grown = last[span.parent_id, key][:-1] + text if key in kept.grown else text
                    whole[key] = last[span.parent_id, key] = grown
            yield self._attached(replace(span, attributes={**span.attributes, **whole}) if kept.grown else span)

    def _keep(self, span: Span) -> None:
        rank = _rank(span)
        kept = self._fitted(span, chained=rank is _Rank.ESSENTIAL)
        if not (self._fits(kept.size) or self._make_room(kept.size, rank)):
            self._drop(span)
            return
        self._weigh(kept.size)
        self._kept[span.span_id] = kept
        self._referred.add(span.parent_id)
        if rank is not _Rank.ESSENTIAL:
            self._yielding.setdefault(rank, []).append(span.span_id)

    def _fitted(self, span: Span, *, chained: bool) -> _Kept:
        """Cut the texts of `span` that are too long; of a `chained` one keep what it adds to the one before it."""
        size, grown = _SPAN, list[str]()
        long = [(key, text) for key, text in span.attributes.items() if isinstance(text, str) and len(text) >= _LONG]
        changed: dict[str, Attribute] = {}
        for key, text in long:
            place = (span.parent_id, key)
            last = self._last.get(place, "") if chained else ""
            if last == text:
                changed[key] = last  # the same text is held once
                continue
            growth = text[len(last) - 1 :] if last and text.startswith(last[:-1]) else text
            weight = sys.getsizeof(growth)
            if weight > self._bounds.attribute:
                self.cut += 1
                self._last.pop(place, None)
                changed[key] = excerpt(text, len(growth) * self._bounds.attribute // weight)
                size += self._bounds.attribute
                continue
            size += weight
            if growth is not text:
                changed[key] = growth
                grown.append(key)
            if chained:
                size += sys.getsizeof(text) - sys.getsizeof(last) if growth is not text else 0
                self._last[place] = text
        fitted = replace(span, attributes={**span.attributes, **changed}) if changed else span
        return _Kept(fitted, size, tuple(grown), tuple(key for key, _ in long))

    def _make_room(self, size: int, rank: _Rank) -> bool:
        """Drop spans of lower rank, the latest first, until `size` more bytes fit; an essential span always fits."""
        for lower in (_Rank.INNER, _Rank.TOOL):
            yielding = self._yielding.get(lower, [])
            while lower > rank and yielding and not self._fits(size):
                dropped = self._kept.pop(yielding.pop())
                self._weigh(-dropped.size)
                self._drop(dropped.span)
        return rank is _Rank.ESSENTIAL or self._fits(size)

    def _fits(self, size: int) -> bool:
        bounds = self._bounds
        return (
            len(self._kept) < bounds.spans
            and self._bytes + size <= bounds.bytes
            and self._load.bytes + size <= bounds.total
        )

    def _weigh(self, size: int) -> None:
        self._bytes += size
        self._load.bytes += size

    def _drop(self, span: Span) -> None:
        self.dropped += 1
        if span.span_id in self._referred:  # kept spans hang below it: remember the way up, the tree stays whole
            self._ways[span.span_id] = span.parent_id
            self._referred.add(span.parent_id)

    def _attached(self, span: Span) -> Span:
        parent = span.parent_id
        while parent in self._ways:
            parent = self._ways[parent]
        return span if parent == span.parent_id else replace(span, parent_id=parent)


def _rank(span: Span) -> _Rank:
    operation = span.attributes.get("gen_ai.operation.name")
    if operation in _ESSENTIAL:
        return _Rank.ESSENTIAL
    return _Rank.TOOL if operation == _TOOL else _Rank.INNER
