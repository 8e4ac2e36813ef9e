"""Run all checks: python -m checks."""

import sys
import unittest
from pathlib import Path

found = unittest.defaultTestLoader.discover(
    str(Path(__file__).parent), pattern="check_*.py", top_level_dir=str(Path(__file__).parents[1])
)
sys.exit(not unittest.TextTestRunner(verbosity=1).run(found).wasSuccessful())
