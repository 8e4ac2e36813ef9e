"""Who may write a run: a lock file beside the store, one for each run, held by flock for as long as the run is open.

The kernel releases it when the process dies, however it dies. The file itself is only a place to hold and says who
holds it; it is gone when nobody does. A run's name becomes a slug with a hash and can never be a path.
"""

import json
import os
import re
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from hashlib import blake2b
from pathlib import Path

import anyio

from spanwright.errors import StoreError
from spanwright.store.database import boundary

if sys.platform != "win32":
    import fcntl

PAUSE = 0.02
"""Seconds between two tries."""


def lock_path(store: Path, run: str) -> Path:
    """Return the lock file of a run: of one folder with the store, of a name that cannot lead elsewhere."""
    slug = re.sub(r"[^a-z0-9]+", "-", run.lower())[:40].strip("-")
    mark = blake2b(run.encode(), digest_size=6).hexdigest()
    return store.with_name(f"{store.name}.{slug}-{mark}.lock")


@asynccontextmanager
async def locked(path: Path, what: str, *, tries: int = 10) -> AsyncGenerator[None, None]:
    """Hold the lock file `path`. Raises StoreError, which names the holder, where it is not to be had.

    It takes some tries: a process that was killed a moment ago may still be on its way out, and a reader that asks
    whether a run is held holds it for some microseconds.
    """
    for left in range(tries, 0, -1):
        with boundary(f"locking {what}"):
            held = _take(path)
        if held is not None:
            break
        if left == 1:
            raise StoreError(f"{what} is in use by {_holder(path)}", "Wait until that ends, or stop it")
        await anyio.sleep(PAUSE)
    else:
        raise AssertionError("at least one try")
    try:
        yield
    finally:
        _release(held, path)


def is_held(path: Path) -> bool:
    """Tell whether some process holds the lock file, without disturbing it."""
    try:
        asked = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _try(asked, exclusive=False)
    finally:
        os.close(asked)


def _take(path: Path) -> int | None:
    """Return the open lock file, locked; None where somebody else has it."""
    while True:
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not _try(held, exclusive=True):
                os.close(held)
                return None
            if _is(held, path):
                os.ftruncate(held, 0)
                os.write(held, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode())
                return held
        except BaseException:
            os.close(held)
            raise
        os.close(held)  # the holder removed the file while we opened it: what we locked is no longer the lock file


def _release(held: int, path: Path) -> None:
    path.unlink(missing_ok=True)  # while it is held: nobody else can have taken this very file
    os.close(held)


def _is(held: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(held), path.stat())
    except FileNotFoundError:
        return False


def _holder(path: Path) -> str:
    try:
        said: dict[str, object] = json.loads(path.read_text())
    except (OSError, ValueError):
        return "another process"
    if said.get("pid") == os.getpid() and said.get("host") == socket.gethostname():
        return "this very process"
    return f"process {said.get('pid')} on {said.get('host')}"


def _try(held: int, *, exclusive: bool) -> bool:
    if sys.platform == "win32":
        raise StoreError("a store in a file needs POSIX locks, which Windows lacks", "Use a store in memory, or WSL")
    try:
        fcntl.flock(held, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
