"""A trace told once: what model calls repeat (history, instructions, tools) is replaced by references to texts.

Each model call of an agent repeats all that was said before, so a trace grows with the square of its turns; folded it
grows with the turns. Folding is pure; the texts are kept by their hashes elsewhere. Unfolding gives an equal trace, in
which equal messages are one object again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from pydantic import TypeAdapter

from spanwright.core.trace import Message, ModelCall, ToolDefinition, Trace
from spanwright.store.blobs import digest
from spanwright.store.codec import decode, encode

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldedCall:
    """A model call; its numbers point into `Folded.texts`."""

    call: ModelCall
    """Without instructions, messages, answer and tools."""
    instructions: int
    messages: tuple[int, ...]
    answer: int | None
    tools: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A trace whose model calls point at texts."""

    trace: Trace
    """Without its model calls."""
    calls: tuple[FoldedCall, ...]
    texts: tuple[str, ...]
    """Hashes."""


MESSAGE = TypeAdapter(Message)
TOOL = TypeAdapter(ToolDefinition)


def fold(trace: Trace) -> tuple[Folded, Mapping[str, bytes]]:
    """Return the trace without its texts, and the texts by their hashes."""
    texts = _Texts()
    calls = tuple(texts.fold(call) for call in trace.model_calls)
    folded = Folded(trace=replace(trace, model_calls=()), calls=calls, texts=tuple(texts.bodies))
    return folded, texts.bodies


def unfold(folded: Folded, bodies: Mapping[str, bytes]) -> Trace:
    """Return the trace that was folded. `bodies` has every text of it."""
    texts = tuple(bodies[key] for key in folded.texts)
    messages: dict[int, Message] = {}
    tools: dict[int, ToolDefinition] = {}
    calls = tuple(
        replace(
            said.call,
            instructions=as_text(texts[said.instructions]),
            messages=tuple(_once(MESSAGE, messages, texts, at) for at in said.messages),
            answer=None if said.answer is None else _once(MESSAGE, messages, texts, said.answer),
            tools=tuple(_once(TOOL, tools, texts, at) for at in said.tools),
        )
        for said in folded.calls
    )
    return replace(folded.trace, model_calls=calls)


def as_bytes(text: str) -> bytes:
    """Return any string as bytes, lone surrogates included."""
    return text.encode("utf-8", "surrogatepass")


def as_text(body: bytes) -> str:
    """Return the string that was turned into bytes."""
    return body.decode("utf-8", "surrogatepass")


def _once(adapter: TypeAdapter[T], known: dict[int, T], texts: tuple[bytes, ...], at: int) -> T:
    if at not in known:
        known[at] = decode(adapter, texts[at])
    return known[at]


class _Texts:
    """The texts of one trace, each told once, in the order in which they were met."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self._positions: dict[str, int] = {}
        self._met: dict[int, int] = {}  # by id(): the trace that is folded keeps its messages alive

    def fold(self, call: ModelCall) -> FoldedCall:
        return FoldedCall(
            call=replace(call, instructions="", messages=(), answer=None, tools=()),
            instructions=self._place(as_bytes(call.instructions)),
            messages=tuple(self._value(MESSAGE, message) for message in call.messages),
            answer=None if call.answer is None else self._value(MESSAGE, call.answer),
            tools=tuple(self._value(TOOL, tool) for tool in call.tools),
        )

    def _value(self, adapter: TypeAdapter[T], value: T) -> int:
        at = self._met.get(id(value))
        if at is None:
            at = self._met[id(value)] = self._place(encode(adapter, value))
        return at

    def _place(self, body: bytes) -> int:
        key = digest(body)
        self.bodies.setdefault(key, body)
        return self._positions.setdefault(key, len(self._positions))
