"""What the tests of crashes share: a model server that outlives its clients, processes to be killed, and the audit.

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

from spanwright import Result, StopReason
from spanwright.core.candidate import CandidateId
from spanwright.core.events import Event, Judged, ReflectionEnded, ReflectionStarted, RolloutEnded, RolloutStarted
from spanwright.store import MemoryStore, SqliteStore, audited, check
from spanwright.testing.simulated.host import read_log
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process
from spanwright.testing.virtual import run_virtual

SALT = "crash"
LAWS = ("--latency-scale", "0.1", "--median", f"{clerk.REFLECTION}=1", "--median", f"{clerk.TASK}=0.3")
CALLS_OF_A_REFLECTION = 2
PATIENCE = 100.0
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

    @classmethod
    def of(cls, best: CandidateId, reason: StopReason | None, events: Sequence[Event]) -> "Course":
        ended = [event for event in events if isinstance(event, RolloutEnded | ReflectionEnded)]
        usages = [each.rollout.usage if isinstance(each, RolloutEnded) else each.usage for each in ended]
        return cls(
            best=best,
            reason=reason,
            accepted=tuple(each.child.id for each in events if isinstance(each, Judged) and each.verdict.accepted),
            rollouts=sum(usage.rollouts for usage in usages),
            reflections=sum(usage.reflections for usage in usages),
            requests=sum(usage.requests for usage in usages),
        )


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A run that is to be killed: where it is kept, whom it asks, and how it searches."""

    url: str
    path: Path
    manner: tuple[str, str]
    """Policy and budget, by name."""

    @property
    def events(self) -> list[Event]:
        return list(SqliteStore(self.path).reader.events(crash_child.RUN))

    @property
    def served(self) -> int:
        return sum(read_log(self.url).served.values())

    @contextmanager
    def child(self, failpoint: str = "") -> Generator[tuple[ForkServerProcess, Connection]]:
        """Let a process work on the run; it is forked from one that has imported everything."""
        context = multiprocessing.get_context("forkserver")
        ours, theirs = context.Pipe()
        arguments = (self.url, self.path, self.manner, theirs, failpoint)
        process = context.Process(target=crash_child.work, args=arguments)
        process.start()
        theirs.close()
        try:
            yield process, ours
        finally:
            process.kill()
            process.join()
            ours.close()

    def kill_after(self, more: int) -> None:
        """Kill a process that works on the run when so many more calls were served."""
        calls = self.served + more
        with self.child() as (process, _):
            patience = time.monotonic() + PATIENCE
            while self.served < calls:
                assert process.is_alive(), "it ended before it was killed often enough"
                assert time.monotonic() < patience, "it takes too long"
                time.sleep(POLL * random.random())
            os.kill(process.pid or 0, signal.SIGKILL)

    def die_at(self, failpoint: str) -> bool:
        """Let a process work until it dies at a failpoint; False where the run ended before."""
        with self.child(failpoint) as (process, _):
            process.join(PATIENCE)
            assert process.exitcode in {0, -signal.SIGKILL}, process.exitcode
            return process.exitcode != 0

    def finish(self) -> Course:
        """Let a process bring the run to its end."""
        with self.child() as (_, told):
            assert told.poll(PATIENCE)
            best, reason, complete = told.recv()

        assert complete
        return Course.of(best, reason, self.events)


@cache
def made(manner: tuple[str, str]) -> tuple[Result, tuple[Event, ...]]:
    """Make the run that nobody kills, in process and in virtual time."""
    store = MemoryStore()
    provider = in_process(simulated_app(clerk.models(), salt=SALT))
    result = run_virtual(crash_child.make(provider, store, manner))
    return result, tuple(store.reader.events(crash_child.RUN))


def undisturbed(manner: tuple[str, str]) -> Course:
    """Return the course of the run that nobody kills."""
    result, events = made(manner)
    return Course.of(result.best.id, result.stop_reason, events)


def undisturbed_events(manner: tuple[str, str]) -> Sequence[Event]:
    """Return its history."""
    return made(manner)[1]


def moments(manner: tuple[str, str], kills: int) -> Iterable[int]:
    """Return how many calls to let pass before each kill: random, and together less than the run makes."""
    chance = random.Random(str(manner))
    last = int(0.9 * undisturbed(manner).requests)
    at = sorted(chance.randrange(last) for _ in range(kills))
    return [later - earlier for earlier, later in zip([0, *at], at, strict=False)]


def check_books(scene: Scene, ended: Course, kills: int) -> None:
    """Compare what the server has seen, and what was acknowledged, with the books."""
    events = scene.events
    kinds = Counter(type(event) for event in events)
    rollouts = kinds[RolloutStarted] - kinds[RolloutEnded]
    reflections = kinds[ReflectionStarted] - kinds[ReflectionEnded]
    unaccounted = scene.served - ended.requests
    lost_in_flight = rollouts * clerk.CALLS_PER_ROLLOUT + reflections * CALLS_OF_A_REFLECTION
    scored = Counter(event.rollout.key for event in events if isinstance(event, RolloutEnded) and event.rollout.score)
    notes = [line.split() for line in crash_child.acknowledged_at(scene.path).read_text().splitlines()]
    sys.stdout.write(
        f"{kills} kills: {scene.served} calls served, {unaccounted} of {rollouts} rollouts and {reflections} "
        f"reflections lost in flight, {len(notes)} records acknowledged\n"
    )

    assert [] == audited(events).faults
    assert check(scene.path).ok
    assert {1} == set(scored.values())
    assert ended.rollouts == undisturbed(scene.manner).rollouts
    assert 0 <= unaccounted <= lost_in_flight
    assert unaccounted <= kills * crash_child.CONCURRENCY * clerk.CALLS_PER_ROLLOUT
    assert all(int(crc) == crash_child.crc(events[int(number) - 1]) for number, crc in notes)
