"""Makes the modules that this folder's tests share importable, and lets goldens be rewritten on purpose only."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

GOLDENS = Path(__file__).parents[2] / "traces" / "goldens" / "reflection"


def pytest_addoption(parser):
    parser.addoption("--update-goldens", action="store_true", help="write what the reflection goldens would hold now")


@pytest.fixture
def golden(request):
    """Compare a text with a golden file; with `--update-goldens` (or UPDATE_GOLDENS=1) write the file instead."""
    # When pytest is started from the repository's root, this conftest is loaded too late to add an option.
    update = request.config.getoption("--update-goldens", default=False) or os.environ.get("UPDATE_GOLDENS") == "1"

    def compare(name, text):
        path = GOLDENS / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

        assert path.read_text(encoding="utf-8") == text, (
            f"{path.name} differs. If the change is meant, run: UPDATE_GOLDENS=1 pytest tests/reflection, and say why"
        )

    return compare
