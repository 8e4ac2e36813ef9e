"""Rows of a file that may be damaged, one by one: what cannot be read is named and passed over, the rest comes.

A damaged page ends a scan of its table; so after the first failure each row is asked for by itself, by the numbers that
the index still knows.
"""

import sqlite3
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from pydantic import ValidationError

from spanwright.errors import StoreError
from spanwright.store.database import explained

T = TypeVar("T")
Row: TypeAlias = tuple[Any, ...]
"""The number of a row, and what SQLite has in its other columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with numbered rows of runs."""

    name: str
    scan: str
    """Asks for the rows of a run."""
    numbers: str
    """Asks for the numbers of a run's rows beyond one, which stand in the index."""
    one: str
    """Asks for the row of a run with a number."""


EVENTS = Table(
    name="events",
    scan="SELECT seq, json, crc FROM events WHERE run = ? ORDER BY seq",
    numbers="SELECT seq FROM events WHERE run = ? AND seq > ? ORDER BY seq",
    one="SELECT seq, json, crc FROM events WHERE run = ? AND seq = ?",
)
ROLLOUTS = Table(
    name="rollouts",
    scan="SELECT number, body FROM rollouts WHERE run = ? ORDER BY number",
    numbers="SELECT number FROM rollouts WHERE run = ? AND number > ? ORDER BY number",
    one="SELECT number, body FROM rollouts WHERE run = ? AND number = ?",
)
REFLECTIONS = Table(
    name="reflections",
    scan="SELECT attempt, json, crc FROM reflections WHERE run = ? ORDER BY attempt",
    numbers="SELECT attempt FROM reflections WHERE run = ? AND attempt > ? ORDER BY attempt",
    one="SELECT attempt, json, crc FROM reflections WHERE run = ? AND attempt = ?",
)
ANNOTATIONS = Table(
    name="annotations",
    scan="SELECT id, rollout, text, at FROM annotations WHERE run = ? ORDER BY id",
    numbers="SELECT id FROM annotations WHERE run = ? AND id > ? ORDER BY id",
    one="SELECT id, rollout, text, at FROM annotations WHERE run = ? AND id = ?",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A row that cannot be read; `number` is 0 where not even that is known."""

    number: int
    why: str


def rows(
    connection: sqlite3.Connection, run: int, table: Table, read: Callable[[Row], T]
) -> Iterator[tuple[int, T] | Lost]:
    """Yield what `read` makes of each row of a run in the order of their numbers, or that it is lost."""
    last = 0
    try:
        for row in connection.execute(table.scan, (run,)):
            last = row[0]
            yield _read(row, read)
    except sqlite3.DatabaseError as error:
        yield from _one_by_one(connection, run, table, read, _After(last, error))


@dataclass(frozen=True, slots=True)
class _After:
    """Where a scan ended, and why."""

    number: int
    error: Exception


def _one_by_one(
    connection: sqlite3.Connection, run: int, table: Table, read: Callable[[Row], T], after: _After
) -> Iterator[tuple[int, T] | Lost]:
    try:
        numbers: list[int] = [number for (number,) in connection.execute(table.numbers, (run, after.number))]
    except sqlite3.DatabaseError:
        yield Lost(number=0, why=f"all {table.name} after number {after.number}: {explained(after.error)}")
        return
    for number in numbers:
        try:
            row = connection.execute(table.one, (run, number)).fetchone()
        except sqlite3.DatabaseError as error:
            yield Lost(number=number, why=str(error))
        else:
            yield _read(row, read)


def _read(row: Row, read: Callable[[Row], T]) -> tuple[int, T] | Lost:
    try:
        return row[0], read(row)
    except ValidationError as error:
        return Lost(number=row[0], why=f"it holds a {error.title} that this Spanwright cannot read")
    except (StoreError, sqlite3.DatabaseError, zlib.error, UnicodeError) as error:
        return Lost(number=row[0], why=str(error))
