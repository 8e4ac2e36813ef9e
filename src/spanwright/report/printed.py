"""A result as it is printed: what was gained, on what, what changed, at what cost, and what is odd about it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from spanwright.core.usage import Usage
from spanwright.report import figures
from spanwright.report.comparison import Comparison
from spanwright.report.front import told

if TYPE_CHECKING:
    from spanwright.report.result import Result

_SHOWN = 10
"""Problems at hand whose best try a result lists."""


def lines(result: "Result") -> Iterable[str]:
    """Yield the lines that print a result."""
    yield f"Run {result.run}: {result.headline}"
    for split, compared in (("test", result.test), ("validation", result.validation)):
        if compared is not None and not result.at_hand:
            yield f"  {split:<11} {_compared(result, compared)}"
    if result.at_hand and len(result.best_of_cases) > 1:
        yield from (f"  {each.line}" for each in result.best_of_cases[:_SHOWN])
        if len(result.best_of_cases) > _SHOWN:
            yield f"              and {figures.number(len(result.best_of_cases) - _SHOWN, 'case')} more"
    if result.test is None and result.complete and not result.at_hand:
        yield "              (no test split: validation cases chose the winner, so the figure is optimistic)"
    if result.seed_figures is not None:
        yield from told(result.front, result.seed_figures)
    yield from (f"  passed over {candidate}: {why.words}" for candidate, why in result.passed_over)
    yield from (f"  guarded     {each.words}" for each in (*result.effects, *result.expenses))
    if result.components_changed:
        yield f"  changed     {', '.join(result.components_changed)}"
    lost = f"; {figures.number(result.lost, 'rollout')} lost with a process" if result.lost else ""
    yield f"  spent       {figures.spent(result.usage)}, in {figures.duration(result.seconds)}{lost}"
    if result.usage.requests:
        yield f"  spent on    {'; '.join(_told(on, each, result.usage) for on, each in result.spending.items())}"
    yield from (f"  failed      {line}" for line in failures(result))
    proposals, refused = figures.number(result.proposed, "proposal"), figures.number(result.refused, "answer")
    yield f"  search      {proposals}, {result.accepted} admitted; {refused} refused; policy {result.policy}"
    yield f"  ended       {_ending(result)}"
    yield from (f"  note        {remark}" for remark in (*result.findings, *result.remarks))


def _told(on: str, spent: Usage, whole: Usage) -> str:
    """Return what one kind of work took: in dollars where all prices are known, else in tokens."""
    what = figures.dollars(spent.usd) if whole.usd and not whole.unpriced else figures.number(spent.tokens, "token")
    return f"{on} {what}"


def failures(result: "Result") -> Iterable[str]:
    """Yield what the world failed, a line each."""
    if result.unscored:
        cut = f", {result.cut} of them cut as stragglers" if result.cut else ""
        yield f"{figures.number(result.unscored, 'rollout')} left without a score by the world{cut}"
    if result.failed_reflections:
        yield f"{figures.number(result.failed_reflections, 'reflection')}: the reflection model could not be reached"
    for case, message in result.set_aside.items():
        yield f"case {case!r} was set aside: {message}"


def _compared(result: "Result", compared: Comparison) -> str:
    seed = figures.interval(compared.seed)
    cases = figures.number(compared.cases, "case")
    if result.best == result.seed:
        return f"{seed} on {cases}"
    gain = figures.interval(compared.difference, signed=True)
    return f"{seed} -> {figures.interval(compared.best)}, difference {gain}, on {cases}"


def _ending(result: "Result") -> str:
    reason = result.stop_reason.value if result.stop_reason else "interrupted"
    if result.complete:
        return reason
    name = result.run
    return f"paused: {reason}. Resume it with optimize(..., run={name!r}) or `spanwright resume {name}`"
