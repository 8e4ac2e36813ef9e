"""Which instructions a response keeps: as it is, or by the loose reading that forgives a line too many, and stars."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from spanwright_evaluators.paper.instructions.classic import CLASSIC
from spanwright_evaluators.paper.instructions.counting import COUNTING
from spanwright_evaluators.paper.instructions.custom import CUSTOM
from spanwright_evaluators.paper.instructions.form import FORM
from spanwright_evaluators.paper.instructions.given import Check, Given, published
from spanwright_evaluators.paper.instructions.wording import WORDING

CHECKS: Final[Mapping[str, Check]] = {**CLASSIC, **COUNTING, **WORDING, **FORM, **CUSTOM}
_PLACE: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """An instruction with what it is given. Raises ValueError for an unknown one, KeyError where a part is missing."""

    id: str
    given: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.id not in CHECKS:
            raise ValueError(f"there is no instruction {self.id!r}")
        _ = self.words

    @property
    def words(self) -> str:
        """What the instruction says."""
        given = dict(self.given)
        if "language" in given:
            given["language"] = published()["languages"].get(given["language"], given["language"])
        return _PLACE.sub(lambda place: str(given[place[1]]), published()["instructions"][self.id])


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Which instructions a response keeps, in the words of each."""

    kept: tuple[str, ...]
    broken: tuple[str, ...]

    @property
    def share(self) -> float:
        """The share of kept ones."""
        return len(self.kept) / (len(self.kept) + len(self.broken))


def check(response: str, instructions: Sequence[Instruction]) -> Verdict:
    """Check a response against instructions by the loose reading."""
    results = [(each.words, kept(response, each)) for each in instructions]
    return Verdict(
        kept=tuple(words for words, right in results if right),
        broken=tuple(words for words, right in results if not right),
    )


def kept(response: str, instruction: Instruction, *, loose: bool = True) -> bool:
    """Say whether a response keeps an instruction; an empty one keeps none."""
    verify, given = CHECKS[instruction.id], Given(instruction.given)
    readings = _readings(response) if loose else (response,)
    return any(reading.strip() and verify(reading, given) for reading in readings)


def _readings(response: str) -> tuple[str, ...]:
    """Return the eight readings: without the first line, the last, both or none, with and without stars."""
    lines = response.split("\n")
    cut = [response, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    return (*cut, *(each.replace("*", "") for each in cut))
