"""The tables of the store, and how an older file becomes a current one.

A version is a step: `MIGRATIONS[n]` turns version n into n + 1, and an empty file has version 0. Steps are never edited
after a release, only added. A newer file than this code knows is refused: it is never guessed at.
"""

import sqlite3
from collections.abc import Sequence
from typing import TypeAlias

from spanwright.errors import StoreError

Step: TypeAlias = tuple[str, ...]

APPLICATION = 0x53505721
"""SQLite's application id, "SPW!": tells a store of ours from a database that happens to lie there."""

MIGRATIONS: tuple[Step, ...] = (
    (
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE runs (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
        """CREATE TABLE events (
            run INTEGER NOT NULL REFERENCES runs (id),
            seq INTEGER NOT NULL,
            kind TEXT NOT NULL,
            at REAL,
            json TEXT NOT NULL,
            PRIMARY KEY (run, seq)
        )""",
        "CREATE INDEX events_by_kind ON events (run, kind)",
        "CREATE TABLE blobs (hash BLOB PRIMARY KEY, body BLOB NOT NULL)",
        """CREATE TABLE rollouts (
            run INTEGER NOT NULL REFERENCES runs (id),
            number INTEGER NOT NULL,
            body BLOB NOT NULL,
            PRIMARY KEY (run, number)
        )""",
        """CREATE TABLE reflections (
            run INTEGER NOT NULL REFERENCES runs (id),
            attempt INTEGER NOT NULL,
            json TEXT NOT NULL,
            PRIMARY KEY (run, attempt)
        )""",
    ),
    (
        """CREATE TABLE annotations (
            run INTEGER NOT NULL REFERENCES runs (id),
            rollout INTEGER NOT NULL,
            at REAL NOT NULL,
            text TEXT NOT NULL
        )""",
    ),
)
READABLE = 1
"""The oldest version that can be read as it is: what came since is empty there."""
ANNOTATED = 2
"""The version that brought annotations."""


def version_of(connection: sqlite3.Connection) -> int:
    """Return the version of the open file, 0 for an empty one. Raises StoreError where it is not a store of ours."""
    if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        return 0
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        raise StoreError("it is a database, but not a store of Spanwright: name another file")
    return int(connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()[0])


def check_version(connection: sqlite3.Connection, steps: Sequence[Step] = MIGRATIONS) -> int:
    """Return the version of the open file. Raises StoreError for one that is newer than `steps`."""
    version = version_of(connection)
    if version > len(steps):
        raise StoreError(
            f"its schema has version {version}, this Spanwright knows versions up to {len(steps)}: "
            "use the Spanwright that wrote it, or a newer one"
        )
    return version


def require_readable(connection: sqlite3.Connection) -> None:
    """Raise StoreError for an open file that cannot be read as it is: who only reads cannot migrate it."""
    if check_version(connection) < READABLE:
        raise StoreError("it is empty: it becomes a store when a run is opened")


def migrate(connection: sqlite3.Connection, steps: Sequence[Step] = MIGRATIONS) -> None:
    """Bring the open file to the version of `steps`, all of it or nothing. Raises StoreError for a newer file."""
    if check_version(connection, steps) == len(steps):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in steps[check_version(connection, steps) :]:  # asked again: another process may have been faster
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION:d}")
        version = ("schema_version", str(len(steps)))
        connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", version)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite rolls some failures back by itself
            connection.execute("ROLLBACK")
        raise
