"""A result as Markdown, to be pasted into a pull request: what was gained, on what, what changed, and at what cost.

Texts of agents and models stand in fences that they cannot close.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from spanwright.report import figures

if TYPE_CHECKING:
    from spanwright.report.comparison import Comparison
    from spanwright.report.result import Result

_SHOWN = 60_000
"""Characters of the changes: a pull request's description holds 65,536."""


def markdown(result: "Result") -> str:
    """Return the summary of a result."""
    return "\n".join(_lines(result)) + "\n"


def fenced(body: str, language: str = "text") -> str:
    """Return a text as a block of code whose fence is longer than any in it."""
    longest = max((len(fence) for fence in re.findall(r"`{3,}", body)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{body.rstrip()}\n{fence}"


def _lines(result: "Result") -> Iterator[str]:
    yield f"### {result.headline}"
    yield ""
    yield from _table(result)
    yield from (f"- {line}" for line in _facts(result))
    if result.components_changed:
        yield from _folded("What changed", fenced(_cut(result.diff()), "diff"))
    if told := list(_story(result)):
        yield from _folded("How it came to be", fenced("\n".join(told)))


def _table(result: "Result") -> Iterator[str]:
    splits = [("test", result.test), ("validation, which chose the winner", result.validation)]
    rows = [(name, compared) for name, compared in splits if compared is not None]
    if not rows:
        return
    yield "| cases | seed | winner | difference, 95 % interval |"
    yield "|---|---|---|---|"
    for name, compared in rows:
        yield f"| {compared.cases} of {name} | {' | '.join(_cells(result, compared))} |"
    yield ""


def _cells(result: "Result", compared: "Comparison") -> Iterator[str]:
    yield figures.interval(compared.seed)
    if result.best == result.seed:
        yield from ("the seed", "-")
    else:
        yield figures.interval(compared.best)
        yield figures.interval(compared.difference, signed=True)


def _facts(result: "Result") -> Iterator[str]:
    if result.components_changed:
        yield f"Changed: {', '.join(f'`{each}`' for each in result.components_changed)}"
    yield f"Spent: {figures.spent(result.usage)}, in {figures.duration(result.seconds)}"
    proposals, refused = figures.number(result.proposed, "proposal"), figures.number(result.refused, "answer")
    yield f"Search: {proposals}, {result.accepted} admitted; {refused} refused; policy `{result.policy}`"
    reason = result.stop_reason.value if result.stop_reason else "interrupted"
    yield f"Run: `{result.run}`, {'ended' if result.complete else 'paused'}: {reason}"
    yield from (f"Note: {' '.join(note.split())}" for note in (*result.findings, *result.remarks))


def _story(result: "Result") -> Iterator[str]:
    for step in result.lineage:
        reason = " ".join((step.diagnosis or step.rationale).split())
        price = f" ({step.price})" if step.price else ""
        yield f"attempt {step.attempt} changed {', '.join(step.changed)}{price}" + (f": {reason}" if reason else "")


def _folded(title: str, body: str) -> Iterator[str]:
    yield from ("", f"<details><summary>{title}</summary>", "", body, "", "</details>")


def _cut(diff: str) -> str:
    return diff if len(diff) <= _SHOWN else f"{diff[:_SHOWN]}\n[... the rest: `spanwright diff`]"
