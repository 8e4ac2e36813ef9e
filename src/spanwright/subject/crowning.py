"""A champion's texts on agents, and on the user's own code: worn from now on, under whatever a rollout wears.

An agent has its part. `text` is asked from any thread, and by code that knows no agent, so what champions have for it
is kept for the process; a key that belongs to no agent comes with the first agent that a champion is put on.
"""

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Final, Protocol

from spanwright.core.candidate import Candidate, ComponentId
from spanwright.errors import UsageError

NOBODY: Final = "text"
"""What stands before the slash in the id of a text that belongs to no agent."""


class Wears(Protocol):
    """What wears the texts of an agent."""

    agent: str
    base: Candidate | None


class Crowned:
    """What champions have for the user's own code, by the agents that they were put on."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._parts: dict[str, Mapping[ComponentId, str]] = {}
        self._texts: Mapping[ComponentId, str] = {}
        """All parts as one, replaced as a whole: who reads needs no lock."""

    def put(self, agent: str, texts: Mapping[ComponentId, str]) -> None:
        """Replace the part that came with an agent. Raises UsageError where another one has another text."""
        with self._lock:  # modules may be imported in threads
            parts = {**{owner: part for owner, part in self._parts.items() if owner != agent}, agent: texts}
            merged: dict[ComponentId, str] = {}
            for owner, part in parts.items():
                for id, text in part.items():
                    if merged.setdefault(id, text) != text:
                        raise UsageError(
                            f"the champion of {owner!r} has another text for {id!r} than one that is worn already",
                            "Let one of them carry it: Result.save(path, components=...) leaves texts out",
                        )
            self._parts, self._texts = parts, merged

    def text(self, id: ComponentId) -> str | None:
        """Return the text that a champion has for a component."""
        return self._texts.get(id)


_crowned: Final = Crowned()


def crowned_text(id: ComponentId) -> str | None:
    """Return the text that a champion has for the user's own code, None where no champion has one."""
    return _crowned.text(id)


def crown(wearables: Sequence[Wears], texts: Mapping[ComponentId, str]) -> None:
    """Let agents wear their parts of some texts from now on, and code its own. Raises UsageError for a conflict."""
    for wearable in wearables:
        if mine := part_of(texts, wearable.agent, first=wearable is wearables[0]):
            _crowned.put(wearable.agent, mine)
            wearable.base = Candidate(texts=mine)


def part_of(texts: Mapping[ComponentId, str], agent: str, *, first: bool) -> Mapping[ComponentId, str]:
    """Return the texts that come with an agent; with the first one of several those that belong to nobody, too."""
    owners = {agent, NOBODY} if first else {agent}
    return {id: text for id, text in texts.items() if id.partition("/")[0] in owners}
