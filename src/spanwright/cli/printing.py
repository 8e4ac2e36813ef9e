"""How the command line prints what is not a report: diffs in colours, and rows in columns."""

import shutil
import sys
import textwrap
from collections.abc import Sequence

from rich.text import Text

_LABELLED = " " * 14
"""Where the text begins in the lines of a result that have a label."""


def coloured(diff: str) -> Text:
    """Return a unified diff in the usual colours."""
    text = Text()
    for line in diff.splitlines():
        text.append(f"{line}\n", style=_style(line))
    return text


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned columns, the last one unpadded. Plain text: it reads the same in a pipe."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines)


def fitted(text: str) -> str:
    """Return the lines of a result as they are; on a terminal broken between words, under the text of their label."""
    if not sys.stdout.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return "\n".join(_hanging(line, width) for line in text.splitlines())


def _hanging(line: str, width: int) -> str:
    indent = _LABELLED if line.startswith("  ") and width > 2 * len(_LABELLED) else "  "
    return textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _style(line: str) -> str:
    if line.startswith(("---", "+++")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
