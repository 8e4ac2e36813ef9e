"""What the command line was told, said again: the command that began a run, for whoever wants to begin it anew."""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Final

from spanwright.cli.invocation import Invocation, recall
from spanwright.cli.options import DEFAULT_STORE
from spanwright.core.goal import Goal, Sense
from spanwright.errors import UsageError

_SINGLE: Final = (
    *("group", "deps", "objective", "model", "reflection_model", "base_url"),
    *("rollouts", "reflections", "usd", "seconds", "concurrency", "seed", "policy"),
    *("tools", "evidence", "lessons_from", "export", "executor"),
)
"""Fields of an invocation that are options of the same name."""
_REPEATED: Final = {
    "evaluators": "evaluator",
    "components": "components",
    "pinned": "pin",
    "max_tokens": "max-tokens",
    "forbid": "forbid",
    "max_more": "max-more",
    "no_regression": "no-regression",
    "track": "track",
}
OPTIONS: Final = frozenset({*_SINGLE, *_REPEATED, "goals", "ordered"})
"""Fields of an invocation that are said again; the others are the subject, its evals and
what the paper adds to them, and the run's name."""


def named(store: Path) -> str:
    """Return a store as the command line is told it; empty for the default."""
    return "" if store == DEFAULT_STORE else str(store)


def started(store: Path, run: str) -> str:
    """Return the command that began a run; empty where it was begun by a program."""
    try:
        invocation = recall(store, run)
    except UsageError:
        return ""
    return shlex.join(words_of(invocation))


def words_of(invocation: Invocation) -> Iterable[str]:
    """Yield the words of the command: all that is not as it would be if nothing was said."""
    yield from _opening(invocation)
    defaults = {each.name: each.default for each in fields(Invocation)}
    for name in _SINGLE:
        value = getattr(invocation, name)
        if value != defaults[name]:
            yield from (f"--{name.replace('_', '-')}", str(value))
    for name, option in _REPEATED.items():
        for each in getattr(invocation, name):
            yield from (f"--{option}", each)
    for goal in invocation.goals:
        yield from _wanted(goal)
    if invocation.ordered:
        yield "--ordered"


def _opening(invocation: Invocation) -> Iterator[str]:
    paper = invocation.paper
    if paper is not None:
        yield from ("spanwright", "paper", invocation.subject.partition(":")[0].rpartition(".")[2])
        yield from ("--quick",) if paper.data is None else ("--data", paper.data)
        yield from () if paper.helper_model is None else ("--helper-model", paper.helper_model)
    elif invocation.evals:
        yield from ("spanwright", "optimize", invocation.subject, "--evals", invocation.evals)
    else:
        yield from ("spanwright", "text", invocation.subject)


def _wanted(goal: Goal) -> Iterator[str]:
    if goal.limit is None:
        yield from ("--minimize" if goal.sense is Sense.LESS else "--maximize", goal.figure)
    else:
        yield from ("--at-most" if goal.sense is Sense.LESS else "--at-least", f"{goal.figure}={goal.limit:g}")
