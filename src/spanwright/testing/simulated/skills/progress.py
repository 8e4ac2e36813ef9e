"""Where a conversation stands: which goals are served, what failed, and what the tools' results say.

A model has no memory but the conversation, so all of this is inferred from the steps in it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

from spanwright.testing.simulated.english import Goal
from spanwright.testing.simulated.reading import Reading, Step
from spanwright.testing.simulated.skills.choosing import mode
from spanwright.testing.simulated.words import stem, stems

_PAIR: Final = re.compile(r"(?:^|[,;(]\s*|\n)\s*([a-z][\w ]{1,30}?)\s*[:=]\s*([^,;\n()]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One value of a tool's result, under its key and within its record."""

    key: frozenset[str]
    value: object
    record: int
    """Values of one JSON object share a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """One goal, and what was done about it."""

    goal: Goal
    served: Step | None = None
    lookups: tuple[Step, ...] = ()
    """Successful calls that only told something."""
    failed: tuple[Step, ...] = ()
    vain: tuple[Step, ...] = ()
    """Those of them after which nothing new was learned: to repeat one would be no use."""

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What is known from results."""
        steps = (*self.lookups, *((self.served,) if self.served else ()))
        return tuple(fact for step in steps for fact in facts(step.result))

    def fact(self, *words: str) -> object | None:
        """Return the first value whose key has one of these words."""
        wanted = {stem(word) for word in words}
        return next((fact.value for fact in self.facts if fact.key & wanted), None)

    def called(self, tool: str) -> bool:
        """Say whether the tool has answered about this goal."""
        return any(step.tool == tool for step in (*self.lookups, *((self.served,) if self.served else ())))


def stands(goals: Sequence[Goal], reading: Reading) -> tuple[Stand, ...]:
    """Return the goals with the steps that belong to each."""
    found = [Stand(goal=goal) for goal in goals]
    for step in reading.steps:
        index = _index(step, found)
        stand = found[index]
        tool = reading.tool(step.tool)
        only_told = tool is not None and mode(tool) == "read" and stand.goal.wish.mode == "write"
        if step.failed:
            stand = replace(stand, failed=(*stand.failed, step), vain=(*stand.vain, step))
        elif only_told or stand.served is not None:
            stand = replace(stand, lookups=(*stand.lookups, step), vain=())
        else:
            stand = replace(stand, served=step)
        found[index] = stand
    return tuple(found)


def facts(result: str) -> tuple[Fact, ...]:
    """Return the values of a result: of its JSON, or of its "key: value" pairs."""
    try:
        value: object = json.loads(result)
    except ValueError:
        return tuple(Fact(key=stems(key), value=said.strip(), record=0) for key, said in _PAIR.findall(result))
    return tuple(_facts(value, frozenset(), iter(range(10_000)), 0))


def _facts(value: object, key: frozenset[str], numbers: Iterator[int], record: int) -> Iterator[Fact]:
    if isinstance(value, Mapping):
        number = next(numbers)
        for name, inner in cast("Mapping[str, object]", value).items():
            yield from _facts(inner, stems(name), numbers, number)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from _facts(inner, key, numbers, record)
    else:
        yield Fact(key=key, value=value, record=record)


def _index(step: Step, found: Sequence[Stand]) -> int:
    """Return which goal a step belongs to: the first open one that its arguments mention, else the first open one."""
    said = re.sub(r"[^\w]", "", json.dumps(dict(step.arguments), default=str)).lower()
    open_ = [i for i, stand in enumerate(found) if stand.served is None] or [len(found) - 1]
    mentioned = [i for i in open_ if any(_digits(ref) in said for ref in found[i].goal.refs)]
    return (mentioned or open_)[0]


def _digits(ref: str) -> str:
    return re.sub(r"\D", "", ref) or ref
