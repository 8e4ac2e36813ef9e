"""The reference of errors is complete: each UsageError that the library can raise is on the page, by its own words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "errors.md"


def usage_errors() -> Iterator[tuple[str, str]]:
    """Yield where each UsageError is made, with the longest run of words in its message that no value interrupts."""
    for module in sorted((ROOT / "src" / "spanwright").rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "UsageError" and node.args:
                pieces = [
                    piece
                    for part in ast.walk(node.args[0])
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                    for piece in re.split(r"[:'\"]", part.value)
                ]
                yield f"{module.relative_to(ROOT)}:{node.lineno}", max(pieces, key=len, default="").strip(" .,(")


def test_every_usage_error_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")

    missing = [f"{where}: {words}" for where, words in usage_errors() if words not in page]

    assert [] == missing
