"""The SQLite file: how it is opened to write and to read, and the one place that turns its errors into ours."""

import sqlite3
import zlib
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import ValidationError

from spanwright.errors import StoreError
from spanwright.store import schema
from spanwright.store.filesystem import is_shared_over_network

BUSY_SECONDS = 30.0
"""How long a writer waits for another process that writes a run of the same file."""
LARGEST_IDLE_JOURNAL = 64 * 1024 * 1024


_ADVICE = {
    sqlite3.SQLITE_FULL: "there is no room left on its disk",
    sqlite3.SQLITE_IOERR: "its disk failed or is full, or files may not grow so large",
    sqlite3.SQLITE_CORRUPT: "the file is damaged. `spanwright store check` says what of it can still be read, and "
    "`spanwright store export` saves that",
    sqlite3.SQLITE_NOTADB: "its beginning is not what a store begins with. Name another file, or restore a copy",
    sqlite3.SQLITE_READONLY: "who runs this may not write the file or its folder",
    sqlite3.SQLITE_BUSY: "another process keeps it locked. End that one",
}
"""By the lower byte of SQLite's error codes; the others say enough."""


@contextmanager
def boundary(doing: str) -> Generator[None, None, None]:
    """Turn what SQLite, the file system and unreadable rows raise into a StoreError that says what was being done."""
    try:
        yield
    except StoreError as error:
        raise StoreError(f"{doing} failed: {error.what}", error.remedy) from error
    except ValidationError as error:
        raise StoreError(
            f"{doing} failed: it holds a {error.title} that this Spanwright cannot read", "Use the one that wrote it"
        ) from error
    except (sqlite3.Error, OSError, zlib.error) as error:
        raise StoreError(f"{doing} failed: {explained(error)}") from error


def explained(error: Exception) -> str:
    """Return what an error of SQLite's says, and what it means to whoever has to remove the cause."""
    code = getattr(error, "sqlite_errorcode", None)
    advice = _ADVICE.get(code & 0xFF) if isinstance(code, int) else None
    return f"{error}: {advice}" if advice else str(error)


def make_folder(path: Path) -> None:
    """Create the folder of a store, for its owner only, if it is not there. Raises StoreError."""
    with boundary(f"creating the folder of the store {path}"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open the store, create or migrate it. The connection may be handed to another thread. Raises StoreError."""
    with boundary(f"opening the store {path}"):
        # Only a file that is not there yet is touched: to open and close one that SQLite has open in this process
        # would drop SQLite's locks on it (POSIX).
        with suppress(FileExistsError):
            path.touch(mode=0o600, exist_ok=False)
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            schema.check_version(connection)  # before the first change: it may be somebody else's database
            _set_up(connection, path)
            schema.migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def reading(path: Path, doing: str) -> Generator[sqlite3.Connection, None, None]:
    """Open the store to read only, for one look. Raises StoreError."""
    with boundary(f"{doing} in the store {path}"):
        if not path.is_file():
            raise StoreError("there is no such file", "Name the one that a run was kept in")
        connection = _open_to_read(path)
        try:
            yield connection
        finally:
            connection.close()


def _set_up(connection: sqlite3.Connection, path: Path) -> None:
    # A write-ahead log needs memory that all its users share, so it must not be used over a network.
    mode = ("DELETE", "EXTRA") if is_shared_over_network(path) else ("WAL", "FULL")
    connection.execute(f"PRAGMA journal_mode = {mode[0]}")
    connection.execute(f"PRAGMA synchronous = {mode[1]}")
    connection.execute("PRAGMA fullfsync = ON")  # on macOS fsync alone does not reach the disk
    connection.execute(f"PRAGMA journal_size_limit = {LARGEST_IDLE_JOURNAL:d}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA trusted_schema = OFF")


def _open_to_read(path: Path) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?mode=ro"
    try:
        return _checked(uri)
    except sqlite3.OperationalError:
        # Where the folder may not be written (an archive), SQLite cannot set up its shared memory; a file that was
        # closed properly, without a log beside it, can be read without.
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size:
            raise
        return _checked(f"{uri}&immutable=1")


def _checked(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        schema.look_through(connection)
    except BaseException:
        connection.close()
        raise
    return connection
