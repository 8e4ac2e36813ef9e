"""The front: candidates that none of the others beats in every way that goals ask for, and how they keep the limits.

With no goals it is the winner alone.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from spanwright.core.candidate import Candidate
from spanwright.core.goal import SCORE, Goal
from spanwright.report import figures
from spanwright.search import PoolView
from spanwright.search.fronts import non_dominated
from spanwright.search.limits import Keeping, keeping
from spanwright.search.statistics import Interval, mean_interval

_STANDARD_ERRORS = 1.64
"""Of a difference that the report takes for chance: the search itself is bolder, and finds out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tradeoff:
    """A candidate of the front, or the seed beside it, with the mean of each figure and its 95 % interval."""

    candidate: Candidate
    figures: Mapping[str, Interval]
    """By name, the score first; without those that are not known."""
    limits: Mapping[Goal, Keeping]
    """How it keeps each limit, by validation cases."""
    measured_on: Literal["test", "validation"]
    """Which cases the figures go by: the test split's where all of the front were measured on them. Validation cases
    chose the front, so they flatter it."""

    @property
    def keeps(self) -> Keeping:
        """How it keeps all limits."""
        return max(self.limits.values(), default=Keeping.KEPT)


def front_of(view: PoolView, best: Candidate) -> tuple[Tradeoff, ...]:
    """Return the winner and the finalists that none beats in every way, and that keep limits as well as the winner."""
    among = [view.member(each).order for each in view.finalists or _established(view)]
    worst = _keeps(view, best.id)
    among = [each for each in among if _keeps(view, view.members[each]) <= worst]
    chosen = non_dominated(view, among, standard_errors=_STANDARD_ERRORS) if _traded(view.goals) else ()
    others = [view.members[each] for each in chosen if view.members[each] != best.id]
    front = [best, *(view.candidate(each) for each in others)]
    tested = all(view.test_scores(each.id) for each in front)
    return tuple(tradeoff(view, each, tested=tested) for each in front)


def tradeoff(view: PoolView, candidate: Candidate, *, tested: bool) -> Tradeoff:
    """Return the figures of a candidate, on test cases or on validation cases."""
    names = dict.fromkeys((SCORE, *(goal.figure for goal in view.goals)))
    read = view.test_figures if tested else view.figures
    values = {name: list(read(candidate.id, name).values()) for name in names}
    return Tradeoff(
        candidate=candidate,
        figures={name: mean_interval(known) for name, known in values.items() if known},
        limits={
            goal: keeping(goal, list(view.figures(candidate.id, goal.figure).values()))
            for goal in view.goals
            if goal.limit is not None
        },
        measured_on="test" if tested else "validation",
    )


def told(front: Sequence[Tradeoff], seed: Tradeoff) -> Iterable[str]:
    """Yield the lines of a report: how limits are kept, and a table where there is more than the score to compare."""
    best = front[0]
    for goal, kept in best.limits.items():
        yield f"  limit       {goal.words}: {_judged(best, goal, kept)}"
    rows = table(front, seed)
    if len(rows) < 2:
        return
    count = best.figures[SCORE].n if SCORE in best.figures else 0
    cases = figures.number(count, f"{best.measured_on} case")
    yield f"  front       {figures.number(len(front), 'candidate')}, on {cases}"
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "    " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def table(front: Sequence[Tradeoff], seed: Tradeoff) -> Sequence[Sequence[str]]:
    """Return what there is to choose from and the seed, the names first; no rows where only scores are compared."""
    names = list(front[0].figures)
    if len(names) < 2:
        return ()
    rows = [["", *names]]
    shown = [*front, *([] if any(each.candidate == seed.candidate for each in front) else [seed])]
    for place, each in enumerate(shown):
        name = "the winner" if not place else "the seed" if each.candidate == seed.candidate else each.candidate.id
        rows.append([name, *(_figure(name, each.figures.get(name)) for name in names)])
    return rows


def _judged(best: Tradeoff, goal: Goal, kept: Keeping) -> str:
    figure = best.figures.get(goal.figure)
    if figure is None:
        return f"not judged, {goal.figure} is unknown"
    match kept:
        case Keeping.KEPT:
            said = "kept"
        case Keeping.PERHAPS:
            said = "kept by the mean, but not beyond chance"
        case Keeping.BROKEN:
            said = "NOT kept, by no finalist; the winner is the least beyond the limits"
    return f"{said} ({_figure(goal.figure, figure)})"


def _figure(name: str, of: Interval | None) -> str:
    if of is None:
        return "-"
    if not math.isfinite(of.low):
        return _amount(name, of.mean)
    return f"{_amount(name, of.mean)} [{_amount(name, of.low)}, {_amount(name, of.high)}]"


def _amount(name: str, of: float) -> str:
    match name:
        case "cost":
            return figures.dollars(of) if of >= 0 else "$0"
        case "latency":
            return f"{max(0.0, of):.3g} s"
        case "score":
            return figures.score(of)
        case _:
            return f"{of:.4g}"


def _traded(goals: Sequence[Goal]) -> bool:
    return any(goal.figure != SCORE or goal.limit is not None for goal in goals)


def _established(view: PoolView) -> Sequence[str]:
    return [member for member, known in zip(view.members, view.established.tolist(), strict=True) if known]


def _keeps(view: PoolView, candidate: str) -> Keeping:
    return tradeoff(view, view.candidate(candidate), tested=False).keeps
