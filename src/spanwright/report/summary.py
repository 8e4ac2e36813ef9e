"""A result as Markdown, to be pasted into a pull request: what was gained, on what, what changed, and at what cost.

Whoever asks gets the same: `spanwright show` and `report` with `--markdown`, `Result.to_markdown`, CI's summary, a
tracker. Texts of agents and models stand in fences that they cannot close, and are nothing but text elsewhere.
"""

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from spanwright.report import figures
from spanwright.report.front import table
from spanwright.report.printed import failures

if TYPE_CHECKING:
    from spanwright.report.comparison import Comparison
    from spanwright.report.result import Result

_SHOWN = 40_000
"""Characters of the changes: a pull request's description holds 65,536."""
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!~&])")


def markdown(result: "Result", command: str = "", store: str = "") -> str:
    """Return the summary of a result; `command` is how it was started, if that is known."""
    return "\n".join(_lines(result, command, store)) + "\n"


def fenced(body: str, language: str = "text") -> str:
    """Return a text as a block of code whose fence is longer than any in it."""
    longest = max((len(fence) for fence in re.findall(r"`{3,}", body)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{body.rstrip()}\n{fence}"


def _lines(result: "Result", command: str, store: str) -> Iterator[str]:
    yield f"### {result.headline}"
    yield ""
    yield from _table(result)
    yield from (f"- {line}" for line in _facts(result))
    if result.seed_figures is not None and len(rows := table(result.front, result.seed_figures)) > 1:
        yield ""
        yield from _tabled(rows)
    if result.components_changed:
        yield from _folded("What changed", fenced(_cut(result.diff(), result.run), "diff"))
    if told := list(_story(result)):
        yield from _folded("How it came to be", fenced("\n".join(told)))
    if result.usage.requests:
        yield from _folded("Where it went", "\n".join(_tabled(_spending(result))))
    if told := list(result.tools.lines()):
        yield from _folded("How tools were used", fenced("\n".join(told)))
    yield from _folded(
        "How to reproduce it, and go on", fenced("\n".join(_commands(result, command, store)), "console")
    )


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
        yield f"Changed: {', '.join(map(_plain, result.components_changed))}"
    yield f"Spent: {figures.spent(result.usage)}, in {figures.duration(result.seconds)}"
    proposals, refused = figures.number(result.proposed, "proposal"), figures.number(result.refused, "answer")
    yield f"Search: {proposals}, {result.accepted} admitted; {refused} refused; policy {_plain(result.policy)}"
    reason = result.stop_reason.value if result.stop_reason else "interrupted"
    yield f"Run: {_plain(result.run)}, {'ended' if result.complete else 'paused'}: {reason}"
    yield from (f"Failed: {_plain(line)}" for line in failures(result))
    guarded = (*result.effects, *result.expenses)
    yield from (f"Guarded: {_plain(each.words)}" for each in guarded)
    yield from (f"Passed over: {candidate}, {_plain(why.words)}" for candidate, why in result.passed_over)
    yield from (f"Note: {_plain(note)}" for note in (*result.findings, *result.remarks))


def _story(result: "Result") -> Iterator[str]:
    for step in result.lineage:
        reason = " ".join((step.diagnosis or step.rationale).split())
        price = f" ({step.price})" if step.price else ""
        yield f"attempt {step.attempt} changed {', '.join(step.changed)}{price}" + (f": {reason}" if reason else "")


def _folded(title: str, body: str) -> Iterator[str]:
    yield from ("", f"<details><summary>{title}</summary>", "", body, "", "</details>")


def _spending(result: "Result") -> Iterator[tuple[str, ...]]:
    yield ("on", "times", "tokens", "cost")
    for on, usage in result.spending.items():
        times = usage.rollouts or usage.reflections
        yield (on, figures.count(times) if times else "", figures.count(usage.tokens), figures.cost(usage))


def _commands(result: "Result", command: str, store: str) -> Iterator[str]:
    if command:
        yield command
    run, tail = shlex.quote(result.run), f" --store {shlex.quote(store)}" if store else ""
    if not result.complete:
        yield f"spanwright resume {run}{tail}"
    yield f"spanwright report {run}{tail}"
    if result.components_changed and not result.at_hand:
        yield f"spanwright apply {run} --agent MODULE:NAME --write{tail}"


def _tabled(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for place, row in enumerate(rows):
        yield f"| {' | '.join(map(_plain, row))} |"
        if not place:
            yield f"|{'---|' * len(row)}"


def _plain(text: str) -> str:
    """Return a text on one line that Markdown takes for nothing but text."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _cut(diff: str, run: str) -> str:
    return diff if len(diff) <= _SHOWN else f"{diff[:_SHOWN]}\n[... the rest: spanwright diff {run}]"
