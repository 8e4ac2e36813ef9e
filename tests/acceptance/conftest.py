"""The acceptance tests share the worlds and arms of arms.py, which lies beside them, and use benchmarks."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "benchmarks")]
