"""A run as JSON lines, to keep or to read elsewhere; of a damaged store, all of it that can still be read.

The first line names the schema; each other one holds an `event`, the evidence of a `rollout`, a `reflection`, an
`annotation`, or tells what is `missing`.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pydantic import TypeAdapter

from spanwright.core.annotation import Annotation
from spanwright.core.events import EVENT
from spanwright.core.proposal import Reflection
from spanwright.core.rollout import Observed
from spanwright.errors import StoreError
from spanwright.store.codec import encode
from spanwright.store.contract import no_such_run
from spanwright.store.database import reading
from spanwright.store.salvage import ANNOTATIONS, EVENTS, REFLECTIONS, ROLLOUTS, Lost, Row, Table, rows
from spanwright.store.tables import LOSSLESS, event_of, find_reflection, find_rollout

SCHEMA = "spanwright.run/1"

_OBSERVED = TypeAdapter(tuple[Observed], config=LOSSLESS)
_ANNOTATION = TypeAdapter(Annotation)
_REFLECTION = TypeAdapter(tuple[Reflection], config=LOSSLESS)


def export(path: Path, run: str, out: Path) -> tuple[str, ...]:
    """Write a run to a file of its owner's alone, and return what could not be read. Raises StoreError, UsageError."""
    missing = list[str]()
    with reading(path, f"exporting run {run!r}") as connection:
        connection.execute("BEGIN")
        known = dict(connection.execute("SELECT name, id FROM runs ORDER BY id").fetchall())
        if run not in known:
            raise no_such_run(run, known)
        _write(out, _lines(connection, run, known[run], missing))
    return tuple(missing)


def _lines(connection: sqlite3.Connection, name: str, run: int, missing: list[str]) -> Iterator[str]:
    yield json.dumps({"schema": SCHEMA, "run": name})

    def told(kind: str, table: Table, read: Callable[[Row], bytes]) -> Iterator[str]:
        for found in rows(connection, run, table, read):
            if isinstance(found, Lost):
                what = f"{kind} {found.number}: {found.why}" if found.number else found.why
                missing.append(what)
                yield json.dumps({"missing": what})
            else:
                yield f'{{"{kind}": {found[0]}, "value": {found[1].decode()}}}'

    yield from told("event", EVENTS, lambda row: encode(EVENT, event_of(*row)))
    yield from told("rollout", ROLLOUTS, lambda row: _observed(connection, run, row[0]))
    yield from told("reflection", REFLECTIONS, lambda row: _reflection(connection, run, row[0]))
    yield from told("annotation", ANNOTATIONS, lambda row: _annotation(*row[1:]))


def _observed(connection: sqlite3.Connection, run: int, number: int) -> bytes:
    found = find_rollout(connection, run, number)
    assert found is not None  # the row was just read
    return encode(_OBSERVED, (found,))[1:-1]


def _reflection(connection: sqlite3.Connection, run: int, attempt: int) -> bytes:
    found = find_reflection(connection, run, attempt)
    assert found is not None
    return encode(_REFLECTION, (found,))[1:-1]


def _annotation(rollout: int, text: str, at: float) -> bytes:
    return encode(_ANNOTATION, Annotation(rollout=rollout, text=text, at=at))


def _write(out: Path, lines: Iterable[str]) -> None:
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise StoreError(f"{out} is there already", "Name another file") from error
    except OSError as error:
        raise StoreError.of_writing(out, error) from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        try:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            os.fsync(handle)
        except OSError as error:
            raise StoreError(f"{out} cannot be written to its end: {error}") from error
