"""What a task of the paper is: its modules, its official data and their splits, its budget, and how to stage it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from pydantic_ai import Agent
from pydantic_evals import Case

from spanwright import Evals, UsageError
from spanwright_agents.paper.modules import Module
from spanwright_agents.paper.sources import SMALL, Source

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Cases of each split at most."""

    train: int
    validation: int
    test: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A task with its data: what is optimized, and on which cases."""

    program: Callable[[Any], Awaitable[object]]
    evals: Evals[Any, Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperTask:
    """One of the six tasks."""

    name: str
    title: str
    modules: tuple[Module, ...]
    sources: tuple[Source, ...]
    sizes: Sizes
    budget: int
    """Metric calls that the paper gave GEPA: minibatches and validation, without the test split."""
    few: Sizes
    """The splits of the small data."""
    stage: Callable[[Path, Sizes], Staged]
    """Reads the data in a folder. Raises UsageError for what is missing, and says how to get it."""
    helpers: tuple[Agent[Any, Any], ...] = ()
    """Agents that take part and are not optimized: judges, and models that are asked as they are."""

    def official(self, folder: Path) -> Staged:
        """Return the task with the official data, in the paper's splits."""
        if not folder.is_dir():
            raise UsageError(f"there is no folder {folder}", f"Make it, and put the data in: {self.wanted}")
        return self.stage(folder, self.sizes)

    def small(self) -> Staged:
        """Return the task with the small data."""
        return self.stage(SMALL, self.few)

    @property
    def wanted(self) -> str:
        """The files that the task needs."""
        return ", ".join(f"{source.file} ({source.size}, {source.licence})" for source in self.sources)


def sampled(rows: Sequence[T], most: int) -> list[T]:
    """Return `most` rows as the paper's code draws them: by a generator of its own for each split, seeded with 1."""
    return list(rows) if most >= len(rows) else Random(1).sample(rows, most)


def cut(rows: Sequence[T], sizes: Sizes) -> tuple[list[T], list[T], list[T]]:
    """Return train, validation and test as the paper cuts a set without splits: test first, then validation."""
    two, four = int(0.4 * len(rows)), int(0.8 * len(rows))
    train, validation, test = rows[four:], rows[two:four], rows[:two]
    return sampled(train, sizes.train), sampled(validation, sizes.validation), sampled(test, sizes.test)


def shuffled(rows: Sequence[T]) -> list[T]:
    """Return rows in the order of the paper's shuffle, which is seeded with 0."""
    mixed = list(rows)
    Random(0).shuffle(mixed)
    return mixed


def evals_of(parts: Sequence[Sequence[Case[Any, Any, Any]]], metric: Callable[..., Any]) -> Evals[Any, Any, Any]:
    """Return the eval set of train, validation and test, with ids that no two cases share."""
    names = [
        f"{split}-{number}"
        for split, cases in zip(("train", "val", "test"), parts, strict=True)
        for number, _ in enumerate(cases, 1)
    ]
    for name, case in zip(names, (case for cases in parts for case in cases), strict=True):
        case.name = name if case.name is None else f"{name} {case.name}"
    train, validation, test = parts
    return Evals(cases=list(train), validation=list(validation), test=list(test), metric=metric)
