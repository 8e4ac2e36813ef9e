"""Makes importable what this folder's tests share, and the adapter for gepa that they share with the benchmarks."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / "benchmarks"))
sys.path.insert(0, str(HERE))
