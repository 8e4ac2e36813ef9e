"""Files that `--save` writes: whether they can be is known before a run is paid for."""

import os
from pathlib import Path

from spanwright.errors import StoreError, UsageError


def check_place(path: Path | None) -> None:
    """Raise UsageError for a file that could not be written when the run has ended."""
    if path is None:
        return
    folder = path.parent
    if path.is_dir():
        raise UsageError(f"--save {path} is a folder", "Name a file in it")
    if not folder.is_dir():
        raise UsageError(f"--save {path} has no folder {folder} to be in", "Make it first")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise UsageError(f"--save {path} may not be written", "Name another file")


def save_text(path: Path, text: str) -> None:
    """Write a text as it is. Raises StoreError."""
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise StoreError.of_writing(path, error) from error
