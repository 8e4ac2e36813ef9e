"""Writing waits for the disk and the event loop does not; what waits is bounded."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from store_samples import attempt, rollout, trace

from spanwright.errors import StoreError
from spanwright.store import SqliteStore


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "runs.sqlite")


@contextmanager
def standing_still(store: SqliteStore) -> Generator[sqlite3.Connection, None, None]:
    """Keep the file locked, as a process in the middle of a transaction does."""
    connection = sqlite3.connect(store.path, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
    finally:
        connection.close()


def writers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("spanwright store")]


async def test_appending_is_fast_and_group_commit_makes_it_durable(store: SqliteStore):
    async with store.run("monday") as journal:
        began = time.perf_counter()
        for number in range(5_000):
            journal.append(attempt(number))
        appended = time.perf_counter()
        await journal.durable()
        durable = time.perf_counter()

    assert appended - began < 3.0  # 0.05 s where nothing else runs
    assert durable - began < 5.0


async def test_many_tasks_share_the_commits_that_they_wait_for(store: SqliteStore):
    async with store.run("monday") as journal:

        async def launch(number: int) -> None:
            journal.append(attempt(number))
            await journal.durable()

        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(4_500):
                group.create_task(launch(number))
        took = time.perf_counter() - began

    assert took < 10.0  # 0.2 s where nothing else runs
    assert 4_500 == len(list(store.reader.events("monday")))


async def test_what_nobody_waits_for_is_written_soon(store: SqliteStore):
    async with store.run("monday") as journal:
        journal.append(attempt(1))
        with anyio.fail_after(5):
            while journal.backlog:  # noqa: ASYNC110 - to wait for it would be a reason to hurry
                await anyio.sleep(0.001)

        assert [attempt(1)] == list(store.reader.events("monday"))


async def test_appending_never_waits_for_a_file_that_stands_still(store: SqliteStore):
    async with store.run("monday") as journal:
        with standing_still(store):
            for number in range(2_000):
                journal.append(attempt(number))
            lag = journal.backlog
            with anyio.move_on_after(0.02) as patience:
                await journal.durable()

            assert 2_000 == lag
            assert patience.cancelled_caught
        await journal.durable()

        assert 0 == journal.backlog
        assert 2_000 == len(list(store.reader.events("monday")))


async def test_the_event_loop_turns_while_something_becomes_durable(store: SqliteStore):
    async with store.run("monday") as journal:
        turns = 0
        with standing_still(store):
            journal.append(attempt(1))
            waiting = asyncio.ensure_future(journal.durable())
            for _ in range(100):
                await asyncio.sleep(0)
                turns += 1

            assert not waiting.done()
        await waiting

    assert 100 == turns


async def test_a_backlog_beyond_the_limit_stops_the_run_with_a_clear_error(tmp_path: Path):
    store = SqliteStore(tmp_path / "runs.sqlite", backlog_limit=100)
    async with store.run("monday") as journal:
        with standing_still(store):
            for number in range(100):
                journal.append(attempt(number))
            with pytest.raises(StoreError, match="lags 100 records behind"):
                journal.append(attempt(100))
            with pytest.raises(StoreError, match="lags 100 records behind"):
                journal.keep_trace(rollout(1), trace(), "")
        await journal.durable()
        journal.append(attempt(100))

    assert [attempt(number) for number in range(101)] == list(store.reader.events("monday"))


async def test_a_cancelled_wait_harms_nobody_else(store: SqliteStore):
    async with store.run("monday") as journal:
        with standing_still(store):
            journal.append(attempt(1))
            gone, stays = (asyncio.ensure_future(journal.durable()) for _ in range(2))
            await asyncio.sleep(0)
            gone.cancel()
            await asyncio.wait([gone])
        await stays

        assert gone.cancelled()
        assert 0 == journal.backlog


async def test_a_cancelled_run_keeps_what_was_queued_and_ends_its_thread(store: SqliteStore):
    with anyio.CancelScope() as scope:
        async with store.run("monday") as journal:
            for number in range(500):
                journal.append(attempt(number))
            scope.cancel()
            await anyio.sleep_forever()

    assert 500 == len(list(store.reader.events("monday")))
    assert not writers()


async def test_a_task_that_is_cancelled_while_it_leaves_still_ends_its_thread(store: SqliteStore):

    entered, blocked = asyncio.Event(), asyncio.Event()

    async def leave() -> None:
        async with store.run("monday") as journal:
            entered.set()
            await blocked.wait()
            journal.append(attempt(1))

    leaving = asyncio.ensure_future(leave())
    await entered.wait()
    blocker = sqlite3.connect(store.path, isolation_level=None, check_same_thread=False)
    blocker.execute("BEGIN IMMEDIATE")
    blocked.set()
    await asyncio.sleep(0)
    threading.Timer(0.1, blocker.close).start()  # from another thread: the one that leaves is blocked meanwhile
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving

    assert [attempt(1)] == list(store.reader.events("monday"))
    assert not writers()


async def test_readers_see_a_prefix_of_what_is_being_written(store: SqliteStore):
    def look() -> int:
        looks = 0
        while not written.is_set():
            seen = list(store.reader.events("monday"))
            assert [attempt(number) for number in range(len(seen))] == seen
            looks += 1
        return looks

    written = threading.Event()
    looked: list[int] = []

    async def watch() -> None:
        looked.append(await anyio.to_thread.run_sync(look))

    async with store.run("monday") as journal, asyncio.TaskGroup() as group:
        journal.append(attempt(0))
        await journal.durable()
        watching = group.create_task(watch())
        for number in range(1, 1_500):
            journal.append(attempt(number))
            if number % 10 == 0:
                await journal.durable()
        written.set()
        await watching

    assert looked[0] > 1
    assert 1_500 == len(list(store.reader.events("monday")))


def drop(table: str, store: SqliteStore) -> None:
    with closing(sqlite3.connect(store.path)) as meddler:
        meddler.execute(f"DROP TABLE {table}")


async def test_a_write_that_fails_fails_the_next_append_and_every_wait(store: SqliteStore):
    async def write() -> None:
        async with store.run("monday") as journal:
            drop("rollouts", store)
            journal.append(attempt(1))
            await journal.durable()
            journal.keep_trace(rollout(1), trace(), "")
            with pytest.raises(
                StoreError, match=r"no such table.* Of the 2 records of this session the first 1 are kept"
            ):
                await journal.durable()
            with pytest.raises(StoreError, match="no such table"):
                journal.append(attempt(2))
            with pytest.raises(StoreError, match="no such table"):
                list(journal.events())

    with pytest.raises(StoreError, match="no such table"):
        await write()
    assert [attempt(1)] == list(store.reader.events("monday"))


async def test_an_error_under_way_is_not_hidden_by_a_failed_write(store: SqliteStore):
    async def write() -> None:
        async with store.run("monday") as journal:
            drop("rollouts", store)
            journal.keep_trace(rollout(1), trace(), "")
            raise KeyError

    with pytest.raises(KeyError) as caught:
        await write()

    assert "no such table" in "".join(caught.value.__notes__)
