"""Whether a store is whole: the file, every text in it, and the accounts of every run. It changes nothing.

A store may be checked while runs are written: one look sees one moment.
"""

import sqlite3
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spanwright.store import schema
from spanwright.store.accounts import Accounts
from spanwright.store.blobs import digest
from spanwright.store.database import explained, reading
from spanwright.store.salvage import EVENTS, REFLECTIONS, ROLLOUTS, Lost, rows
from spanwright.store.tables import event_of, kept_reflection, kept_rollout

_SHOWN = 5
"""Rows of a kind that are named; of more there is the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRun:
    """What a store holds of a run."""

    name: str
    events: int
    rollouts: int
    """Those that ended."""
    lost: int
    """Those that a crash or a stop lost in flight."""
    faults: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """What a look at a whole store came to."""

    version: int
    """Of the file's schema."""
    bytes: int
    """Of the file and its log."""
    spare: int
    """Bytes that `compact` would free at least: of texts that nobody refers to, and of pages without use."""
    runs: tuple[CheckedRun, ...]
    faults: tuple[str, ...]
    """Of the file as a whole."""
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is lost or booked wrongly."""
        return not self.faults and not any(run.faults for run in self.runs)


def check(path: Path) -> Checkup:
    """Look through a store. Raises StoreError where the file cannot be opened as one at all."""
    with reading(path, "checking") as connection:
        connection.execute("BEGIN")
        faults, notes = list(_file_faults(connection)), list(_openly_readable(path))
        texts = _Texts.of(connection)
        faults.extend(texts.faults)
        runs = tuple(_checked(connection, run, name, texts) for run, name in _runs(connection, faults))
        unused = sum(size for key, size in texts.sizes.items() if key not in texts.used)
        free, size = (connection.execute(f"PRAGMA {what}").fetchone()[0] for what in ("freelist_count", "page_size"))
        return Checkup(
            version=schema.version_of(connection),
            bytes=sum(each.stat().st_size for each in _files(path) if each.exists()),
            spare=unused + free * size,
            runs=runs,
            faults=tuple(faults),
            notes=tuple(notes),
        )


class _Texts:
    """The texts of a store by their hashes: which are whole, and which somebody refers to."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}
        self.used: set[str] = set()
        self.faults: list[str] = []

    @classmethod
    def of(cls, connection: sqlite3.Connection) -> "_Texts":
        """Read every text once. Where the table is damaged, what is missing is told of each rollout."""
        found = cls()
        try:
            for key, body in connection.execute("SELECT hash, body FROM blobs"):
                if _is_whole(key, body):
                    found.sizes[key.hex()] = len(body)
        except sqlite3.DatabaseError as error:
            found.faults.append(f"the texts after the first {len(found.sizes)} cannot be read: {error}")
        return found

    def missing(self, keys: tuple[str, ...]) -> bool:
        """Take note that texts are used, and return whether one of them is lost."""
        self.used.update(keys)
        return any(key not in self.sizes for key in keys)


def _is_whole(key: bytes, body: bytes) -> bool:
    try:
        return digest(zlib.decompress(body)) == key.hex()
    except zlib.error:
        return False


def _file_faults(connection: sqlite3.Connection) -> Iterator[str]:
    try:
        for (said,) in connection.execute("PRAGMA integrity_check(20)"):
            if said != "ok":
                yield f"SQLite says: {said}"
    except sqlite3.DatabaseError as error:
        yield f"SQLite says: {error}"


def _openly_readable(path: Path) -> Iterator[str]:
    for each in _files(path):
        if each.exists() and stat.S_IMODE(each.stat().st_mode) & 0o077:
            yield f"{each.name} can be read by others than its owner: chmod 600 {each.name}"


def _files(path: Path) -> tuple[Path, ...]:
    return (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm"))


def _runs(connection: sqlite3.Connection, faults: list[str]) -> list[tuple[int, str]]:
    try:
        return connection.execute("SELECT id, name FROM runs ORDER BY id").fetchall()
    except sqlite3.DatabaseError as error:
        faults.append(f"the list of runs cannot be read: {explained(error)}")
        return []


def _checked(connection: sqlite3.Connection, run: int, name: str, texts: _Texts) -> CheckedRun:
    accounts, holes = _history(connection, run)
    evidence, damaged = set[int](), list[int]()
    for found in rows(connection, run, ROLLOUTS, lambda row: kept_rollout(row[1])):
        number = found.number if isinstance(found, Lost) else found[0]
        evidence.add(number)
        if isinstance(found, Lost) or texts.missing((*found[1].trace.texts, found[1].output)):
            damaged.append(number)
    unread = list[int]()
    for found in rows(connection, run, REFLECTIONS, lambda row: kept_reflection(*row)):
        if isinstance(found, Lost) or texts.missing((found[1].prompt, found[1].answer)):
            unread.append(found.number if isinstance(found, Lost) else found[0])
    lost = sorted(accounts.ended - evidence)
    faults = [
        *holes,
        *([f"the evidence of {_named('rollout', damaged)} is damaged"] if damaged else ()),
        *([f"the evidence of {_named('rollout', lost)} is missing"] if lost else ()),
        *([f"what was asked and answered in {_named('attempt', unread)} is damaged"] if unread else ()),
    ]
    return CheckedRun(
        name=name,
        events=accounts.events,
        rollouts=len(accounts.ended),
        lost=accounts.lost,
        # Where the history has a hole, that it does not add up says nothing more.
        faults=(*faults, *(() if holes else accounts.faults)),
        notes=tuple(accounts.notes),
    )


def _history(connection: sqlite3.Connection, run: int) -> tuple[Accounts, list[str]]:
    """Return the accounts of a run by what can be read of its events, and what cannot."""
    accounts, holes = Accounts(), list[str]()
    expected = 1
    for found in rows(connection, run, EVENTS, lambda row: event_of(*row)):
        number = found.number if isinstance(found, Lost) else found[0]
        if number > expected:
            holes.append(f"events {expected} to {number - 1} are missing")
        expected = number + 1
        if isinstance(found, Lost):
            holes.append(f"event {number} is lost: {found.why}" if number else f"lost: {found.why}")
        else:
            accounts.add(found[1])
    accounts.close()
    return accounts, holes


def _named(kind: str, numbers: list[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:_SHOWN])
    more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    return f"{kind}{'s' if len(numbers) > 1 else ''} {shown}{more}"
