"""The process that is killed."""

from pathlib import Path

import anyio
from text_world import counted


def work(mode: str, store: Path, log: Path) -> None:
    """Work on the run until it ends or this process does."""
    anyio.run(counted, mode, store, log)
