"""What the command line was told to optimize, kept in a file beside the store: `resume RUN` needs nothing else."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from spanwright.core.goal import Goal
from spanwright.core.usage import Budget
from spanwright.errors import StoreError, UsageError
from spanwright.store.lock import lock_path


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRun:
    """Which data a task of the paper is staged with, and who plays the parts that are not optimized."""

    data: str | None = None
    """The folder of the official data; None: the small data that come along."""
    helper_model: str | None = None
    """The model of judges and of whoever else a task needs beside its modules; None leaves it to the task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """An optimization in the words of the command line. Keys and other secrets stay in the environment."""

    subject: str
    evals: str
    run: str
    deps: str | None = None
    evaluators: tuple[str, ...] = ()
    """Evaluator classes that a dataset file names, each as MODULE:NAME."""
    group: str | None = None
    """The field of the cases' metadata that keeps cases in one split."""
    model: str | None = None
    reflection_model: str | None = None
    base_url: str | None = None
    rollouts: int | None = None
    reflections: int | None = None
    usd: float | None = None
    seconds: float | None = None
    concurrency: int = 32
    seed: int = 0
    policy: str = "default"
    ordered: bool = False
    components: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    max_tokens: tuple[str, ...] = ()
    """Each as GLOB=NUMBER."""
    forbid: tuple[str, ...] = ()
    """Each as GLOB=REGEX."""
    max_more: tuple[str, ...] = ()
    """Each as GLOB=FIGURE=PART."""
    no_regression: tuple[str, ...] = ()
    """Each a glob."""
    tools: Literal["live", "replay", "sandbox"] | None = None
    """None leaves it to what the agents' code says."""
    objective: str | None = None
    evidence: str | None = None
    """A file of spans that were recorded before."""
    lessons_from: str | None = None
    """A run in the same store whose lessons this one begins with."""
    goals: tuple[Goal, ...] = ()
    export: str | None = None
    """The kind of backend to export to; None exports nothing."""
    track: tuple[str, ...] = ()
    """Where the run is tracked, each as KIND or KIND:WHERE."""
    paper: PaperRun | None = None
    """Given where the subject is a task of the paper, which brings its own program and cases."""
    executor: str | None = None
    """Where rollouts are done; None is in this process."""

    @property
    def budget(self) -> Budget | None:
        """What may be spent; None leaves it to the default."""
        given = Budget(rollouts=self.rollouts, reflections=self.reflections, usd=self.usd, seconds=self.seconds)
        return None if given == Budget() else given


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a resumed run may spend, where it is exported and tracked, and where its rollouts are done, in place of what
    was said at its start.

    None leaves that as it was.
    """

    rollouts: int | None = None
    reflections: int | None = None
    usd: float | None = None
    seconds: float | None = None
    concurrency: int | None = None
    export: str | None = None
    track: tuple[str, ...] = ()
    executor: str | None = None

    def over(self, invocation: Invocation) -> Invocation:
        """Return the invocation with this allowance."""
        return replace(
            invocation,
            rollouts=_first(self.rollouts, invocation.rollouts),
            reflections=_first(self.reflections, invocation.reflections),
            usd=_first(self.usd, invocation.usd),
            seconds=_first(self.seconds, invocation.seconds),
            concurrency=self.concurrency or invocation.concurrency,
            export=self.export or invocation.export,
            track=self.track or invocation.track,
            executor=self.executor or invocation.executor,
        )


_INVOCATION: TypeAdapter[Invocation] = TypeAdapter(Invocation)


def keep(store: Path, invocation: Invocation) -> None:
    """Write an invocation beside the store, readable by its owner alone. Raises StoreError."""
    path = _path(store, invocation.run)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(_INVOCATION.dump_json(invocation, indent=2))
    except OSError as error:
        raise StoreError.of_writing(path, error) from error


def recall(store: Path, run: str) -> Invocation:
    """Return the invocation of a run. Raises UsageError where there is none."""
    path = _path(store, run)
    try:
        return _INVOCATION.validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(
            f"how run {run!r} was started is not known: it has no file {path}",
            f"Say it again: spanwright optimize MODULE:NAME --evals ... --run {run}, or optimize(..., run={run!r})",
        ) from error
    except ValidationError as error:
        raise UsageError(
            f"{path} cannot be read: {error.errors()[0]['msg']}", "Remove it, and optimize again"
        ) from error


def forget(store: Path, run: str) -> None:
    """Remove what is kept of how a run was started."""
    _path(store, run).unlink(missing_ok=True)


def _path(store: Path, run: str) -> Path:
    return lock_path(store, run).with_suffix(".json")


def _first(one: "float | None", other: "float | None") -> "float | None":
    return other if one is None else one
