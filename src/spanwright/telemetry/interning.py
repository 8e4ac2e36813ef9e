"""Messages and tool definitions, each held once however many model calls repeat it.

A model call's history is the one before it and a little more, so only the little more is parsed.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from pydantic import JsonValue

from spanwright.core.trace import Message, ToolDefinition
from spanwright.telemetry.lenient import elements

ReadMessages: TypeAlias = Callable[[JsonValue], Iterable[Message]]
ReadDefinition: TypeAlias = Callable[[JsonValue], ToolDefinition | None]


class Interned:
    """What was read so far in one trace."""

    def __init__(self) -> None:
        self.damaged = 0
        """JSON texts of which a part could not be read."""
        self._same: dict[Message, Message] = {}
        self._latest: dict[str, tuple[str, tuple[Message, ...]]] = {}
        self._definitions: dict[str, tuple[ToolDefinition, ...]] = {}

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
        messages = tuple(self.message(message) for element in added for message in read(element))
        found = (*known, *messages) if carried_on else messages
        if intact and text.endswith("]"):
            self._latest[within] = (text, found)
        return found

    def definitions(self, text: str, read: ReadDefinition) -> tuple[ToolDefinition, ...]:
        """Return the tool definitions of a JSON array."""
        if text and text not in self._definitions:
            read_all = (read(element) for element in self._elements(text)[0])
            self._definitions[text] = tuple(definition for definition in read_all if definition is not None)
        return self._definitions.get(text, ())

    def _elements(self, text: str) -> tuple[Sequence[JsonValue], bool]:
        found, intact = elements(text)
        self.damaged += not intact
        return found, intact
