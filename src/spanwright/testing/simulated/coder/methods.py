"""What the coder knows: methods for kinds of problems, each a source text with values to be set.

They are what a model knows from public literature, good and bad; nothing in them is a solution to a case.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from pydantic import TypeAdapter

_PLACE = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A number in a method: where it begins, how far it may go, and whether more of it takes more time."""

    first: float
    low: float
    high: float
    whole: bool = False
    takes_time: bool = False

    def near(self, now: float, factor: float) -> float:
        """Return a value `factor` away from `now`, within the bounds; from 0 and across 0 it goes by steps."""
        step = (factor - 1) * (self.high - self.low) / 2
        moved = now * factor if self.low >= 0 and now > 0 else now + step
        if self.whole and round(moved) == now:
            moved = now + (1 if factor > 1 else -1)
        return self.fitted(moved)

    def fitted(self, value: float) -> float:
        """Return the nearest value that is allowed, in as many digits as a person would write."""
        bounded = min(max(value, self.low), self.high)
        return float(round(bounded)) if self.whole else float(f"{bounded:.4g}")

    def written(self, value: float) -> str:
        """Return a value as it stands in a text."""
        return str(int(value)) if self.whole else repr(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way to solve problems of a kind."""

    name: str
    about: tuple[str, ...]
    """Words that the goal of such a problem has."""
    source: str
    values: Mapping[str, Value] = field(default_factory=dict[str, Value])

    def filled(self, values: Mapping[str, float]) -> str:
        """Return the text with these values."""
        return _PLACE.sub(lambda place: self.values[place[1]].written(values[place[1]]), self.source)

    @property
    def first(self) -> Mapping[str, float]:
        """The values that one would begin with."""
        return {name: each.first for name, each in self.values.items()}

    def read(self, text: str) -> Mapping[str, float] | None:
        """Return the values of a text that follows this method; None for any other text."""
        found = self._pattern.fullmatch(text.strip())
        return None if found is None else {name: float(found[name]) for name in self.values}

    @property
    def _pattern(self) -> re.Pattern[str]:
        seen: set[str] = set()
        pieces: list[str] = []
        for place, piece in enumerate(_PLACE.split(self.source.strip())):
            if place % 2 == 0:
                pieces.append(re.escape(piece))
            else:
                pieces.append(rf"(?P={piece})" if piece in seen else rf"(?P<{piece}>-?[\d.]+(?:e[-+]?\d+)?)")
                seen.add(piece)
        return re.compile("".join(pieces))


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    about: tuple[str, ...]
    method: tuple[Mapping[str, object], ...]


_METHODS: TypeAdapter[tuple[Method, ...]] = TypeAdapter(tuple[Method, ...])
_FILE: TypeAdapter[_File] = TypeAdapter(_File)


@cache
def methods() -> Sequence[Method]:
    """Return all methods, kind by kind, the simplest of a kind first."""
    found: list[Method] = []
    folder = files("spanwright.testing.simulated.coder").joinpath("templates")
    for each in sorted(folder.iterdir(), key=lambda each: each.name):
        read = _FILE.validate_python(tomllib.loads(each.read_text(encoding="utf-8")))
        found.extend(_METHODS.validate_python([{"about": read.about, **method} for method in read.method]))
    return tuple(found)
