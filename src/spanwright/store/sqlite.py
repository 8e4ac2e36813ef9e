"""The store in a file: one SQLite database for many runs, each written by one process at a time."""

import os
import sqlite3
from collections.abc import AsyncGenerator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from anyio import CapacityLimiter, to_thread

from spanwright.core.annotation import Annotation
from spanwright.core.events import Event
from spanwright.core.proposal import Reflection
from spanwright.core.rollout import Observed, Rollout
from spanwright.core.trace import Trace
from spanwright.errors import UsageError
from spanwright.store.contract import check_annotation, checked_name
from spanwright.store.database import boundary, make_folder, open_to_write, reading
from spanwright.store.lock import lock_path, locked
from spanwright.store.reader import SqliteReader, identified
from spanwright.store.tables import Tables, add_annotation, enrol, has_ended, row_of
from spanwright.store.writer import Writer

BACKLOG_LIMIT = 50_000


class SqliteStore:
    """Runs in one SQLite file. Making a store touches nothing; the file comes into being with its first run.

    `backlog_limit` is how many records may wait for the disk before a run gives up: `durable` keeps the number small,
    only a disk that stands still can reach it.
    """

    def __init__(self, path: str | os.PathLike[str], *, backlog_limit: int = BACKLOG_LIMIT) -> None:
        if os.fspath(path) == ":memory:":
            raise UsageError("':memory:' is not a file", "Use MemoryStore() for a store in memory")
        self._path = Path(path)
        self._backlog_limit = backlog_limit

    @property
    def path(self) -> Path:
        return self._path

    @property
    def reader(self) -> SqliteReader:
        return SqliteReader(self._path)

    def run(self, name: str) -> "AbstractAsyncContextManager[SqliteJournal]":
        """Open a run for writing, a new one or one to resume; leaving the block writes what is still queued.

        A run has one writer at a time: StoreError names the process that has it.
        """
        return self._run(checked_name(name))

    def annotate(self, run: str, annotation: Annotation) -> None:
        """Keep what a person wrote about a finished rollout, while the run goes on or later; durable on return.

        It blocks for one commit. Raises UsageError for a run or a rollout that is not there, or an unfit text.
        """
        with reading(self._path, f"looking for rollout {annotation.rollout} of run {run!r}") as looking:
            number = identified(looking, run)
            check_annotation(run, annotation, exists=has_ended(looking, number, annotation.rollout))
        connection = open_to_write(self._path)
        try:
            with boundary(f"writing an annotation of run {run!r} in the store {self._path}"):
                add_annotation(connection, number, annotation)
        finally:
            connection.close()

    @asynccontextmanager
    async def _run(self, name: str) -> "AsyncGenerator[SqliteJournal, None]":
        where = f"run {name!r} in the store {self._path}"
        make_folder(self._path)
        async with locked(lock_path(self._path, name), where):
            async with locked(self._path.with_name(f"{self._path.name}.lock"), f"the store {self._path}", tries=500):
                # Another process may be in the middle of a transaction, or have left a long log behind when it died.
                opened = await to_thread.run_sync(open_run, self._path, name, limiter=CapacityLimiter(1))
            async with Writer(opened.connection, where, limit=self._backlog_limit) as writer:
                yield SqliteJournal(name, self.reader, opened=opened, writer=writer)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A run whose file is open to write."""

    connection: sqlite3.Connection
    run: int
    last: int
    """The number of its last event, 0 where there is none."""


def open_run(path: Path, name: str) -> OpenRun:
    """Open the store and find the run in it, or make both. Raises StoreError."""
    connection = open_to_write(path)
    try:
        with boundary(f"opening run {name!r} in the store {path}"):
            run, last = enrol(connection, name)
    except BaseException:
        connection.close()
        raise
    return OpenRun(connection=connection, run=run, last=last)


class SqliteJournal:
    """The journal of one run: it queues what it is given, and the writer's thread makes it durable."""

    def __init__(self, name: str, reader: SqliteReader, *, opened: OpenRun, writer: Writer) -> None:
        self._name = name
        self._reader = reader
        self._tables = Tables(opened.connection, opened.run)
        self._writer = writer
        self._last = opened.last

    @property
    def backlog(self) -> int:
        """How many records were queued and are not durable yet."""
        return self._writer.backlog

    def append(self, event: Event) -> None:
        """Queue an event for writing; never blocks. Raises StoreError if an earlier write failed."""
        # Written as JSON here and not in the writer's thread: an event that cannot be written must not be folded.
        self._writer.put(partial(self._tables.add_event, self._last + 1, row_of(event)), event.kind)
        self._last += 1

    def keep_trace(self, rollout: Rollout, trace: Trace, output: str) -> None:
        """Queue the evidence of a rollout; what was kept under its number before is replaced."""
        observed = Observed(rollout=rollout, trace=trace, output=output)
        self._writer.put(partial(self._tables.add_rollout, observed), "trace")

    def keep_reflection(self, attempt: int, reflection: Reflection) -> None:
        """Queue the prompt and the answer of a reflection; an attempt that is made again replaces the lost one."""
        self._writer.put(partial(self._tables.add_reflection, attempt, reflection), "reflection")

    def observed(self, number: int) -> Observed | None:
        """Return a finished rollout with its evidence, or None; blocks for one commit where records are queued."""
        self._writer.flush()
        return self._reader.observed(self._name, number)

    def annotations(self) -> tuple[Annotation, ...]:
        """Return what persons wrote about the rollouts of this run so far, the oldest first."""
        return self._reader.annotations(self._name)

    async def durable(self) -> None:
        """Return when all that was queued so far is on disk. Raises StoreError."""
        await self._writer.durable()

    def events(self) -> Iterator[Event]:
        """Yield the events in the order of their appending; blocks for one commit where records are queued."""
        self._writer.flush()
        yield from self._reader.events(self._name)
