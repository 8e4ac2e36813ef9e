"""Small problems for `optimize_text`, and writers for them that are no models."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic_evals import Case

from spanwright import (
    Budget,
    Earlier,
    Evals,
    Policy,
    Proposal,
    Reflection,
    ReflectionContext,
    Result,
    Run,
    optimize_text,
)
from spanwright.reflection import FunctionReflector

GOAL = 20


def distance(text: str) -> float:
    """Return how good `x = <number>` is: the nearer to the goal the better, on a scale that ends at 0."""
    return -abs(number(text) - GOAL)


def number(text: str) -> int:
    return int(text.split("=")[1])


async def _count_up(context: ReflectionContext) -> dict[str, str]:
    return {
        each.id: re.sub(r"\d+", lambda found: str(int(found[0]) + 1), context.parent.texts[each.id])
        for each in context.components
    }


class Writer:
    """Counts up every number in a text, and remembers what it was shown."""

    def __init__(self) -> None:
        self.contexts: list[ReflectionContext] = []

    async def reflect(self, context: ReflectionContext) -> Reflection:
        self.contexts.append(context)
        if not context.examples and not any(context.parent.texts.values()):
            return Reflection(result=Proposal(parents=(context.parent.id,), edits={"text": "x = 0"}))
        return await FunctionReflector(_count_up).reflect(context)


def _goals(first: int, last: int) -> list[Case[int]]:
    return [Case(name=str(goal), inputs=goal) for goal in range(first, last)]


MODES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "one problem": {},
        "many problems": {"cases": {"near": 2, "far": 6}},
        "unseen cases": {"cases": Evals(cases=_goals(1, 5), validation=_goals(5, 9), test=_goals(9, 11))},
        "a first text that is written": {"seed": None, "objective": "Count up."},
        "begun where the best one ended": {"warm": True},
    }
)
"""What is given to `optimize_text` in each of its modes."""


async def counted(mode: str, store: Path, log: Path) -> Result:
    """Optimize in a process that may be killed; every evaluation leaves a line in `log`."""

    def evaluate(text: str, case: int | Case[int] = GOAL) -> float:
        with log.open("a") as file:
            file.write(f"{number(text)}\n")
        goal = case.inputs if isinstance(case, Case) else case
        return -abs(number(text) - goal)

    def alone(text: str) -> float:
        return evaluate(text)

    def warm(text: str, *, earlier: Sequence[Earlier] = ()) -> float:
        return evaluate(text) + 0.1 * len(earlier)

    given = dict(MODES[mode])
    measure = warm if given.pop("warm", False) else evaluate if "cases" in given else alone
    return await optimize_text(
        given.pop("seed", "x = 0"),
        measure,
        **given,
        budget=Budget(rollouts=18, reflections=200),
        reflection_model=Writer(),
        policy=Policy.default(schedule="ordered"),
        store=store,
        run=Run(name="killed", concurrency=2, progress=False),
    )
