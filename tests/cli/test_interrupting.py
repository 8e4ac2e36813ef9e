import json
import signal
import time
from contextlib import suppress

import pytest

from spanwright.core.events import RolloutEnded, RolloutStarted
from spanwright.errors import StoreError
from spanwright.store import SqliteReader

SLOW = {"TINY_SECONDS": "0.3"}
OPTIMIZE = ("optimize", "tiny:agent", "--evals", "tiny:cases", "--rollouts", "80", "--run", "it", "--concurrency", "4")


def wait_for_rollouts(folder, count):
    """Wait until so many rollouts of the run have started."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        with suppress(StoreError):  # the file is not there yet, or still empty
            if started(folder) >= count:
                return
        time.sleep(0.05)
    raise AssertionError("the run did not begin")


def started(folder):
    return sum(isinstance(event, RolloutStarted) for event in history(folder))


def history(folder):
    reader = SqliteReader(folder / ".spanwright" / "store.sqlite")
    return list(reader.events("it")) if any(run.name == "it" for run in reader.runs()) else []


@pytest.mark.parametrize(
    "where", [(), pytest.param(("--executor", "processes:1"), marks=pytest.mark.slow)], ids=["here", "worker"]
)
def test_ctrl_c_once_drains_and_the_run_can_be_resumed(start, folder, spanwright, where):
    process = start(*OPTIMIZE, *where, environment=SLOW)
    wait_for_rollouts(folder, 3)

    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=300)

    ended = sum(isinstance(event, RolloutEnded) for event in history(folder))
    assert 4 == process.returncode
    assert started(folder) == ended
    assert "Ctrl-C again cancels" in stderr
    assert "spanwright resume it" in stderr
    assert "paused: stopped" in stdout

    resumed = spanwright("resume", "it", "--json")

    assert 0 == resumed.exit_code, resumed.stderr
    assert 80 == json.loads(resumed.stdout)["rollouts"]


@pytest.mark.parametrize(
    "where", [(), pytest.param(("--executor", "processes:1"), marks=pytest.mark.slow)], ids=["here", "worker"]
)
def test_ctrl_c_twice_cancels_at_once_and_the_run_can_be_resumed(start, folder, spanwright, where):
    process = start(*OPTIMIZE, *where, environment={"TINY_SECONDS": "300"})
    wait_for_rollouts(folder, 3)

    process.send_signal(signal.SIGINT)
    while "Ctrl-C again cancels" not in process.stderr.readline():  # two quick ones may count as one
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=300)

    assert 4 == process.returncode
    assert "spanwright resume it" in stderr
    assert "Traceback" not in stderr
    assert "paused: stopped" in stdout

    resumed = spanwright("resume", "it", "--json")

    assert 0 == resumed.exit_code, resumed.stderr


def test_a_killed_run_is_resumed_by_its_name_alone(start, folder):
    process = start(*OPTIMIZE, environment=SLOW)
    wait_for_rollouts(folder, 5)
    process.kill()
    process.communicate(timeout=300)

    resumed = start("resume", "it", "--json")
    stdout, stderr = resumed.communicate(timeout=300)

    assert 0 == resumed.returncode, stderr
    assert 80 == json.loads(stdout)["rollouts"]


def test_a_reader_that_leaves_early_is_no_error(start, optimized):
    process = start("traces", "list", "first")
    process.stdout.close()
    process.stdout = None
    process.wait(timeout=300)

    assert "Traceback" not in process.stderr.read()
