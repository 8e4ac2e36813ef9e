"""What an instruction is given besides its kind: numbers, words, a text to repeat."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

WORDS: Final = Path(__file__).with_name("words.toml")


@dataclass(frozen=True, slots=True)
class Given:
    """The arguments of an instruction. A missing one is a KeyError: rows are read with all of theirs."""

    values: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Return a text."""
        return str(self.values[name])

    def number(self, name: str) -> float:
        """Return a number."""
        return float(self.values[name])

    def whole(self, name: str) -> int:
        """Return a whole number."""
        return int(self.values[name])

    def list(self, name: str) -> Sequence[str]:
        """Return a list of texts."""
        return [str(each) for each in cast("Sequence[object]", self.values[name])]


@cache
def published() -> Mapping[str, Mapping[str, str]]:
    """Return what was published in words: of each instruction, of languages, and lists of words."""
    return tomllib.loads(WORDS.read_text("utf-8"))


def words_of(name: str) -> list[str]:
    """Return a published list of words."""
    return published()["lists"][name].split()


Check: TypeAlias = Callable[[str, Given], bool]
"""Whether a response keeps an instruction."""
