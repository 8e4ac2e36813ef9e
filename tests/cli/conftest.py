"""A folder with the module `tiny`, and the command line in it: in this process, or in one of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from spanwright.cli import app

TINY = Path(__file__).with_name("tiny.py")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    shutil.copy(TINY, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in ("tiny", "other"):
        sys.modules.pop(name, None)


@pytest.fixture
def spanwright(folder):
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, catch_exceptions=False)

    return run


@pytest.fixture
def optimized(spanwright):
    """A finished run `first`, whose winner says yes."""
    ended = spanwright(
        "optimize", "tiny:agent", "--evals", "tiny:cases", "--rollouts", "80", "--run", "first", "--ordered", "-q"
    )
    assert 0 == ended.exit_code, ended.output
    return ended


@pytest.fixture
def start(folder):
    """Start the command line in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def launch(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        path = os.pathsep.join(entry for entry in sys.path if entry)
        process = subprocess.Popen(
            [sys.executable, "-m", "spanwright", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path, **(environment or {})},
        )
        started.append(process)
        return process

    yield launch
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
