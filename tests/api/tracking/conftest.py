"""A run that is tracked: by an MLflow server on the loopback, or in a list."""

import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from mlflow_stub import serving


@pytest.fixture(autouse=True)
def nothing_is_told_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let MLflow's client tell nobody that it is used, and let nothing of the machine say where to."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("DO_NOT_TRACK", "true")
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "WANDB_PROJECT", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def stub():
    with serving() as stub:
        yield stub


@pytest.fixture(autouse=True)
def no_thread_is_left():
    """Wait for threads that were given up: their sockets would be found open in another test."""
    yield
    for thread in threading.enumerate():
        if thread.name == "spanwright-track":
            thread.join(5)
