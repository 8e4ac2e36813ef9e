"""MLflow: a run of ours is a run in an experiment, found again by a tag when it is resumed.

MLflow keeps a figure twice that it is told twice, so its last step is read before anything is written.
"""

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import environ
from pathlib import Path
from typing import Final

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.entities import Run as TheirRun
from mlflow.exceptions import MlflowException

from spanwright.report.tracking.tracker import STEP, Ending, Outcome, Point, Undertaking

_ID = "spanwright.id"
_RUN = "spanwright.run"
_WINNER = "spanwright.winner"
_NOTE = "mlflow.note.content"
"""What MLflow shows as a run's description."""
_SILENT = "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"
_STATUS: Final[Mapping[Outcome, str]] = {
    Outcome.ENDED: "FINISHED",
    Outcome.PAUSED: "SCHEDULED",  # it is to go on some time: KILLED would look like a misfortune
    Outcome.FAILED: "FAILED",
}
_MOST_METRICS = 1_000
_MOST_PARAMS = 100
_LONGEST_PARAM = 6_000
_UNFIT = re.compile(r"[^\w\-. /]")
"""What may stand in no name of theirs."""


class MlflowSheet:
    """One run on an MLflow server, or in a folder or database of MLflow's."""

    def __init__(self, uri: str, experiment: str, undertaking: Undertaking) -> None:
        self._client = MlflowClient(tracking_uri=uri)
        run = self._found(self._experiment(experiment), undertaking)
        self._run: str = run.info.run_id
        self._describe(run, undertaking)

    def last(self) -> int:
        """Return the last step that MLflow has."""
        return max((each.step for each in self._client.get_metric_history(self._run, STEP)), default=-1)

    def log(self, points: Sequence[Point]) -> None:
        """Write points, as many of them whole as MLflow takes at once."""
        batch: list[Metric] = []
        for point in points:
            metrics = list(_metrics(point))
            if len(batch) + len(metrics) > _MOST_METRICS:
                self._client.log_batch(self._run, metrics=batch)
                batch = []
            batch += metrics
        self._client.log_batch(self._run, metrics=batch)

    def keep(self, folder: Path) -> None:
        """Upload files as artifacts."""
        self._client.log_artifacts(self._run, str(folder))

    def close(self, ending: Ending) -> None:
        """Say how the run was left, by its status and its description."""
        tags = [RunTag(_NOTE, ending.headline), RunTag(_WINNER, ending.winner)]
        self._client.log_batch(self._run, tags=tags)
        status = _STATUS[ending.outcome]
        if ending.outcome is Outcome.PAUSED:
            self._client.update_run(self._run, status=status)
        else:
            with _silent():
                self._client.set_terminated(self._run, status=status)

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        try:
            return self._client.create_experiment(name)
        except MlflowException:
            if (made := self._client.get_experiment_by_name(name)) is None:  # by another process, in between
                raise
            return str(made.experiment_id)

    def _found(self, experiment: str, undertaking: Undertaking) -> TheirRun:
        """Return the run, made if need be."""
        marked = f"tags.`{_ID}` = '{undertaking.id}'"
        for run in self._client.search_runs([experiment], filter_string=marked, max_results=1):
            self._client.update_run(run.info.run_id, status="RUNNING")
            return run
        tags = {_ID: undertaking.id, _RUN: undertaking.run}
        return self._client.create_run(
            experiment, start_time=_milliseconds(undertaking.started), tags=tags, run_name=undertaking.run
        )

    def _describe(self, run: TheirRun, undertaking: Undertaking) -> None:
        """Write the params that MLflow does not have: it refuses one that is written anew with another value."""
        known = run.data.params
        named = {_fit(name): str(value)[:_LONGEST_PARAM] for name, value in undertaking.params.items()}
        params = [Param(name, value) for name, value in named.items() if name not in known]
        for first in range(0, len(params), _MOST_PARAMS):
            self._client.log_batch(self._run, params=params[first : first + _MOST_PARAMS])


@contextmanager
def _silent() -> Generator[None]:
    """Keep MLflow from writing to stdout, which may be read by a program; it can be told so by the environment only."""
    if _SILENT in environ:
        yield
        return
    environ[_SILENT] = "true"
    try:
        yield
    finally:
        environ.pop(_SILENT, None)


def _metrics(point: Point) -> Iterator[Metric]:
    at = _milliseconds(point.at)
    for name, value in point.figures.items():
        yield Metric(_fit(name), value, at, point.step)


def _fit(name: str) -> str:
    return _UNFIT.sub("_", name)


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
