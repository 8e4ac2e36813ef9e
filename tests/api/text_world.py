"""Small problems for `optimize_text`, and writers for them that are no models."""

import re
from pathlib import Path

from spanwright import Budget, Policy, Reflection, ReflectionContext, Result, Run, optimize_text
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
        return await FunctionReflector(_count_up).reflect(context)


async def counted(store: Path, log: Path) -> Result:
    """Optimize in a process that may be killed; every evaluation leaves a line in `log`."""

    def evaluate(text: str) -> float:
        with log.open("a") as file:
            file.write(f"{number(text)}\n")
        return distance(text)

    return await optimize_text(
        "x = 0",
        evaluate,
        budget=Budget(rollouts=18, reflections=200),
        reflection_model=Writer(),
        policy=Policy.default(schedule="ordered"),
        store=store,
        run=Run(name="killed", progress=False),
    )
