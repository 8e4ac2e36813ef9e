"""The rules of repositories, in words and in what builds say: `house_rules.toml`, read."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final, cast

from spanwright.testing.simulated.lexicon import Directive, Lexicon, Slots

_TEXT: Final = files("spanwright.testing.simulated.coding").joinpath("house_rules.toml").read_text(encoding="utf-8")
RULES: Final = Lexicon.parse(_TEXT)

TESTS: Final = "tests"
LOAD: Final = "load"
_MARKUP: Final = re.compile(r"[`*“”]")


@dataclass(frozen=True, slots=True)
class _Shown:
    kind: str
    expression: re.Pattern[str]


def _tables() -> Mapping[str, Mapping[str, object]]:
    return cast("Mapping[str, Mapping[str, object]]", tomllib.loads(_TEXT)["kinds"])


def _expressions() -> Sequence[_Shown]:
    macros = cast("Mapping[str, str]", tomllib.loads(_TEXT)["macros"])

    def expanded(text: str) -> str:
        return re.sub(r"<<(\w+)>>", lambda found: f"(?:{macros[found[1]]})", text)

    return tuple(
        _Shown(kind, re.compile(expanded(each)))
        for kind, table in _tables().items()
        for each in cast("Sequence[str]", table["shown"])
    )


_EXPRESSIONS: Final = _expressions()
BASES: Final[Mapping[str, float]] = {kind: float(str(table["base"])) for kind, table in _tables().items()}
"""How often a rule is followed by a coder whom nobody told."""


@lru_cache(maxsize=8_192)  # the same texts come back with every request
def stated(text: str) -> tuple[Directive, ...]:
    """Return the rules that a text states."""
    return RULES.read(text)


@lru_cache(maxsize=8_192)  # a prompt is read again for every answer
def broken(said: str) -> tuple[tuple[str, Slots], ...]:
    """Return the rules that a build or a terminal shows as broken, with what it says of them."""
    return tuple(dict.fromkeys(_broken(_MARKUP.sub("", said))))


def _broken(said: str) -> Iterator[tuple[str, Slots]]:
    for shown in _EXPRESSIONS:
        for found in shown.expression.finditer(said):
            yield shown.kind, tuple(sorted((name, value) for name, value in found.groupdict().items() if value))
