"""Stories that run in child processes, to be killed or starved there, started from the fork server of all tests."""

import asyncio
import multiprocessing
import os
import resource
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from store_samples import attempt, begun, rollout, trace

from spanwright.errors import SpanwrightError, StoreError
from spanwright.store import SqliteStore

NOBODY = 65_534

Story = Callable[[Path, str, Connection], None]


@contextmanager
def child(story: Story, path: Path, run: str = "monday") -> Generator[tuple[ForkServerProcess, Connection], None, None]:
    """Run a story in a child process; it tells by the connection what it has done."""
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe()
    process = context.Process(target=story, args=(path, run, theirs))
    process.start()
    theirs.close()
    try:
        yield process, ours
    finally:
        process.kill()
        process.join()
        ours.close()


def write_until_killed(path: Path, run: str, tell: Connection) -> None:
    """Write on where the run stands, and tell the number of each attempt that is durable."""

    async def story() -> None:
        async with SqliteStore(path).run(run) as journal:
            number = sum(1 for _ in journal.events())
            while True:
                journal.append(attempt(number))
                journal.keep_trace(rollout(number), trace(turns=3), f"output {number}")
                await journal.durable()
                tell.send(number)
                number += 1

    asyncio.run(story())


def hold(path: Path, run: str, tell: Connection) -> None:
    """Open the run, tell the process id, and keep it open until told to end."""

    async def story() -> None:
        async with SqliteStore(path).run(run) as journal:
            journal.append(begun(run))
            await journal.durable()
            tell.send(os.getpid())
            tell.recv()

    asyncio.run(story())


def fill_the_disk(path: Path, run: str, tell: Connection) -> None:
    """Write where no file may grow beyond 400 kB; tell how many were durable, then what went wrong, time and again."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    async def story() -> None:
        number = 0
        async with SqliteStore(path).run(run) as journal:
            try:
                while True:
                    journal.append(attempt(number))
                    await journal.durable()
                    number += 1
            except StoreError as error:
                tell.send((number, str(error)))
            try:
                journal.append(attempt(number))
            except StoreError as error:
                tell.send(str(error))

    try:
        asyncio.run(story())
    except StoreError as error:
        tell.send(str(error))


def visit_as_nobody(path: Path, run: str, tell: Connection) -> None:
    """As a user who may read the store and not write it: tell the runs, then what became of an attempt to write."""

    async def write(path: Path) -> None:
        async with SqliteStore(path).run(run) as journal:
            journal.append(begun(run))
            await journal.durable()

    with TemporaryDirectory() as folder:
        # Done once as who we are: nobody may be unable to import what is imported late, where the checkout is private.
        asyncio.run(write(Path(folder) / "runs.sqlite"))
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    tell.send([one.name for one in SqliteStore(path).reader.runs()])
    try:
        asyncio.run(write(path))
    except (SpanwrightError, sqlite3.Error, OSError) as error:
        tell.send((type(error), str(error)))
