"""The live lines: how a run stands, drawn for a terminal or a notebook of some width, from a `Standing` alone."""

from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from spanwright.report import figures
from spanwright.report.sentences import amount, ending, frontier, judged, score, work
from spanwright.report.standing import Spending, Standing

_WIDE: Final = 140
"""Columns from which on two blocks stand side by side."""
_FIRST: Final = 68
"""Columns of the first of them."""
_BAR: Final = 24
_LABEL: Final = 9
_ALWAYS: Final = ("rollouts", "reflections")
"""Kinds of the budget that have a line of their own, limited or not."""
_WARNED: Final = 3
"""Warnings that stay in sight, the latest; all were told when they came up."""


def drawing(standing: Standing, width: int) -> RenderableType:
    """Draw how a run stands, on lines of at most `width` columns."""
    if not standing.run:
        return Text(standing.phase, style="dim")
    head = _line(f"{standing.phase}  ", "bold")
    head.append(standing.run, style="dim")
    spent, rest = list(_spent(standing)), list(_progress(standing))
    if width < _WIDE:
        return Group(head, _block([*spent, *rest]))
    both = Table.grid(padding=(0, 2))
    both.add_column(width=_FIRST)
    both.add_column(overflow="ellipsis")
    both.add_row(_block(spent), _block(rest))
    return Group(head, both)


def _block(rows: list[tuple[str, RenderableType]]) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True, min_width=_LABEL)
    table.add_column(overflow="ellipsis")  # its lines take no second one; a column that says so is never made narrower
    for label, cell in rows:
        table.add_row(label, cell)
    return table


def _spent(standing: Standing) -> Iterator[tuple[str, RenderableType]]:
    """Yield the score and what it cost: what every reader looks for first."""
    yield "score", _line(score(standing), "green" if _is_better(standing) else "")
    limited = [each for each in standing.spending if each.kind in _ALWAYS or each.limit is not None]
    others = [each for each in standing.spending if each not in limited]
    for place, each in enumerate(limited):
        yield "budget" if not place else "", _bar(each)
    free = [figures.cost_of(each.used, standing.unpriced) if each.kind == "cost" else amount(each) for each in others]
    yield "" if limited else "spent", _line(", ".join(free))
    if end := ending(standing):
        yield "end", _line(end)


def _progress(standing: Standing) -> Iterator[tuple[str, RenderableType]]:
    """Yield what goes on, and what came of it."""
    yield "at work", _line(work(standing))
    if standing.limits:
        yield "held up", _line("; ".join(standing.limits), "yellow")
    yield "search", _line(judged(standing))
    if standing.leaders:
        yield "frontier", _line(frontier(standing))
    if standing.edit:
        yield "last edit", _line(standing.edit)
    if standing.news and not standing.ended:
        yield "now", _line(standing.news, "dim")
    for warning in standing.warnings[-_WARNED:]:
        yield "warning", _line(warning, "yellow")


def _bar(spending: Spending) -> RenderableType:
    row = Table.grid(padding=(0, 1))
    row.add_column(no_wrap=True, overflow="ellipsis", min_width=_BAR)
    row.add_column()
    bar = ProgressBar(total=1.0, completed=spending.share, width=_BAR) if spending.share is not None else Text("")
    row.add_row(amount(spending), bar)
    return row


def _is_better(standing: Standing) -> bool:
    return standing.compared is not None and standing.compared.difference.low > 0


def _line(text: str, style: str = "") -> Text:
    """Return a text that never takes a second line: what is drawn in place must know its height."""
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
