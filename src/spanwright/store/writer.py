"""The single writer: one thread that owns a connection and commits what was queued, many writes in one transaction.

A commit waits for the disk, so writes wait for each other: at most 5 ms or 256 writes, and not at all while somebody
waits for them to be durable. The event loop never waits for the thread except where it asks to. The first write that
fails ends the thread: nothing is skipped, so what is on disk is always a prefix of what was queued.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Thread
from types import TracebackType
from typing import Self, TypeAlias

import anyio

from spanwright.errors import StoreError
from spanwright.store.database import explained
from spanwright.store.failpoints import Failpoint, Stage

Write: TypeAlias = Callable[[], None]
"""Executes statements on the writer's connection, inside its transaction."""

LINGER = 0.005
BATCH = 256


@dataclass(frozen=True, slots=True)
class _Queued:
    """A write that waits for its transaction."""

    write: Write
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiter:
    """A task that waits until `target` writes are on disk; one without a target waits for the thread's end."""

    target: int | None
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[None]

    def is_served_by(self, kept: int) -> bool:
        return self.target is not None and self.target <= kept


class Writer:
    """Queues writes and makes them durable. As an async context manager it flushes and ends its thread when left."""

    def __init__(self, connection: sqlite3.Connection, where: str, *, limit: int) -> None:
        self._connection = connection
        self._where = where
        self._limit = limit
        self._failpoint = Failpoint.armed()
        self._turn = Condition()  # parts the event loop, which queues, from the thread, which takes
        self._queue: deque[_Queued] = deque()
        self._waiters: list[_Waiter] = []
        self._queued = 0
        self._kept = 0
        self._closing = False
        self._over = False
        self._failure: Exception | None = None
        self._thread = Thread(target=self._work, name=f"spanwright store: {where}", daemon=False)

    @property
    def backlog(self) -> int:
        """How many writes were queued and are not on disk yet."""
        return self._queued - self._kept

    def put(self, write: Write, kind: str) -> None:
        """Queue a write of a kind of record; never waits for the disk.

        Raises StoreError after a failure, when closed or overfull.
        """
        self.check()
        if self._closing:
            raise StoreError(
                f"{self._where} was closed: nothing more can be written", "Open it again: `async with store.run(name)`"
            )
        if self.backlog >= self._limit:
            raise StoreError(
                f"writing {self._where} lags {self.backlog} records behind: the disk is too slow or another process "
                "blocks the file",
                "Free it, and resume the run",
            )
        with self._turn:
            self._queue.append(_Queued(write, kind))
            self._queued += 1
            if len(self._queue) in {1, BATCH}:
                self._turn.notify_all()
        if self._failpoint is not None:
            self._failpoint.passed(Stage.QUEUED, kind)

    async def durable(self) -> None:
        """Return when all that was queued so far is on disk. Raises StoreError."""
        self.check()
        if self.backlog:
            await self._wait_for(self._queued)
            self.check()

    def flush(self) -> None:
        """Do what `durable` does, but block the thread that asks."""
        with self._turn:
            target = self._queued
            self._turn.wait_for(lambda: self._kept >= target or self._over)
        self.check()

    def check(self) -> None:
        """Raise StoreError if a write has failed."""
        if self._failure is not None:
            raise StoreError(
                f"writing {self._where} failed: {explained(self._failure)}. Of the {self._queued} records of this "
                f"session the first {self._kept} are kept",
                "Remove the cause, and resume the run",
            ) from self._failure

    async def __aenter__(self) -> Self:
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._turn:
            self._closing = True
            self._turn.notify_all()
        try:
            with anyio.CancelScope(shield=True):
                await self._wait_for(None)
        finally:
            self._thread.join()
        self._tell(error)

    def _tell(self, error: BaseException | None) -> None:
        try:
            self.check()
        except StoreError as failure:
            if error is None:
                raise
            if not isinstance(error, StoreError):
                error.add_note(str(failure))  # what is already under way must not be hidden

    async def _wait_for(self, target: int | None) -> None:
        loop = asyncio.get_running_loop()
        waiter = _Waiter(target=target, loop=loop, future=loop.create_future())
        with self._turn:
            if self._over or (target is not None and self._kept >= target):
                return
            self._waiters.append(waiter)
            self._turn.notify_all()
        await waiter.future

    def _work(self) -> None:
        try:
            while batch := self._next_batch():
                self._commit(batch)
                self._settle(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is: if this thread died silently, all would wait for ever
            self._failure = error
        finally:
            self._connection.close()  # rolls back what was begun
            self._end()

    def _next_batch(self) -> list[_Queued]:
        """Wait for writes and return them in order; an empty list when there will be no more."""
        with self._turn:
            self._turn.wait_for(lambda: self._queue or self._closing)
            self._turn.wait_for(self._in_a_hurry, timeout=LINGER)
            return [self._queue.popleft() for _ in range(min(len(self._queue), BATCH))]

    def _in_a_hurry(self) -> bool:
        return bool(self._waiters) or self._closing or len(self._queue) >= BATCH

    def _commit(self, batch: list[_Queued]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        for each in batch:
            each.write()
        self._passed(Stage.WRITTEN, batch)
        self._connection.execute("COMMIT")
        self._passed(Stage.COMMITTED, batch)

    def _passed(self, stage: Stage, batch: list[_Queued]) -> None:
        if self._failpoint is not None:
            for each in batch:
                self._failpoint.passed(stage, each.kind)

    def _settle(self, batch: list[_Queued]) -> None:
        with self._turn:
            self._kept += len(batch)
            done = [waiter for waiter in self._waiters if waiter.is_served_by(self._kept)]
            self._waiters = [waiter for waiter in self._waiters if not waiter.is_served_by(self._kept)]
            self._turn.notify_all()
        _wake(done)
        self._passed(Stage.ACKNOWLEDGED, batch)

    def _end(self) -> None:
        with self._turn:
            self._over = True
            self._queue.clear()
            left, self._waiters = self._waiters, []
            self._turn.notify_all()
        _wake(left)


def _wake(waiters: list[_Waiter]) -> None:
    for loop in {waiter.loop for waiter in waiters}:
        futures = [waiter.future for waiter in waiters if waiter.loop is loop]
        with suppress(RuntimeError):  # the loop was closed: nobody waits there any more
            loop.call_soon_threadsafe(_finish, futures)


def _finish(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():  # the task that waited may have been cancelled
            future.set_result(None)
