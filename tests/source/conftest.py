"""Examples of agents as others write them, copied into a package of their own that can be imported and patched."""

import shutil
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from source_examples import EXAMPLES, Package

_numbers = count()


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Package]:
    folder = tmp_path / f"shop{next(_numbers)}"
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "__init__.py").touch()
    found = Package(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        patch.setattr(sys, "dont_write_bytecode", True)  # two versions of a file in one second look alike to a cache
        yield found
    found.forget()
