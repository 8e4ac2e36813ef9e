"""Real backends, each in an environment of its own, started on the loopback: `make test-backends` installs them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from spanwright import SqliteStore
from spanwright.core.events import RolloutEnded, RunEnded
from spanwright.core.rollout import Rollout
from spanwright.core.trace import Span

sys.path.insert(0, str(Path(__file__).parent))  # the checks: pytest's importlib mode leaves the folder out

STARTING = 180.0
"""Seconds that a server may take until it answers: it imports half a gigabyte of packages."""


@pytest.fixture(scope="session")
def backends() -> Path:
    named = os.environ.get("SPANWRIGHT_BACKENDS")
    if not named:
        pytest.fail("SPANWRIGHT_BACKENDS names no folder with the backends: say make test-backends")
    return Path(named).resolve()


@pytest.fixture(scope="session")
def mlflow(backends: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    command = [backends / "mlflow" / "bin" / "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--default-artifact-root", f"{folder}/artifacts"]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with serving(command, quiet, folder, f"http://127.0.0.1:{port}") as url:
        yield url


@pytest.fixture(scope="session")
def phoenix(backends: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("phoenix"), free_port()
    settings = {
        "PHOENIX_WORKING_DIR": str(folder),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(free_port()),
        "PHOENIX_TELEMETRY_ENABLED": "false",
    }
    with serving(
        [backends / "phoenix" / "bin" / "phoenix", "serve"], settings, folder, f"http://127.0.0.1:{port}"
    ) as url:
        yield url


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@contextmanager
def serving(command: list, settings: Mapping[str, str], folder: Path, url: str) -> Generator[str]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **settings}, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
        try:
            until(lambda: answers(process, url), STARTING, lambda: (folder / "log").read_text()[-2_000:])
            yield url
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # of its own session: its workers, and nobody else's
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def answers(process: subprocess.Popen, url: str) -> bool:
    assert process.poll() is None, "the server has ended"
    try:
        return httpx.get(f"{url}/", timeout=5).status_code < 500
    except httpx.TransportError:
        return False


def until(holds: Callable[[], bool], seconds: float, said: Callable[[], object]) -> None:
    """Wait for what a server does in its own time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"after {seconds:g} seconds: {said()}")
        time.sleep(0.2)


@dataclass(frozen=True)
class Exported:
    """A run that the command line has exported, as our own store tells it."""

    folder: Path
    remarks: str

    @property
    def reader(self):
        return SqliteStore(self.folder / "store.sqlite").reader

    @property
    def run(self) -> str:
        return self.reader.runs()[0].name

    @property
    def rollouts(self) -> list[Rollout]:
        return [event.rollout for event in self.reader.events(self.run) if isinstance(event, RolloutEnded)]

    @property
    def winner(self) -> str:
        return next(event.winner for event in self.reader.events(self.run) if isinstance(event, RunEnded))

    def spans(self, rollout: Rollout) -> tuple[Span, ...]:
        return self.reader.trace(self.run, rollout.number).trace.spans


@pytest.fixture(scope="session")
def export(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Mapping[str, str]], Exported]:
    """Export the demo by the command line, with its simulated models."""

    def export_it(kind: str, settings: Mapping[str, str]) -> Exported:
        folder = tmp_path_factory.mktemp(kind)
        command = [sys.executable, "-m", "spanwright", "demo", "--rollouts", "130", "--export", kind]
        ended = subprocess.run(
            [*command, "--store", "store.sqlite", "--quiet"],
            cwd=folder,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ended.returncode in {0, 3}, ended.stderr
        return Exported(folder, ended.stdout)

    return export_it
