"""SIGKILL at random moments of a whole run, counted at the model server, which is a process of its own and survives.

What was served and is not in the ledger can only belong to rollouts and reflections that were under way at a kill: to
those that the journal knows to have started and not ended. A rollout of the clerk makes two calls; a reflection makes
one, and a second one where it is asked for a repair.
"""

import multiprocessing
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import clerk  # pyright: ignore[reportMissingImports]  (of the acceptance tests, see conftest.py)
import crash_child
import pytest

from spanwright import StopReason
from spanwright.core.candidate import CandidateId
from spanwright.core.events import Event, Judged, ReflectionEnded, ReflectionStarted, RolloutEnded, RolloutStarted
from spanwright.store import MemoryStore, SqliteStore
from spanwright.testing.simulated.host import read_log, serve_in_subprocess
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process
from spanwright.testing.virtual import run_virtual

SALT = "crash"
LAWS = ("--latency-scale", "0.1", "--median", f"{clerk.REFLECTION}=1", "--median", f"{clerk.TASK}=0.3")
CALLS_OF_A_REFLECTION = 2
PATIENCE = 50.0
POLL = 0.02


@dataclass(frozen=True, kw_only=True)
class Course:
    """What must be equal for a run that was killed and one that was not."""

    best: CandidateId
    reason: StopReason | None
    accepted: tuple[CandidateId, ...]
    rollouts: int
    reflections: int
    requests: int
    """Those that the ledger counts."""


def course(best: CandidateId, reason: StopReason | None, events: Sequence[Event]) -> Course:
    ended = [event for event in events if isinstance(event, RolloutEnded | ReflectionEnded)]
    usages = [each.rollout.usage if isinstance(each, RolloutEnded) else each.usage for each in ended]
    return Course(
        best=best,
        reason=reason,
        accepted=tuple(each.child.id for each in events if isinstance(each, Judged) and each.verdict.accepted),
        rollouts=sum(usage.rollouts for usage in usages),
        reflections=sum(usage.reflections for usage in usages),
        requests=sum(usage.requests for usage in usages),
    )


@cache
def undisturbed(policy: str) -> Course:
    """Make the run that nobody kills, in process and in virtual time."""
    store = MemoryStore()
    provider = in_process(simulated_app(clerk.models(), salt=SALT))
    result = run_virtual(crash_child.make(provider, store, policy))
    return course(result.best.id, result.stop_reason, list(store.reader.events(crash_child.RUN)))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """A model server that outlives its clients."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))  # the fork server imports by it
    with serve_in_subprocess("--world", "clerk:models", "--salt", SALT, *LAWS) as url:
        yield url


@contextmanager
def child(url: str, path: Path, policy: str) -> Generator[tuple[ForkServerProcess, Connection]]:
    """Let a process work on the run; it is forked from one that has imported everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["crash_child"])
    ours, theirs = context.Pipe()
    process = context.Process(target=crash_child.work, args=(url, path, policy, theirs))
    process.start()
    theirs.close()
    try:
        yield process, ours
    finally:
        process.kill()
        process.join()
        ours.close()


def served(url: str) -> int:
    return sum(read_log(url).served.values())


def wait_until_served(url: str, calls: int, process: ForkServerProcess) -> None:
    patience = time.monotonic() + PATIENCE
    while served(url) < calls:
        assert process.is_alive(), "it ended before it was killed often enough"
        assert time.monotonic() < patience, "it takes too long"
        time.sleep(POLL)


def live_on(url: str, path: Path, policy: str, moments: Iterable[int]) -> Course:
    """Kill the run whenever so many more calls were served, then let it come to its end."""
    for more in moments:
        calls = served(url) + more
        with child(url, path, policy) as (process, _):
            wait_until_served(url, calls, process)
            os.kill(process.pid or 0, signal.SIGKILL)
    with child(url, path, policy) as (_, told):
        assert told.poll(PATIENCE)
        best, reason, complete = told.recv()

    assert complete
    return course(best, reason, events_of(path))


def events_of(path: Path) -> list[Event]:
    return list(SqliteStore(path).reader.events(crash_child.RUN))


def moments(policy: str, kills: int) -> list[int]:
    """Return how many calls to let pass before each kill: random, and together less than the run makes."""
    chance = random.Random(policy)
    last = int(0.9 * undisturbed(policy).requests)
    at = sorted(chance.randrange(last) for _ in range(kills))
    return [later - earlier for earlier, later in zip([0, *at], at, strict=False)]


@dataclass(frozen=True, kw_only=True)
class Lost:
    """What had started and not ended."""

    rollouts: int
    reflections: int

    @classmethod
    def of(cls, events: Sequence[Event]) -> "Lost":
        kinds = Counter(type(event) for event in events)
        return cls(
            rollouts=kinds[RolloutStarted] - kinds[RolloutEnded],
            reflections=kinds[ReflectionStarted] - kinds[ReflectionEnded],
        )

    @property
    def most_calls(self) -> int:
        """How many calls they can have been served."""
        return self.rollouts * clerk.CALLS_PER_ROLLOUT + self.reflections * CALLS_OF_A_REFLECTION


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("policy", "kills"), [("default", 20), ("gepa", 8)])
def test_a_run_that_is_killed_again_and_again_ends_like_one_that_never_was(server, tmp_path, policy, kills):
    path = tmp_path / "store.sqlite"

    ended = live_on(server, path, policy, moments(policy, kills))

    assert undisturbed(policy) == ended
    check(events_of(path), served(server) - ended.requests, kills)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_steady_run_that_is_killed_again_and_again_keeps_its_books_in_order(server, tmp_path):
    path = tmp_path / "store.sqlite"

    ended = live_on(server, path, "steady", moments("steady", 6))

    assert 150 == ended.rollouts
    check(events_of(path), served(server) - ended.requests, 6)


def check(events: Sequence[Event], unaccounted: int, kills: int) -> None:
    """Compare what the server has seen with the books."""
    lost = Lost.of(events)
    scored = Counter(event.rollout.key for event in events if isinstance(event, RolloutEnded))
    sys.stdout.write(f"{kills} kills: {unaccounted} calls unaccounted for, {lost}\n")

    assert 0 <= unaccounted <= lost.most_calls
    assert unaccounted <= kills * crash_child.CONCURRENCY * clerk.CALLS_PER_ROLLOUT
    assert {1} == set(scored.values())
