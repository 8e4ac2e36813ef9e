"""The champion file: a winner's texts as JSON, reviewed like code, worn from the next start on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import TypeAdapter, ValidationError

from spanwright.core.candidate import Candidate, Component, ComponentId
from spanwright.errors import UsageError
from spanwright.subject.crowning import NOBODY
from spanwright.subject.nearest import nearest

SCHEMA = "spanwright.champion/1"

ChampionFile: TypeAlias = str | PathLike[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """By how much a winner beat the seed: the paired difference and its 95 % interval, None where nothing bounds it."""

    on: Literal["test", "validation"]
    """Validation cases chose the winner: a figure on those is optimistic."""
    cases: int
    seed: float
    winner: float
    difference: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Champion:
    """A winner and what it was measured against."""

    texts: Mapping[str, str]
    seed: Mapping[str, str]
    """The texts that it replaced; one that changed since is a sign that the champion is out of date."""
    schema: str = SCHEMA
    run: str = ""
    summary: str = ""
    measured: Measured | None = None

    @property
    def candidate(self) -> Candidate:
        """The texts as a candidate."""
        return Candidate(texts=self.texts)


_CHAMPION: TypeAdapter[Champion] = TypeAdapter(Champion)


def read_champion(path: ChampionFile) -> Champion:
    """Read a champion file. Raises UsageError where it is missing, malformed or of a later schema."""
    try:
        content = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the champion file {path!s} cannot be read: {error}", "Check the path") from error
    try:
        champion = _CHAMPION.validate_json(content)
    except ValidationError as error:
        message = f"{path!s} is not a champion file: {error.errors()[0]['msg']}"
        raise UsageError(message, "Write one with Result.save") from error
    if champion.schema != SCHEMA:
        raise UsageError(
            f"{path!s} has the schema {champion.schema!r}, this version reads {SCHEMA!r}",
            "Use the version that wrote it",
        )
    return champion


def write_champion(path: ChampionFile, champion: Champion) -> None:
    """Write a champion file: indented and sorted, so that a review shows what changed."""
    document = json.loads(_CHAMPION.dump_json(champion))
    Path(path).write_text(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def check_fit(champion: Champion, agents: Sequence[str]) -> None:
    """Raise UsageError where a champion has no text for any of these agents, nor for code that belongs to none."""
    if not any(id.partition("/")[0] in {NOBODY, *agents} for id in champion.texts):
        named = ", ".join(sorted({id.split("/", 1)[0] for id in champion.texts})) or "none"
        raise UsageError(
            f"the champion has no text for {', '.join(map(repr, agents))}, only for {named}",
            "Keep the agent's name, or optimize anew",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """A component in which a champion and an agent no longer agree."""

    component: ComponentId
    said: str


def misfits(champion: Champion, components: Sequence[Component]) -> tuple[Misfit, ...]:
    """Return where a champion does not fit agents with these components: gone, changed below it, or new beside it.

    A new component counts if the champion has texts of its kind for its agent.
    """
    found = {component.id: component for component in components}
    agents = {NOBODY, *(component.agent for component in components)}
    mine = {id: text for id, text in champion.texts.items() if id.partition("/")[0] in agents}
    free = [id for id in found if id not in mine]
    said: list[Misfit] = []
    for id in sorted(mine):
        if id not in found and is_added(id):
            continue  # it is worn whether it is searched or not
        if id not in found:
            said.append(Misfit(component=id, said=_gone(id, free)))
        elif id in champion.seed and found[id].text not in {champion.seed[id], mine[id]} and not found[id].dynamic:
            said.append(Misfit(component=id, said=_CHANGED))
    covered = {(found[id].agent, found[id].kind) for id in mine if id in found}
    new = [id for id in free if (found[id].agent, found[id].kind) in covered and not found[id].dynamic]
    said.extend(Misfit(component=id, said=_NEW) for id in new)
    return tuple(said)


def is_added(id: ComponentId) -> bool:
    """Return whether an agent has a component only where `optimizable` adds it, and wears it all the same."""
    return id.partition("/")[2].startswith(("setting:", "demonstrations"))


_CHANGED = "its text in the code is another one than the champion was measured against"
_NEW = "the champion has no text for it: it was not there, or not optimized"


def _gone(id: ComponentId, free: Sequence[ComponentId]) -> str:
    likely = nearest(id, free)
    hint = f": was it renamed to {likely!r}?" if likely else ""
    who = "no code asks for it" if id.startswith(f"{NOBODY}/") else "the agent has no such component"
    return f"{who} any more, the text goes nowhere{hint}"
