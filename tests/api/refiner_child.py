"""The process that is killed."""

from pathlib import Path

import anyio
from refiner_world import logged


def work(store: Path, log: Path) -> None:
    """Work on the run until it ends or this process does."""
    anyio.run(logged, store, log)
