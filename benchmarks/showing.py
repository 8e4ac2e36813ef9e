"""Tables for people, in Markdown, and the same figures for programs, in JSON: what the benchmarks print with."""

import json
import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import fill
from typing import TypeAlias

from pydantic import JsonValue
from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

WIDTH = 120
"""Columns that a table should fit into."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure, and how a person reads it."""

    value: JsonValue
    said: str

    def __str__(self) -> str:
        return self.said


Cell: TypeAlias = str | Figure
NOTHING = Figure(None, "")


def figure(value: float, spec: str, unit: str = "", *, scale: float = 1) -> Figure:
    """Return a figure written by a format specification, scaled for the reader alone."""
    return Figure(value if math.isfinite(value) else None, f"{scale * value:{spec}}{unit}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under columns; the first column names the row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def __str__(self) -> str:
        shown = RichTable(box=box.MARKDOWN, pad_edge=True)
        for place, column in enumerate(self.columns):
            shown.add_column(Text(column), justify="right" if place else "left", no_wrap=True)
        for row in self.rows:
            shown.add_row(*(Text(str(cell).replace("|", r"\|")) for cell in row))
        console = Console(width=10_000, color_system=None, force_terminal=False)
        with console.capture() as captured:
            console.print(shown)
        lines = [line.strip() for line in captured.get().splitlines() if line.strip()]
        said = "\n".join([f"### {self.title}", "", *lines])
        return f"{said}\n\n{fill(self.note, WIDTH)}" if self.note else said

    def record(self) -> JsonValue:
        """Return it for JSON: each row an object, by columns."""
        rows: list[JsonValue] = [dict(zip(self.columns, map(_value, row), strict=True)) for row in self.rows]
        return {"table": self.title, "rows": rows, "note": self.note}

    def without_empty_columns(self) -> "Table":
        """Leave out the columns in which no row has anything."""
        full = [place for place in range(len(self.columns)) if not place or any(str(row[place]) for row in self.rows)]
        rows = tuple(tuple(row[place] for place in full) for row in self.rows)
        return replace(self, columns=tuple(self.columns[place] for place in full), rows=rows)


def show(tables: Iterable[Table], file: Path | None = None) -> None:
    """Print tables, and write their figures into a file where one is given."""
    shown = list(tables)
    for table in shown:
        sys.stdout.write(f"\n{table}\n")
    sys.stdout.flush()
    if file is not None:
        file.write_text(json.dumps([table.record() for table in shown], indent=1) + "\n", encoding="utf-8")


def _value(cell: Cell) -> JsonValue:
    return cell.value if isinstance(cell, Figure) else cell
