"""Events into points: the figures of a run after so many rollouts, at most one point for each number of rollouts.

Which points there are follows from the events and their times alone, so that every process that reads them again comes
to the same ones, and a tracker's last step says what it has still to be told.
"""

import math
from collections.abc import Iterator, Mapping
from importlib.metadata import version

from spanwright.core.events import Event, Judged, Refused, RolloutEnded, RunEnded, RunStarted
from spanwright.report.chronicle import time_of
from spanwright.report.comparison import Comparison, compare
from spanwright.report.standing import Following, Standing
from spanwright.report.tracking.tracker import STEP, Point, Undertaking
from spanwright.search import PoolView

_EVERY = 5.0
"""Seconds between points where nothing else is news."""
_OF_CASES = "case:"
_KINDS = {"cost": "usd", "time": "seconds"}


class Figures:
    """Follows a run, its first event first."""

    def __init__(self) -> None:
        self._following = Following()
        self._due = False
        self._told_at = 0.0

    def apply(self, event: Event, *, after: int) -> Point | None:
        """Take an event into account; return the point of a step beyond `after` that it leaves behind, if any."""
        point = None
        if self._due and isinstance(event, RolloutEnded):
            self._due = False
            self._told_at = self._following.chronicle.latest
            point = self.point(after=after)
        change = self._following.apply(event)
        news = change.turned or isinstance(event, Judged | Refused | RunEnded)
        self._due = self._due or news or time_of(event) - self._told_at >= _EVERY
        return point

    def point(self, *, after: int) -> Point | None:
        """Return where the run stands; None where that is no step beyond `after`."""
        step = self._step
        if step <= max(after, 0):
            return None
        chronicle = self._following.chronicle
        figures = {
            **_figures(self._following.standing),
            **(_on_test(chronicle.view, chronicle.ended.winner) if chronicle.ended else {}),
            STEP: float(step),
        }
        known = {name: value for name, value in figures.items() if math.isfinite(value)}
        return Point(step=step, at=chronicle.latest, figures=known)

    @property
    def _step(self) -> int:
        return self._following.chronicle.usage.rollouts


def undertaking_of(started: RunStarted) -> Undertaking:
    """Return what a run is made with."""
    return Undertaking(run=started.run, started=started.at, params=dict(_params(started)))


def _params(started: RunStarted) -> Iterator[tuple[str, str | int | float]]:
    yield "policy", started.policy
    yield "seed", started.seed.id
    yield "components", ", ".join(each.id for each in started.components)
    yield "spanwright", version("spanwright")
    if started.goals:
        yield "goals", ", ".join(goal.words for goal in started.goals)
    budget = started.budget
    for name in ("rollouts", "reflections", "requests", "tokens", "usd", "seconds"):
        limit = getattr(budget, name)
        if limit is not None:
            yield f"budget/{name}", limit if isinstance(limit, int | float) else limit.total_seconds()
    for name, cases in (("train", started.train), ("validation", started.validation), ("test", started.test)):
        yield f"cases/{name}", len(cases)
    for name, mark in started.fingerprints.items():
        if not name.startswith(_OF_CASES):
            yield f"made with/{name}", mark


def _figures(standing: Standing) -> Mapping[str, float]:
    return {
        **({} if standing.seed is None else {"validation/seed": standing.seed}),
        **({} if standing.best is None else {"validation/best": standing.best}),
        **_gain("validation", standing.compared),
        **{f"spent/{_KINDS.get(each.kind, each.kind)}": float(each.used) for each in standing.spending},
        "search/proposed": float(standing.proposed),
        "search/admitted": float(standing.accepted),
        "search/refused": float(standing.refused),
        "search/candidates": float(standing.members),
        "search/frontier": float(standing.front),
        "in flight/rollouts": float(standing.in_flight),
    }


def _on_test(view: PoolView, winner: str) -> Mapping[str, float]:
    compared = compare(view.test_scores(view.seed), view.test_scores(winner))
    if compared is None:
        return {}
    means = {"test/seed": compared.seed.mean, "test/winner": compared.best.mean}
    return {**means, **({} if winner == view.seed else _gain("test", compared))}


def _gain(split: str, compared: Comparison | None) -> Mapping[str, float]:
    if compared is None:
        return {}
    gain = compared.difference
    return {f"{split}/gain": gain.mean, f"{split}/gain low": gain.low, f"{split}/gain high": gain.high}
