"""What a store is to the other rooms: a door to write one run, and a reader of all of them."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from spanwright.core.annotation import LONGEST, Annotation
from spanwright.core.candidate import CandidateId
from spanwright.core.events import Event, StopReason
from spanwright.core.proposal import Reflection
from spanwright.core.protocols import Journal
from spanwright.core.rollout import Observed
from spanwright.core.usage import Budget, Usage
from spanwright.errors import UsageError

LONGEST_NAME = 200


class Status(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    PAUSED = "paused"
    """Nobody runs it and it has not come to its end: it can be resumed."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A line about a run, as its events tell it."""

    name: str
    status: Status
    reason: StopReason | None
    """Why the search or the run ended; None where it has not, or has been resumed since."""
    started: float
    """Seconds since the epoch, as all times here."""
    latest: float
    """The time of the last event."""
    resumed: int
    """How often the run went on in a new process."""
    rollouts: int
    """Rollouts that were started, those lost in a crash included: the money was spent."""
    reflections: int
    admitted: int
    """Children that joined the pool."""
    policy: str
    budget: Budget
    """The one given last."""
    seed: CandidateId
    winner: CandidateId | None
    """None until the run has ended."""
    usage: Usage | None
    """The whole spend; None until the run has ended."""


class Reader(Protocol):
    """Reads runs, those that are being written at the moment included. A name that no run has raises UsageError."""

    def runs(self) -> Sequence[RunSummary]:
        """Return a summary of every run that has begun, the oldest first."""
        ...

    def events(self, run: str, after: int = 0) -> Iterable[Event]:
        """Yield the events of a run in the order of their appending, without the first `after`."""
        ...

    def trace(self, run: str, number: int) -> Observed:
        """Return a rollout with its evidence. Raises UsageError where none was kept under that number."""
        ...

    def reflection(self, run: str, attempt: int) -> Reflection:
        """Return what was asked and answered in an attempt. Raises UsageError where nothing was kept."""
        ...

    def annotations(self, run: str) -> Sequence[Annotation]:
        """Return what persons wrote about the rollouts of a run, the oldest first."""
        ...


class Store(Protocol):
    """Where runs are remembered. `tests/store/store_conformance.py` says what every store must do."""

    @property
    def reader(self) -> Reader: ...

    def run(self, name: str) -> AbstractAsyncContextManager[Journal]:
        """Open a run for writing, a new one or one to resume; leaving the block writes what is still queued.

        A run has one writer at a time: StoreError names the process that has it.
        """
        ...

    def annotate(self, run: str, annotation: Annotation) -> None:
        """Keep what a person wrote about a finished rollout, while the run goes on or later; durable on return.

        It blocks for one commit. Raises UsageError for a run or a rollout that is not there, or an unfit text.
        """
        ...


def checked_name(name: str) -> str:
    """Return `name` if a run can bear it. Raises UsageError."""
    if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise UsageError(
            f"{name!r} cannot be the name of a run",
            f"Use 1 to {LONGEST_NAME} printable characters",
        )
    return name


def check_annotation(run: str, annotation: Annotation, *, exists: bool) -> None:
    """Raise UsageError where an annotation cannot be kept; `exists` says whether its rollout has ended."""
    if not exists:
        raise UsageError(
            f"run {run!r} has no finished rollout {annotation.rollout}", "`spanwright traces list RUN` lists them"
        )
    if not annotation.text.strip() or len(annotation.text) > LONGEST:
        raise UsageError(
            f"an annotation of {len(annotation.text):,} characters cannot be kept", f"Write 1 to {LONGEST:,} characters"
        )


def no_such_run(name: str, known: Iterable[str]) -> UsageError:
    """Return the error for a run that nobody has written."""
    listed = ", ".join(repr(other) for other in known) or "none yet"
    return UsageError(f"there is no run {name!r}", f"The runs of this store are: {listed}")


def not_kept(run: str, what: str) -> UsageError:
    """Return the error for evidence that a run does not have."""
    return UsageError(f"run {run!r} has kept nothing of {what}", "Its events list what was started and what has ended")
