"""Makes the module that this folder's tests share importable: pytest's importlib mode leaves the folder out."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from api_world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
