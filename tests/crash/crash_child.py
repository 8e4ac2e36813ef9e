"""The process that is killed: it begins or resumes the run `crash`, and says how it ended if it comes to that.

Beside the store it keeps a list of the records that were acknowledged to it: what is in there must never be lost.
"""

import asyncio
import os
import zlib
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import clerk  # pyright: ignore[reportMissingImports]  (of the acceptance tests, see conftest.py)
from pydantic_ai import ModelSettings
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from spanwright import Budget, Policy, Result, Run, optimize
from spanwright.core.events import EVENT, Event
from spanwright.store import SqliteStore, Store
from spanwright.store.codec import encode
from spanwright.store.failpoints import VARIABLE
from spanwright.store.sqlite import SqliteJournal
from spanwright.testing.simulated.transport import over_socket

RUN = "crash"
CONCURRENCY = 8
BUDGETS = {"short": Budget(rollouts=70, reflections=20), "whole": Budget(rollouts=150, reflections=40)}
POLICIES = {
    "default": Policy.default(schedule="ordered"),
    "gepa": Policy.gepa(),
    "steady": Policy.default(max_in_flight=4),
}
SEEDED = ModelSettings(seed=7)
"""A provider promises equal answers for a seed, so that what is asked again after a crash is answered as it was."""


class Acknowledging:
    """A store whose journal notes on a file of its own what it was told to be durable: a kernel outlives a process."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.reader = store.reader

    def run(self, name: str) -> AbstractAsyncContextManager[SqliteJournal]:
        return self._run(name)

    @asynccontextmanager
    async def _run(self, name: str) -> AsyncGenerator[SqliteJournal]:
        notes = os.open(acknowledged_at(self._store.path), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            async with self._store.run(name) as journal:
                yield Noting(journal, notes)  # pyright: ignore[reportReturnType]  (it does all that the engine asks)
        finally:
            os.close(notes)


class Noting:
    """A journal that notes what became durable."""

    def __init__(self, journal: SqliteJournal, notes: int) -> None:
        self._journal = journal
        self._notes = notes
        self._last = sum(1 for _ in journal.events())
        self._pending: list[str] = []
        self.keep_trace = journal.keep_trace
        self.keep_reflection = journal.keep_reflection
        self.observed = journal.observed
        self.events = journal.events
        self.annotations = journal.annotations

    def append(self, event: Event) -> None:
        self._last += 1
        self._pending.append(f"{self._last} {crc(event)}\n")
        self._journal.append(event)

    async def durable(self) -> None:
        waiting, self._pending = self._pending, []
        await self._journal.durable()
        os.write(self._notes, "".join(waiting).encode())


def acknowledged_at(path: Path) -> Path:
    return path.with_name("acknowledged")


def crc(event: Event) -> int:
    return zlib.crc32(encode(EVENT, event))


def work(url: str, path: Path, manner: tuple[str, str], tell: Connection, failpoint: str = "") -> None:
    """Work on the run until it ends, or this process does: by others' hands, or at a failpoint."""
    if failpoint:
        os.environ[VARIABLE] = failpoint
    asyncio.run(_work(url, path, manner, tell))


async def _work(url: str, path: Path, manner: tuple[str, str], tell: Connection) -> None:
    async with over_socket(url) as provider:
        result = await make(provider, Acknowledging(SqliteStore(path)), manner)
    tell.send((result.best.id, result.stop_reason, result.complete))


async def make(provider: OpenAIProvider, store: Store, manner: tuple[str, str]) -> Result:
    policy, budget = manner
    return await optimize(
        clerk.clerk(provider, SEEDED),
        clerk.questions(),
        budget=BUDGETS[budget],
        reflection_model=OpenAIChatModel(clerk.REFLECTION, provider=provider, settings=SEEDED),
        policy=POLICIES[policy],
        store=store,
        run=Run(concurrency=CONCURRENCY, name=RUN, progress=False),
    )
