"""Messages and tool definitions, each held once however many model calls repeat it.

A model call's history is the one before it and a little more, so only the little more is parsed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from pydantic import JsonValue

from spanwright.core.trace import Message, ToolDefinition
from spanwright.telemetry.lenient import elements

ReadMessages: TypeAlias = Callable[[JsonValue], Iterable[Message]]
ReadDefinition: TypeAlias = Callable[[JsonValue], ToolDefinition | None]
ReadInstructions: TypeAlias = Callable[[str], str]

_Read = TypeVar("_Read")
_MOST = 128
"""Texts of one kind whose reading is kept."""


@dataclass(slots=True)
class Repeated:
    """What was read of texts that trace after trace repeats, since a candidate is tried on many cases: by its JSON."""

    definitions: dict[str, tuple[ToolDefinition, ...]] = field(default_factory=dict[str, tuple[ToolDefinition, ...]])
    instructions: dict[str, str] = field(default_factory=dict[str, str])


class Interned:
    """What was read so far in one trace, and what earlier traces had read of the same texts."""

    def __init__(self, repeated: Repeated | None = None) -> None:
        self.damaged = 0
        """JSON texts of which a part could not be read."""
        self._same: dict[Message, Message] = {}
        self._latest: dict[str, tuple[str, tuple[Message, ...]]] = {}
        self._repeated = Repeated() if repeated is None else repeated

    def message(self, message: Message) -> Message:
        """Return the one object that stands for all messages equal to `message`."""
        return self._same.setdefault(message, message)

    def messages(self, text: str, read: ReadMessages, *, within: str = "") -> tuple[Message, ...]:
        """Return the messages of a JSON array; `within` names the conversation that it may carry on."""
        before, known = self._latest.get(within, ("", ()))
        growth = text[len(before) - 1 :] if before and text.startswith(before[:-1]) else ""
        if growth == "]" or not text:
            return known if text else ()
        carried_on = growth.startswith(",")
        added, intact = self._elements(f"[{growth[1:]}" if carried_on else text)
        messages = tuple([self.message(message) for element in added for message in read(element)])
        found = (*known, *messages) if carried_on else messages
        if intact and text.endswith("]"):
            self._latest[within] = (text, found)
        return found

    def definitions(self, text: str, read: ReadDefinition) -> tuple[ToolDefinition, ...]:
        """Return the tool definitions of a JSON array."""
        known = self._repeated.definitions.get(text)
        if known is not None or not text:
            return known or ()
        elements, intact = self._elements(text)
        found = tuple(definition for element in elements if (definition := read(element)) is not None)
        if intact:  # a damaged text is read again: each trace shall know of the damage
            _keep(self._repeated.definitions, text, found)
        return found

    def instructions(self, text: str, read: ReadInstructions) -> str:
        """Return the instructions of a JSON array of texts."""
        known = self._repeated.instructions.get(text)
        if known is None:
            known = read(text)
            _keep(self._repeated.instructions, text, known)
        return known

    def _elements(self, text: str) -> tuple[Sequence[JsonValue], bool]:
        found, intact = elements(text)
        self.damaged += not intact
        return found, intact


def _keep(known: dict[str, _Read], text: str, found: _Read) -> None:
    if len(known) >= _MOST:
        known.clear()
    known[text] = found
