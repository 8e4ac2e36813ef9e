"""What happens when a process is killed, the disk is full, or two processes want the same run."""

import random
import sqlite3
from contextlib import ExitStack, closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from store_children import child, fill_the_disk, hold, write_until_killed
from store_samples import attempt, begun, trace

from spanwright.errors import StoreError
from spanwright.store import SqliteStore, Status

RUNS = ("monday", "tuesday", "wednesday")


def test_no_acknowledged_record_is_lost_when_writers_are_killed(tmp_path: Path):
    path, chance = tmp_path / "runs.sqlite", random.Random(7)
    for _ in range(4):
        acknowledged = killed_at_random(path, chance)
        kept = {run: list(SqliteStore(path).reader.events(run)) for run in RUNS}

        assert ["ok"] == integrity(path)
        for run, last in acknowledged.items():
            assert last < len(kept[run])
            assert [attempt(number) for number in range(len(kept[run]))] == kept[run]
            evidence = SqliteStore(path).reader.trace(run, last)
            assert (trace(turns=3), f"output {last}") == (evidence.trace, evidence.output)


def killed_at_random(path: Path, chance: random.Random) -> dict[str, int]:
    """Let three processes write a run each, kill each at some moment, return what was said to be durable."""
    with ExitStack() as stack:
        writers = {run: stack.enter_context(child(write_until_killed, path, run)) for run in RUNS}
        acknowledged: dict[str, int] = {}
        for run, (process, tell) in writers.items():
            for _ in range(chance.randint(1, 40)):
                acknowledged[run] = tell.recv()
            process.kill()
            acknowledged[run] = max([acknowledged[run], *rest(tell)])
        return acknowledged


def rest(tell: Connection) -> list[int]:
    """Return what a killed process had still told."""
    told: list[int] = []
    try:
        while True:
            told.append(tell.recv())
    except EOFError:
        return told


def integrity(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [said for (said,) in connection.execute("PRAGMA integrity_check")]


async def test_a_second_process_is_told_who_has_the_run(tmp_path: Path):
    store = SqliteStore(tmp_path / "runs.sqlite")
    with child(hold, store.path) as (_, tell):
        pid = tell.recv()

        with pytest.raises(StoreError, match=f"run 'monday' .* is in use by process {pid} on "):
            async with store.run("monday"):
                pass
        assert [Status.RUNNING] == [one.status for one in store.reader.runs()]


async def test_a_second_process_may_write_another_run_of_the_same_file(tmp_path: Path):
    store = SqliteStore(tmp_path / "runs.sqlite")
    with child(hold, store.path) as (_, tell):
        tell.recv()
        async with store.run("tuesday") as journal:
            journal.append(begun("tuesday"))

    assert ["monday", "tuesday"] == sorted(one.name for one in store.reader.runs())


async def test_a_run_whose_process_was_killed_is_paused_and_can_be_opened_at_once(tmp_path: Path):
    store = SqliteStore(tmp_path / "runs.sqlite")
    with child(hold, store.path) as (process, tell):
        tell.recv()
        process.kill()
    seen = [one.status for one in store.reader.runs()]
    async with store.run("monday") as journal:
        journal.append(attempt(1))

    assert [Status.PAUSED] == seen
    assert [begun(), attempt(1)] == list(store.reader.events("monday"))


async def test_a_full_disk_is_reported_with_what_was_kept(tmp_path: Path):
    store = SqliteStore(tmp_path / "runs.sqlite")
    with child(fill_the_disk, store.path) as (_, tell):
        durable, first = tell.recv()
        again, on_leaving = tell.recv(), tell.recv()
        kept = list(store.reader.events("monday"))

        assert "run 'monday'" in first
        assert f"the first {durable} are kept" in first
        assert "resume the run" in first
        assert first == again == on_leaving
    assert [attempt(number) for number in range(durable)] == kept
    assert ["ok"] == integrity(store.path)


async def test_a_run_goes_on_after_the_disk_has_room_again(tmp_path: Path):
    store = SqliteStore(tmp_path / "runs.sqlite")
    with child(fill_the_disk, store.path) as (process, tell):
        durable, _ = tell.recv()
        process.join()
    async with store.run("monday") as journal:
        for number in range(durable, durable + 300):
            journal.append(attempt(number))
            await journal.durable()

    assert [attempt(number) for number in range(durable + 300)] == list(store.reader.events("monday"))
