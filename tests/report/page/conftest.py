"""Makes the modules that this folder's tests share importable: pytest's importlib mode leaves the folder out."""

import sys
from pathlib import Path

import pytest

from spanwright.store import SqliteStore

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    """An empty store in a file."""
    return SqliteStore(tmp_path / "runs.sqlite")
