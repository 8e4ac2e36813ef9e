"""Real processes that are interrupted: once drains, twice is at once, and whatever it was, the run goes on later."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path

import pytest

from spanwright.core.events import RolloutEnded, RolloutStarted
from spanwright.errors import StoreError, UsageError
from spanwright.store import SqliteReader, audited, check

CHILD = Path(__file__).with_name("interrupted_child.py")
SIDE_BY_SIDE = 4
SHORT, LONG = 2.0, 300.0
"""How long a rollout of the child takes."""
Start = Callable[[str, float], "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Generator[Start]:
    started: list[subprocess.Popen[str]] = []

    def launch(manner: str, seconds: float) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, CHILD, tmp_path / "store.sqlite", manner, str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
        )
        started.append(process)
        return process

    yield launch
    for process in started:
        process.kill()
        process.communicate()


def history(folder: Path) -> list[RolloutStarted | RolloutEnded]:
    with suppress(StoreError, UsageError):  # it is not there yet
        events = SqliteReader(folder / "store.sqlite").events("it")
        return [event for event in events if isinstance(event, RolloutStarted | RolloutEnded)]
    return []


def wait_until_busy(folder: Path, process: "subprocess.Popen[str]", *, ended: int = 0) -> None:
    patience = time.monotonic() + 300
    while (
        len(seen := history(folder)) < 3
        or sum(isinstance(each, RolloutEnded) for each in seen) < ended
        or not (folder / "at_work").exists()  # what is only announced is let go at once
    ):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < patience
        time.sleep(0.05)


def is_in_order(folder: Path) -> bool:
    return check(folder / "store.sqlite").ok


def test_one_interrupt_starts_nothing_more_and_takes_no_longer_than_the_rollouts_in_flight(tmp_path, start):
    process = start("sync", SHORT)
    wait_until_busy(tmp_path, process, ended=1)  # what was announced and has not begun by then never ends
    process.send_signal(signal.SIGINT)
    assert "stopping\n" == process.stdout.readline()
    before = history(tmp_path)
    _, stderr = process.communicate(timeout=300)

    seen = history(tmp_path)
    announced = sum(isinstance(event, RolloutStarted) for event in seen)
    ended = [event.rollout for event in seen if isinstance(event, RolloutEnded)]

    assert 0 == process.returncode, stderr
    assert "Traceback" not in stderr
    assert len(seen) - len(before) <= 2 * SIDE_BY_SIDE, "what was in flight ended, and nothing came after it"
    assert announced >= len(ended) >= 1
    assert is_in_order(tmp_path)


def test_a_second_interrupt_ends_it_at_once(tmp_path, start):
    process = start("sync", LONG)
    wait_until_busy(tmp_path, process)
    process.send_signal(signal.SIGINT)
    assert "stopping\n" == process.stdout.readline()  # two quick ones may count as one
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=300)

    ended = [event for event in history(tmp_path) if isinstance(event, RolloutEnded)]

    assert "KeyboardInterrupt" in stderr
    assert [] == ended
    assert is_in_order(tmp_path)


def test_where_a_sync_tool_hangs_a_third_interrupt_ends_the_process_and_the_store_is_whole(tmp_path, start):
    process = start("hanging", 0.0)
    wait_until_busy(tmp_path, process)
    patience = time.monotonic() + 300
    while process.poll() is None:  # a busy machine may take two quick ones for one
        assert time.monotonic() < patience
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)

    assert 0 != process.returncode
    assert is_in_order(tmp_path)


def test_cancelling_the_await_is_at_once_and_the_run_goes_on_later(tmp_path, start):
    process = start("cancelled", LONG)
    wait_until_busy(tmp_path, process)
    stdout, stderr = process.communicate("now\n", timeout=300)

    assert 0 == process.returncode, stderr
    assert float(stdout) < 60  # a rollout takes minutes
    assert is_in_order(tmp_path)

    before = history(tmp_path)
    resumed = start("sync", 0.1)
    patience = time.monotonic() + 300
    while len(history(tmp_path)) < len(before) + 8:
        assert resumed.poll() is None, resumed.communicate()
        assert time.monotonic() < patience
        time.sleep(0.05)
    resumed.kill()
    resumed.communicate()

    assert before == history(tmp_path)[: len(before)]
    assert [] == audited(SqliteReader(tmp_path / "store.sqlite").events("it")).faults
