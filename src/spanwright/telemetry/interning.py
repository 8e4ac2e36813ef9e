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


Definitions: TypeAlias = dict[str, tuple[ToolDefinition, ...]]
"""Tool definitions by the JSON that they were read from."""

_MOST_DEFINITIONS = 512


class Interned:
    """What was read so far in one trace. `definitions` are kept from trace to trace: most offer the same tools."""

    def __init__(self, definitions: Definitions | None = None) -> None:
        self.damaged = 0
        """JSON texts of which a part could not be read."""
        self._same: dict[Message, Message] = {}
        self._latest: dict[str, tuple[str, tuple[Message, ...]]] = {}
        self._definitions: Definitions = {} if definitions is None else definitions

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
        known = self._definitions.get(text)
        if known is not None or not text:
            return known or ()
        elements, intact = self._elements(text)
        found = tuple(definition for element in elements if (definition := read(element)) is not None)
        if intact:  # a damaged text is read again: each trace shall know of the damage
            if len(self._definitions) >= _MOST_DEFINITIONS:
                self._definitions.clear()
            self._definitions[text] = found
        return found

    def _elements(self, text: str) -> tuple[Sequence[JsonValue], bool]:
        found, intact = elements(text)
        self.damaged += not intact
        return found, intact
