"""Makes the modules that these tests use importable: those of this folder, and the world of the acceptance tests."""

import sys
from pathlib import Path

HERE = Path(__file__).parent

sys.path[:0] = [str(HERE), str(HERE.parent / "acceptance")]
