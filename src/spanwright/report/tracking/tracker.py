"""Where a run is tracked: `Tracker`, with a preset for MLflow and one for Weights & Biases; `Sheet` is what writes.

Both libraries are extras. That one is missing is said before anything is spent; neither is imported until a run begins.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import blake2b
from importlib.util import find_spec
from os import environ
from pathlib import Path
from typing import Final, Protocol

from spanwright.errors import UsageError

STEP: Final = "spent/rollouts"
"""The figure that every point has: it is the step, too."""
_PATIENCE = 30.0
_NAMED = "spanwright"


class Outcome(StrEnum):
    """How a run was left."""

    ENDED = "ended"
    PAUSED = "paused"
    """It can be resumed."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undertaking:
    """A run as a tracker knows it from its start."""

    run: str
    started: float
    params: Mapping[str, str | int | float] = field(default_factory=dict[str, str | int | float])

    @property
    def id(self) -> str:
        """The same for all processes that work on the run, and for no other run."""
        return blake2b(f"{self.run}\n{self.started!r}".encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The figures of a run after so many rollouts."""

    step: int
    at: float
    """When, in seconds since the epoch."""
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run was left, in words for whoever finds it."""

    outcome: Outcome
    headline: str
    winner: str


class Sheet(Protocol):
    """One run in one tracker. Its methods are called from one thread, and may block and raise.

    class Printed:
        def last(self): return -1
        def log(self, points): print(*points)
        def keep(self, folder): print(*folder.iterdir())
        def close(self, ending): print(ending)
    """

    def last(self) -> int:
        """Return the step of the last point that the tracker has; -1 where it has none."""
        ...

    def log(self, points: Sequence[Point]) -> None:
        """Write points, in their order."""
        ...

    def keep(self, folder: Path) -> None:
        """Keep the files of a folder, in place of those of the same names."""
        ...

    def close(self, ending: Ending) -> None:
        """Say how the run was left."""
        ...


@dataclass(frozen=True, slots=True)
class Tracker:
    """A tracker in which a run becomes a run; make one with `mlflow` or `wandb`.

    One of another kind is a function that takes an `Undertaking` and returns a `Sheet`:

        Run(trackers=[Tracker("a list", lambda undertaking: Printed())])
    """

    name: str
    """What the result's remarks call it."""
    open: Callable[[Undertaking], Sheet]
    """Is called once a run, in the thread that writes."""
    patience: float = _PATIENCE
    """Seconds that `optimize` waits, when all is done, for figures and files to arrive."""
    spec: str = ""
    """What `--track` says; empty where the command line has no word for it."""

    def waiting(self, seconds: float) -> "Tracker":
        """Return the same with another patience."""
        return replace(self, patience=seconds)

    @classmethod
    def mlflow(cls, uri: str | None = None, experiment: str | None = None) -> "Tracker":
        """Track in MLflow: on a server, in a folder or a database, whatever its client takes as a tracking URI.

        What is left out is taken from MLFLOW_TRACKING_URI and MLFLOW_EXPERIMENT_NAME, as are keys. Raises UsageError
        where MLflow's client is not installed.
        """
        _need("mlflow", "MLflow")
        where = uri or environ.get("MLFLOW_TRACKING_URI") or "http://localhost:5000"
        named = experiment or environ.get("MLFLOW_EXPERIMENT_NAME") or _NAMED

        def opened(undertaking: Undertaking) -> Sheet:
            from spanwright.report.tracking.mlflow import MlflowSheet  # noqa: PLC0415  (an extra, and slow to import)

            return MlflowSheet(where, named, undertaking)

        return cls(f"MLflow at {_shown(where)}", opened, spec=f"mlflow:{_shown(uri)}" if uri else "mlflow")

    @classmethod
    def wandb(cls, project: str | None = None, *, offline: bool | None = None) -> "Tracker":
        """Track in Weights & Biases; `offline` writes into the folder `wandb`, from where `wandb sync` sends it.

        What is left out is taken from WANDB_PROJECT and WANDB_MODE, as are keys and the rest. Raises UsageError where
        its client is not installed.
        """
        _need("wandb", "Weights & Biases")
        named = project or environ.get("WANDB_PROJECT") or _NAMED

        def opened(undertaking: Undertaking) -> Sheet:
            from spanwright.report.tracking.wandb import WandbSheet  # noqa: PLC0415  (likewise)

            return WandbSheet(named, undertaking, offline=offline)

        return cls(f"Weights & Biases, project {named}", opened, spec=f"wandb:{project}" if project else "wandb")

    @classmethod
    def named(cls, spec: str) -> "Tracker":
        """Return the tracker of a word of the command line. Raises UsageError for an unknown one."""
        kind, _, rest = spec.partition(":")
        if kind == "mlflow" and _shown(rest) == rest:
            return cls.mlflow(rest or None)
        if kind == "mlflow":
            raise UsageError(
                f"mlflow:{_shown(rest)} is said with a key",
                "Say it without, and the key by MLFLOW_TRACKING_* variables",
            )
        if kind == "wandb":
            return cls.wandb(rest or None)
        raise UsageError(f"{spec!r} is no tracker", "Say mlflow, mlflow:URI, wandb, or wandb:PROJECT")


def _need(extra: str, what: str) -> None:
    if find_spec(extra) is None:
        raise UsageError(f"the client of {what} is not installed", f"Install it: pip install spanwright[{extra}]")


def _shown(uri: str) -> str:
    """Return an address without the password that it may have."""
    scheme, sign, rest = uri.partition("://")
    return f"{scheme}{sign}{rest.rpartition('@')[2]}"
