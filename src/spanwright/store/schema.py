"""The tables of the store, and how an older file becomes a current one.

A version is a step: `MIGRATIONS[n]` turns version n into n + 1, and an empty file has version 0. Steps are never edited
after a release, only added, each with a lens and a fixture of the older version in `tests/store/fixtures`. A newer file
than this code knows is refused: it is never guessed at.
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
    (  # what was written says what it is: a bit that flipped on the disk is told, not read as another score
        "ALTER TABLE events ADD COLUMN crc INTEGER",
        "ALTER TABLE reflections ADD COLUMN crc INTEGER",
        """CREATE TABLE annotations (
            id INTEGER PRIMARY KEY,
            run INTEGER NOT NULL REFERENCES runs (id),
            rollout INTEGER NOT NULL,
            at REAL NOT NULL,
            text TEXT NOT NULL
        )""",
    ),
)
LENSES: tuple[Step, ...] = (
    (),
    (
        "CREATE TEMP VIEW events AS SELECT run, seq, kind, at, json, NULL AS crc FROM main.events",
        "CREATE TEMP VIEW reflections AS SELECT run, attempt, json, NULL AS crc FROM main.reflections",
        "CREATE TEMP VIEW annotations AS SELECT 0 AS id, 0 AS run, 0 AS rollout, 0.0 AS at, '' AS text WHERE 0",
    ),
)
"""`LENSES[n]` shows a file of version n as a current one to a connection that only reads, and changes nothing in it."""


def version_of(connection: sqlite3.Connection) -> int:
    """Return the version of the open file, 0 for an empty one. Raises StoreError where it is not a store of ours."""
    if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        return 0
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        raise StoreError("it is a database, but not a store of Spanwright", "Name another file")
    return int(connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()[0])


def check_version(connection: sqlite3.Connection, steps: Sequence[Step] = MIGRATIONS) -> int:
    """Return the version of the open file. Raises StoreError for one that is newer than `steps`."""
    version = version_of(connection)
    if version > len(steps):
        raise StoreError(
            f"its schema has version {version}, this Spanwright knows versions up to {len(steps)}",
            "Use the Spanwright that wrote it, or a newer one",
        )
    return version


def look_through(connection: sqlite3.Connection) -> int:
    """Show the open file as one of our version, and return its own. Raises StoreError for an empty or a newer one."""
    version = check_version(connection)
    if version == 0:
        raise StoreError("it is empty", "Open a run with it: it becomes a store then")
    if version < len(MIGRATIONS):
        connection.execute("PRAGMA temp_store = MEMORY")
        for statement in LENSES[version]:
            connection.execute(statement)
    return version


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
