"""A folder with the module `tiny`, and the command line in it: in this process, or in one of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from spanwright.cli import app

TINY = Path(__file__).with_name("tiny.py")


@contextmanager
def standing_in(folder: Path) -> Generator[Path]:
    """Work in a folder that has the module `tiny`."""
    shutil.copy(TINY, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "path", [*sys.path])
        yield folder
    for name in ("tiny", "other"):
        sys.modules.pop(name, None)


@pytest.fixture
def folder(tmp_path):
    with standing_in(tmp_path):
        yield tmp_path


@pytest.fixture
def spanwright(folder):
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, catch_exceptions=False)

    run.forget = sys.modules.pop  # what the next call imports anew
    return run


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The folder of a finished run `first`, whose winner says yes, and what the command line said."""
    command = "optimize tiny:agent --evals tiny:cases --rollouts 80 --run first --ordered -q"
    with standing_in(tmp_path_factory.mktemp("finished")) as folder:
        ended = CliRunner().invoke(app, command.split(), catch_exceptions=False)
    assert 0 == ended.exit_code, ended.output
    return folder, ended


@pytest.fixture
def optimized(folder, finished):
    """A finished run `first`, copied to where the test stands."""
    made, ended = finished
    shutil.copytree(made / ".spanwright", folder / ".spanwright")
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
