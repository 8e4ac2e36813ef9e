"""A patched file, formatted as the file was: by the formatter that is installed beside us, if it had nothing to change.

Where a longer text goes, lines break elsewhere, and only the formatter that a project uses knows where.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_ROUNDS = 3
_FORMATTED = (".py", ".pyi")


def formatted(path: Path, before: bytes, after: bytes) -> bytes:
    """Return the new content of a file as ruff would have it, if the old one was as ruff would have it."""
    program = _ruff() if path.suffix in _FORMATTED else None
    if program is None or _by_ruff(program, path, before) != before:
        return after
    for _ in range(_ROUNDS):  # it may take one more look at what it did
        made = _by_ruff(program, path, after)
        if made is None or made == after:
            return after
        after = made
    return after


def _ruff() -> str | None:
    beside = Path(sys.executable).with_name("ruff")
    return str(beside) if beside.exists() else shutil.which("ruff")


def _by_ruff(program: str, path: Path, content: bytes) -> bytes | None:
    """Return a content as ruff formats it by the settings that hold for a file; None where it cannot."""
    command: Sequence[str] = [program, "format", "--force-exclude", "--stdin-filename", str(path), "-"]
    ended = subprocess.run(  # noqa: S603  (the user's own formatter)
        command, input=content, capture_output=True, cwd=path.parent, check=False
    )
    return ended.stdout if ended.returncode == 0 else None
