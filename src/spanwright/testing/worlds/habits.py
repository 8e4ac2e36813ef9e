"""What the simulated model does where no text says how: a public table, the same in every world and for every salt."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, TypeAlias

from spanwright.testing.simulated.lexicon import Slots
from spanwright.testing.simulated.wire import Draws

Values: TypeAlias = Mapping[str, tuple[Slots, ...]]
"""The values that each kind of directive can have."""

STRENGTH: Final = 0.75
"""How often the likeliest way is taken; the others share the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """The ways of doing one thing, the likeliest first."""

    ways: tuple[Slots, ...]

    @property
    def likely(self) -> Slots:
        """The likeliest way."""
        return self.ways[0]

    def chance(self, slots: Slots) -> float:
        """Return how likely a way is."""
        if slots == self.likely:
            return STRENGTH
        return (1 - STRENGTH) / (len(self.ways) - 1) if slots in self.ways else 0.0

    def draw(self, draws: Draws, *label: object) -> Slots:
        """Take one of the ways."""
        drawn = draws.uniform("habit", *label)
        if drawn < STRENGTH:
            return self.likely
        others = self.ways[1:]
        return others[min(int((drawn - STRENGTH) / (1 - STRENGTH) * len(others)), len(others) - 1)]


def habit(kind: str, key: tuple[str, str], values: Values) -> Habit:
    """Return the habit for a tool's aspect: which way is the likeliest is a function of their names."""
    digest = blake2b("/".join((kind, *key)).encode(), digest_size=4).digest()
    ways = values[kind]
    first = int.from_bytes(digest, "big") % len(ways)
    return Habit(ways=(ways[first], *ways[:first], *ways[first + 1 :]))
