"""Reading runs from a file, while they are written, too: each look opens a connection of its own and closes it."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from spanwright.core.annotation import Annotation
from spanwright.core.events import Event
from spanwright.core.proposal import Reflection
from spanwright.core.rollout import Observed
from spanwright.store.contract import RunSummary, no_such_run, not_kept
from spanwright.store.database import reading
from spanwright.store.lock import is_held, lock_path
from spanwright.store.summary import MARKS, Tally, summarize
from spanwright.store.tables import event_of, find_annotations, find_reflection, find_rollout

PAGE = 1_000
"""Events that are read at one look: none of them holds back the writer's log for long."""


class SqliteReader:
    """Reads the runs of a store in a file. It changes no record and holds no writer up."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def runs(self) -> tuple[RunSummary, ...]:
        """Return a summary of every run that has begun, the oldest first."""
        with reading(self._path, "looking for runs") as connection:
            named = connection.execute("SELECT id, name FROM runs").fetchall()
            found = [self._summary(connection, run, name) for run, name in named]
        return tuple(sorted((one for one in found if one), key=lambda one: one.started))

    def events(self, run: str, after: int = 0) -> Iterator[Event]:
        """Yield the events of a run in the order of their appending, without the first `after`."""
        while True:
            with reading(self._path, f"reading the events of run {run!r}") as connection:
                page = connection.execute(
                    "SELECT seq, json, crc FROM events WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?",
                    (identified(connection, run), after, PAGE),
                ).fetchall()
                events = [event_of(*row) for row in page]
            yield from events
            if len(page) < PAGE:
                return
            after = page[-1][0]

    def trace(self, run: str, number: int) -> Observed:
        """Return a rollout with its evidence. Raises UsageError where none was kept under that number."""
        observed = self.observed(run, number)
        if observed is None:
            raise not_kept(run, f"rollout {number}")
        return observed

    def observed(self, run: str, number: int) -> Observed | None:
        """Return a rollout with its evidence, or None where none was kept under that number."""
        with reading(self._path, f"reading rollout {number} of run {run!r}") as connection:
            return find_rollout(connection, identified(connection, run), number)

    def reflection(self, run: str, attempt: int) -> Reflection:
        """Return what was asked and answered in an attempt. Raises UsageError where nothing was kept."""
        with reading(self._path, f"reading attempt {attempt} of run {run!r}") as connection:
            reflection = find_reflection(connection, identified(connection, run), attempt)
        if reflection is None:
            raise not_kept(run, f"a reflection of attempt {attempt}")
        return reflection

    def annotations(self, run: str) -> tuple[Annotation, ...]:
        """Return what persons wrote about the rollouts of a run, the oldest first."""
        with reading(self._path, f"reading the annotations of run {run!r}") as connection:
            return find_annotations(connection, identified(connection, run))

    def _summary(self, connection: sqlite3.Connection, run: int, name: str) -> RunSummary | None:
        asked = "SELECT seq, json, crc FROM events WHERE run = ? AND kind IN (?, ?, ?, ?) ORDER BY seq"
        marks = [event_of(*row) for row in connection.execute(asked, (run, *MARKS))]
        return summarize(marks, _tally(connection, run), running=is_held(lock_path(self._path, name)))


def _tally(connection: sqlite3.Connection, run: int) -> Tally:
    asked = "SELECT kind, count(*) FROM events WHERE run = ? GROUP BY kind"
    counts: dict[str, int] = dict(connection.execute(asked, (run,)))
    asked = "SELECT count(*) FROM events WHERE run = ? AND kind = 'judged' AND json_extract(json, '$.verdict.accepted')"
    admitted: int = connection.execute(asked, (run,)).fetchone()[0]
    asked = "SELECT at FROM events WHERE run = ? ORDER BY seq DESC LIMIT 1"
    last = connection.execute(asked, (run,)).fetchone()
    return Tally(counts=counts, admitted=admitted, latest=last[0] if last else 0.0)


def identified(connection: sqlite3.Connection, run: str) -> int:
    """Return the id of a run. Raises UsageError where there is none of that name."""
    row = connection.execute("SELECT id FROM runs WHERE name = ?", (run,)).fetchone()
    if row is None:
        raise no_such_run(run, (name for (name,) in connection.execute("SELECT name FROM runs ORDER BY id")))
    return row[0]
