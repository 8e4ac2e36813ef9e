"""The acceptance tests share the worlds and arms of arms.py, which lies beside them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
