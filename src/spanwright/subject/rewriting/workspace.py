"""The user's own files: which of the loaded modules they are, and how one is replaced without ever being half written.

What is installed, what comes with Python and what has no file is nobody's to rewrite.
"""

import os
import stat
import tempfile
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import cast

from spanwright.errors import UsageError
from spanwright.source import DEFAULT_LINE_LENGTH, Library, SourceFile
from spanwright.subject.own_files import own_modules

_CONFIGS = ("pyproject.toml", "ruff.toml", ".ruff.toml")


def library() -> Library:
    """Return the user's files among the loaded modules, as they are on the disk now."""
    files: dict[Path, SourceFile] = {}
    for name, path in own_modules():
        if path not in files:
            try:
                content = path.read_bytes()
            except OSError:  # loaded from somewhere that is gone
                continue
            files[path] = SourceFile(path=path, name=name, content=content, line_length=_line_length(path.parent))
    return Library(files)


def replace_file(path: Path, before: bytes, after: bytes) -> None:
    """Put a new content in place of the old one, at once. Raises UsageError where the old one is not there any more."""
    try:
        if path.read_bytes() != before:
            raise UsageError(f"{path} changed while the patch was made", "Look at the change, and apply again")
        mode = stat.S_IMODE(path.stat().st_mode)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            made = Path(file.name)
            try:
                file.write(after)
                file.flush()
                os.fsync(file.fileno())
                made.chmod(mode)
                made.replace(path)
            except BaseException:
                made.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "Check its permissions") from error


@cache
def _line_length(folder: Path) -> int:
    """Return what the nearest settings of a formatter say."""
    for above in (folder, *folder.parents):
        for name in _CONFIGS:
            found = _setting(above / name, name)
            if found is not None:
                return found
    return DEFAULT_LINE_LENGTH


def _setting(path: Path, name: str) -> int | None:
    try:
        settings: Mapping[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    tables: list[object] = [settings]
    if name == "pyproject.toml":
        tool = _table(settings.get("tool"))
        tables = [tool.get("ruff"), tool.get("black")]
    lengths = (_table(table).get("line-length") for table in tables)
    return next((length for length in lengths if isinstance(length, int)), None)


def _table(found: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", found) if isinstance(found, Mapping) else {}
