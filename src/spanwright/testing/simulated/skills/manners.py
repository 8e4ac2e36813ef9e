"""Manners: things that can be done in several ways, what texts may ask for, and what is done where no text asks.

Texts that contradict each other leave it to chance.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from spanwright.testing.simulated.conventions import Subject, obeyed
from spanwright.testing.simulated.reading import Reading, ToolReading
from spanwright.testing.simulated.wire import Draws

OUT_OF_PLACE: Final = 0.6
"""How often a directive is heeded that stands only where one does not look for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """A choice between ways of doing something."""

    asked: Mapping[str, str]
    """The way by the kind of directive that asks for it."""
    habit: Mapping[str, float]
    """How likely each way is where nothing is asked for; the figures sum to 1."""
    implied: Mapping[str, str] = field(default_factory=dict[str, str])
    """A way that goes without saying where another is asked for: to ask for both is no contradiction."""
    belongs: Literal["anywhere", "tool", "instructions"] = "anywhere"
    """Where one looks for it: how a tool wants its arguments in the tool's own texts, how to go about a task in the
    instructions. What stands in the other place only is often passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """How one request is treated: what was read, what concerns it, and the draws that decide."""

    reading: Reading
    draws: Draws
    tool: ToolReading | None = None

    def way(self, manner: Manner) -> str:
        """Return the way that is taken."""
        heeded = {way for kind, way in manner.asked.items() if self._heeds(kind, manner)}
        for way, implied in manner.implied.items():
            if way in heeded:
                heeded.discard(implied)
        if heeded:
            return self.draws.choice(sorted(heeded), "torn", *sorted(heeded))
        return self._by_habit(manner.habit)

    def slips(self) -> bool:
        """Say whether this request goes wrong for no reason."""
        return self.draws.chance(self.reading.habits.slip, "slip")

    def _heeds(self, kind: str, manner: Manner) -> bool:
        if obeyed(kind, self.reading, self.draws, Subject(tool=self.tool)) is None:
            return False
        return self._in_place(kind, manner) or self.draws.chance(OUT_OF_PLACE, "out of place", kind)

    def _in_place(self, kind: str, manner: Manner) -> bool:
        if self.tool is None or manner.belongs == "anywhere":
            return True
        own = (self.tool.description, *(each.doc for each in self.tool.parameters))
        texts = own if manner.belongs == "tool" else (self.reading.instructions,)
        return any(directive.kind == kind for text in texts for directive in text.directives)

    def _by_habit(self, habit: Mapping[str, float]) -> str:
        drawn = self.draws.uniform("habit", *habit)
        for way, likelihood in habit.items():
            drawn -= likelihood
            if drawn < 0:
                return way
        return tuple(habit)[-1]
