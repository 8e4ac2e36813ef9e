"""Both stores do what every store must do."""

from pathlib import Path

import pytest
from store_conformance import StoreConformance

from spanwright.store import MemoryStore, SqliteStore


class TestMemoryStore(StoreConformance):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()


class TestSqliteStore(StoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> SqliteStore:
        return SqliteStore(tmp_path / "runs.sqlite")
