"""The user's own files: which of the loaded modules they are. What is installed and what comes with Python is not."""

import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

_INSTALLED = ("site-packages", "dist-packages")


def own_modules() -> Iterator[tuple[str, Path]]:
    """Yield the loaded modules of the user's by name, and their files."""
    for name, module in list(sys.modules.items()):
        path = file_of(module)
        if path is not None and is_own(path):
            yield name, path


def file_of(module: ModuleType | None) -> Path | None:
    """Return a module's source file; None where it has none."""
    found = getattr(module, "__file__", None)
    return _resolved(found) if isinstance(found, str) and found.endswith(".py") else None


@cache
def _resolved(path: str) -> Path:
    return Path(path).resolve()


@cache
def is_own(path: Path) -> bool:
    """Return whether a file is the user's."""
    return not any(part in _INSTALLED for part in path.parts) and not any(
        path.is_relative_to(root) for root in _foreign_roots()
    )


@cache
def _foreign_roots() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    roots = {paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib") if key in paths}
    return (*(Path(root).resolve() for root in roots), Path(__file__).resolve().parents[1])
