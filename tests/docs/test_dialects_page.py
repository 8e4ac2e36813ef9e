"""The table of dialects is what the reader recovers today."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_of_dialects_is_current():
    ended = subprocess.run(
        [sys.executable, ROOT / "scripts" / "dialect_table.py", "--check"], check=False, capture_output=True, text=True
    )

    assert (0, "current\n", "") == (ended.returncode, ended.stdout, ended.stderr)
