"""Makes the module that this folder's tests share importable: pytest's importlib mode leaves the folder out."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
