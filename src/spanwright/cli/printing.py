"""How the command line prints what is not a report: diffs in colours, and rows in columns."""

from collections.abc import Sequence

from rich.text import Text


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


def _style(line: str) -> str:
    if line.startswith(("---", "+++")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
