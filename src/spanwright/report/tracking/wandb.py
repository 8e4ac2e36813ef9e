"""Weights & Biases: a run of ours is a run with an id of its own, which is the same in every process that resumes it.

Without a connection its client does not know which steps a run has. So the last one is noted in the folder that the
client writes, where `wandb sync` leaves it alone, and looked for in the folders of earlier processes.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol, cast

from spanwright.report.tracking.tracker import Ending, Outcome, Point, Undertaking

_QUIET: Final[Mapping[str, object]] = {
    "console": "off",  # what the user's agents print is no business of a tracker
    "silent": True,
    "disable_git": True,
    "disable_code": True,
    "save_code": False,
}
_NOTE = "spanwright-last-step"


class _Summary(Protocol):
    def update(self, values: Mapping[str, object]) -> None: ...


class _Artifact(Protocol):
    def add_file(self, local_path: str, name: str) -> object: ...


class _Run(Protocol):
    """What we use of their run."""

    @property
    def starting_step(self) -> int: ...
    @property
    def offline(self) -> bool: ...
    @property
    def dir(self) -> str: ...  # files, below the folder of the process
    @property
    def summary(self) -> _Summary: ...
    def log(self, data: Mapping[str, float], *, step: int) -> None: ...
    def log_artifact(self, artifact_or_path: _Artifact) -> object: ...
    def finish(self, exit_code: int) -> None: ...


class _Wandb(Protocol):
    """What we use of their module: it is an extra that nobody needs to have for checking types."""

    def init(self, **options: object) -> _Run: ...
    def Settings(self, **settings: object) -> object: ...  # noqa: N802 - their name
    def Artifact(self, name: str, type: str) -> _Artifact: ...  # noqa: A002, N802 - their names


class WandbSheet:
    """One run of Weights & Biases."""

    def __init__(self, project: str, undertaking: Undertaking, *, offline: bool | None) -> None:
        self._wandb = cast("_Wandb", import_module("wandb"))
        self._id = undertaking.id
        self._run = self._wandb.init(
            project=project,
            id=undertaking.id,
            name=undertaking.run,
            config=dict(undertaking.params),
            resume=None if offline else "allow",
            reinit="create_new",  # beside a run of the user's own, which stays the current one
            mode=None if offline is None else "offline" if offline else "online",
            settings=self._wandb.Settings(**_QUIET),
        )
        self._folder = Path(self._run.dir).parent

    def last(self) -> int:
        """Return the last step that is written; offline, as far as this machine knows."""
        if not self._run.offline:
            return self._run.starting_step - 1
        notes = self._folder.parent.glob(f"offline-run-*-{self._id}/{_NOTE}")
        return max((int(note.read_text("ascii")) for note in notes), default=-1)

    def log(self, points: Sequence[Point]) -> None:
        """Write points. Their client queues them, so that this never waits for the server."""
        for point in points:
            self._run.log(point.figures, step=point.step)
        if self._run.offline:
            (self._folder / _NOTE).write_text(str(points[-1].step), "ascii")

    def keep(self, folder: Path) -> None:
        """Keep files as one artifact, a version for each process."""
        artifact = self._wandb.Artifact(f"run-{self._id}", "spanwright-run")
        for file in sorted(folder.iterdir()):
            artifact.add_file(str(file), file.name)
        self._run.log_artifact(artifact)

    def close(self, ending: Ending) -> None:
        """Say how the run was left, and wait for what is queued."""
        self._run.summary.update(
            {"outcome": ending.outcome.value, "headline": ending.headline, "winner": ending.winner}
        )
        self._run.finish(exit_code=1 if ending.outcome is Outcome.FAILED else 0)
