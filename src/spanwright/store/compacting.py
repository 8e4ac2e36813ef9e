"""Making a store smaller: runs that are to be forgotten go, then texts that nobody refers to, then the empty room.

It needs the whole file to itself: while a run is open it refuses, and no run can be opened meanwhile.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from anyio import CapacityLimiter, to_thread

from spanwright.errors import StoreError
from spanwright.store.contract import no_such_run
from spanwright.store.database import boundary, open_to_write
from spanwright.store.lock import is_held, lock_path, locked
from spanwright.store.tables import kept_reflection, kept_rollout

_FORGET = (
    "DELETE FROM events WHERE run = ?",
    "DELETE FROM rollouts WHERE run = ?",
    "DELETE FROM reflections WHERE run = ?",
    "DELETE FROM annotations WHERE run = ?",
    "DELETE FROM runs WHERE id = ?",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """What came of it."""

    before: int
    """The file's bytes."""
    after: int
    texts: int
    """Texts that were dropped."""


async def compact(path: Path, forget: Sequence[str] = ()) -> Compacted:
    """Forget runs, drop what nobody refers to, and give the room back. Raises UsageError, and StoreError.

    A store that is damaged or has an open run is left as it is; so is one whose disk has no room for a second copy.
    """
    _require(path)
    async with locked(path.with_name(f"{path.name}.lock"), f"the store {path}", tries=500):
        return await to_thread.run_sync(_compact, path, tuple(forget), limiter=CapacityLimiter(1))


def _require(path: Path) -> None:
    if not path.is_file():
        raise StoreError(
            f"compacting the store {path} failed: there is no such file", "Name the one that runs were kept in"
        )


def _compact(path: Path, forget: Sequence[str]) -> Compacted:
    with closing(open_to_write(path)) as connection, boundary(f"compacting the store {path}"):
        known: dict[str, int] = dict(connection.execute("SELECT name, id FROM runs ORDER BY id").fetchall())
        for name in known:
            if is_held(lock_path(path, name)):
                raise StoreError(f"run {name!r} is open", "Wait until it ends, or stop it")
        for name in forget:
            if name not in known:
                raise no_such_run(name, known)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        before = path.stat().st_size
        connection.execute("BEGIN IMMEDIATE")
        for name in forget:
            for statement in _FORGET:
                connection.execute(statement, (known[name],))
        texts = _drop_unused(connection)
        connection.execute("COMMIT")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Compacted(before=before, after=path.stat().st_size, texts=texts)


def _drop_unused(connection: sqlite3.Connection) -> int:
    """Drop the texts that no rollout and no reflection refers to, and return how many. Raises what a damage raises."""
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("CREATE TEMP TABLE used (hash BLOB PRIMARY KEY) WITHOUT ROWID")
    add = "INSERT OR IGNORE INTO used (hash) VALUES (?)"
    for (body,) in connection.execute("SELECT body FROM rollouts"):
        kept = kept_rollout(body)
        connection.executemany(add, ((bytes.fromhex(key),) for key in (*kept.trace.texts, kept.output)))
    for row in connection.execute("SELECT attempt, json, crc FROM reflections"):
        kept = kept_reflection(*row)
        connection.executemany(add, ((bytes.fromhex(key),) for key in (kept.prompt, kept.answer)))
    return connection.execute("DELETE FROM blobs WHERE hash NOT IN (SELECT hash FROM used)").rowcount
