"""A run of the command line is tracked by a real MLflow server, and by Weights & Biases without a connection."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from conftest import until

from spanwright import StoreError
from spanwright.core.events import RolloutEnded, RunEnded
from spanwright.store import SqliteReader

pytestmark = pytest.mark.backends
EXPERIMENT = "tracked"


@dataclass(frozen=True)
class Tracked:
    """A run that was paused by Ctrl-C and resumed, tracked by both processes."""

    folder: Path
    said: tuple[str, ...]

    @property
    def reader(self) -> SqliteReader:
        return SqliteReader(self.folder / "store.sqlite")

    @property
    def run(self) -> str:
        return self.reader.runs()[0].name

    @property
    def rollouts(self) -> int:
        return sum(isinstance(event, RolloutEnded) for event in self.reader.events(self.run))

    @property
    def winner(self) -> str:
        return next(event.winner for event in self.reader.events(self.run) if isinstance(event, RunEnded))


def started(folder: Path, settings: Mapping[str, str], *words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "spanwright", *words, "--store", "store.sqlite", "--quiet", "--json"],
        cwd=folder,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "WANDB_ERROR_REPORTING": "false", **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def tracked(folder: Path, track: str, settings: Mapping[str, str]) -> Tracked:
    first = started(folder, settings, "demo", "--rollouts", "150", "--track", track)
    made = Tracked(folder, ())

    def far_enough() -> bool:
        with suppress(StoreError, IndexError):  # the file is not there yet, or no run is in it
            return made.rollouts >= 20
        return False

    try:
        until(far_enough, 400, first.poll)
        first.send_signal(signal.SIGINT)
        paused, complaint = first.communicate(timeout=300)
    finally:
        first.kill()
        first.wait()
    assert first.returncode == 4, complaint
    with started(folder, settings, "resume", made.run) as second:
        ended, complaint = second.communicate(timeout=900)
    assert second.returncode in {0, 3}, complaint
    return Tracked(folder, (paused, ended))


@pytest.fixture(scope="module")
def in_mlflow(mlflow: str, tmp_path_factory: pytest.TempPathFactory) -> Tracked:
    return tracked(tmp_path_factory.mktemp("mlflow"), f"mlflow:{mlflow}", {"MLFLOW_EXPERIMENT_NAME": EXPERIMENT})


@pytest.fixture(scope="module")
def in_wandb(tmp_path_factory: pytest.TempPathFactory) -> Tracked:
    folder = tmp_path_factory.mktemp("wandb")
    return tracked(folder, "wandb:desk", {"WANDB_MODE": "offline", "WANDB_CACHE_DIR": str(folder / "cache")})


def ask(url: str, path: str, **query: object) -> dict:
    answer = httpx.get(f"{url}/api/2.0/mlflow/{path}", params=query, timeout=60)
    assert answer.is_success, answer.text
    return answer.json()


@pytest.fixture
def theirs(mlflow: str, in_mlflow: Tracked) -> dict:
    experiment = ask(mlflow, "experiments/get-by-name", experiment_name=EXPERIMENT)["experiment"]["experiment_id"]
    found = httpx.post(f"{mlflow}/api/2.0/mlflow/runs/search", json={"experiment_ids": [experiment]}, timeout=60)
    (run,) = found.json()["runs"]
    return run


@pytest.mark.parametrize("side", ["in_mlflow", "in_wandb"])
def test_stdout_holds_the_result_alone_and_nothing_is_missing(side: str, request: pytest.FixtureRequest) -> None:
    for said in request.getfixturevalue(side).said:
        assert not [remark for remark in json.loads(said)["remarks"] if "does not have all" in remark]


def test_mlflow_has_one_run_for_both_processes(in_mlflow: Tracked, theirs: dict) -> None:
    tags = {each["key"]: each["value"] for each in theirs["data"]["tags"]}
    assert (in_mlflow.run, "FINISHED") == (theirs["info"]["run_name"], theirs["info"]["status"])
    assert (in_mlflow.run, in_mlflow.winner) == (tags["spanwright.run"], tags["spanwright.winner"])


def test_mlflow_has_every_step_once(mlflow: str, in_mlflow: Tracked, theirs: dict) -> None:
    run = theirs["info"]["run_id"]
    for name in ("spent/rollouts", "spent/tokens", "search/proposed"):
        history = ask(mlflow, "metrics/get-history", run_id=run, metric_key=name)["metrics"]
        steps = [int(each["step"]) for each in history]
        assert sorted(set(steps)) == steps
        assert in_mlflow.rollouts == steps[-1]


def test_mlflow_has_report_champion_and_summary(mlflow: str, in_mlflow: Tracked, theirs: dict) -> None:
    listed = ask(mlflow, "artifacts/list", run_id=theirs["info"]["run_id"])["files"]
    assert {"champion.json", "report.html", "summary.md"} == {each["path"] for each in listed}
    query = {"run_uuid": theirs["info"]["run_id"], "path": "report.html"}
    assert "Content-Security-Policy" in httpx.get(f"{mlflow}/get-artifact", params=query, timeout=60).text


def test_wandb_has_written_every_step_once_for_the_same_run(in_wandb: Tracked) -> None:
    files = sorted((in_wandb.folder / "wandb").glob("offline-run-*/run-*.wandb"))
    written = [list(records(file)) for file in files]

    assert 2 == len(files)
    assert 1 == len({record.run.run_id for records in written for record in records if record.HasField("run")})
    steps = [step for records in written for step in steps_of(records)]
    assert sorted(set(steps)) == steps
    assert in_wandb.rollouts == steps[-1]


def test_wandb_has_written_params_figures_and_files(in_wandb: Tracked) -> None:
    *_, last = sorted((in_wandb.folder / "wandb").glob("offline-run-*/run-*.wandb"))
    written = list(records(last))

    config = {item.key: json.loads(item.value_json) for record in written for item in record.run.config.update}
    assert "default" == config["policy"]
    names = {"/".join(item.nested_key) or item.key for record in written for item in record.history.item}
    assert {"validation/best", "spent/rollouts", "test/winner"} <= names
    artifacts = [record.artifact for record in written if record.HasField("artifact")]
    assert 1 == len(artifacts)
    assert {"champion.json", "report.html", "summary.md"} == {entry.path for entry in artifacts[0].manifest.contents}


def records(file: Path):
    """Read what their client has written: blocks of records with a checksum each, as in LevelDB's log."""
    from wandb.proto.wandb_internal_pb2 import Record  # noqa: PLC0415 - only `make test-backends` installs it

    content, piece = file.read_bytes(), b""
    at = 7  # the header of the file
    while at + 7 <= len(content):
        if (room := 32_768 - at % 32_768) < 7:
            at += room
            continue
        length, kind = int.from_bytes(content[at + 4 : at + 6], "little"), content[at + 6]
        piece += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in {1, 4}:  # whole, or its last part
            yield Record.FromString(piece)
            piece = b""


def steps_of(written) -> list[int]:
    return [record.history.step.num for record in written if record.WhichOneof("record_type") == "history"]
