"""Courses side by side: paired differences with intervals, rollouts and time to a quality, and what was lost."""

import importlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any, TypeAlias

import numpy as np
from contest import Course
from scipy.stats import bootstrap

WorldName: TypeAlias = tuple[str, int]
"""Family and seed: salts of one world are averaged before anything is compared."""

GEPA = "gepa"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A mean of paired differences over worlds, in points, with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float
    worlds: int

    def __str__(self) -> str:
        return f"{self.mean:+.1f} [{self.low:+.1f}, {self.high:+.1f}]"


def difference(values: Sequence[float]) -> Difference:
    """Return the mean of differences with its interval; a single world has none."""
    mean = fmean(values)
    if len(values) < 3 or max(values) == min(values):
        return Difference(mean=100 * mean, low=-math.inf, high=math.inf, worlds=len(values))
    found = bootstrap((np.asarray(values),), np.mean, confidence_level=0.95, rng=np.random.default_rng(0))
    interval = found.confidence_interval
    return Difference(mean=100 * mean, low=100 * interval.low, high=100 * interval.high, worlds=len(values))


@dataclass(frozen=True, slots=True)
class Results:
    """All courses of one budget and width."""

    courses: Sequence[Course]

    @property
    def arms(self) -> list[str]:
        """The arms in the order of their coming."""
        return list(dict.fromkeys(course.arm for course in self.courses))

    @property
    def families(self) -> list[str]:
        """The families in the order of their coming."""
        return list(dict.fromkeys(course.contest.family for course in self.courses))

    def by_world(self, arm: str, family: str | None = None) -> Mapping[WorldName, list[Course]]:
        """Return an arm's courses, those of one world together."""
        found: dict[WorldName, list[Course]] = defaultdict(list)
        for course in self.courses:
            if course.arm == arm and family in (None, course.contest.family):
                found[course.contest.family, course.contest.seed].append(course)
        return found

    def pairs(self, one: str, other: str, family: str | None = None) -> Iterable[tuple[list[Course], list[Course]]]:
        """Yield the courses of two arms on the same world."""
        ones, others = self.by_world(one, family), self.by_world(other, family)
        return ((ones[world], others[world]) for world in ones if world in others)

    def final(self, one: str, other: str, family: str | None = None) -> Difference | None:
        """Return how much better one arm's results are."""
        values = [_mean_final(mine) - _mean_final(theirs) for mine, theirs in self.pairs(one, other, family)]
        return difference(values) if values else None

    def area(self, one: str, other: str, family: str | None = None) -> Difference | None:
        """Return how much better one arm was on the way."""
        values = [_mean_area(mine) - _mean_area(theirs) for mine, theirs in self.pairs(one, other, family)]
        return difference(values) if values else None

    def reach(self, one: str, other: str, family: str | None = None) -> list[float]:
        """Return for each world after what share of the budget `one`'s mean course stays at `other`'s final quality.

        Infinite where it does not get there.
        """
        shares: list[float] = []
        for mine, theirs in self.pairs(one, other, family):
            wanted = _mean_final(theirs) - 1e-9
            budget = theirs[0].contest.budget
            steps = sorted({point.rollouts for course in mine for point in course.points})
            reached = math.inf
            for step in reversed(steps):
                if fmean(course.at(step) for course in mine) < wanted:
                    break
                reached = step
            shares.append(reached / budget)
        return shares

    def speed(self, one: str, other: str, family: str | None = None) -> list[float]:
        """Return for each world how many times sooner `one` has `other`'s final quality for good; 0 where never."""
        found: list[float] = []
        for mine, theirs in self.pairs(one, other, family):
            whole = fmean(course.seconds for course in theirs)
            wanted = _mean_final(theirs) - 1e-9
            moments = sorted({point.seconds for course in mine for point in course.points})
            reached = math.inf
            for moment in reversed(moments):
                if fmean(_quality_at(course, moment) for course in mine) < wanted:
                    break
                reached = moment
            found.append(whole / reached if reached > 0 else math.inf)
        return found


def tables(courses: Sequence[Course], *, base: str) -> Iterable[str]:
    """Yield the tables, in Markdown."""
    grouped: dict[tuple[int, int], list[Course]] = defaultdict(list)
    for course in courses:
        grouped[course.contest.budget, course.contest.width].append(course)
    for (budget, width), group in grouped.items():
        results = Results(group)
        yield _whole(results, budget, width, base)
        yield _families(results, budget, base)
        yield _lost(results, budget, base)


def _whole(results: Results, budget: int, width: int, base: str) -> str:
    rows = [
        f"\n### {budget} rollouts, {width} at once\n",
        f"| arm | quality | {base} - arm | in area | reach | speed | time / floor | reflections | estimate - truth |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for arm in results.arms:
        own = [course for course in results.courses if course.arm == arm]
        reach, speed = results.reach(base, arm), results.speed(base, arm)
        curse = [course.estimate - course.final for course in own if course.estimate is not None]
        mine = arm == base
        cells = (
            arm,
            f"{100 * fmean(course.final for course in own):.1f}",
            "" if mine else str(results.final(base, arm)),
            "" if mine else str(results.area(base, arm)),
            "" if mine or not reach else f"{median(reach):.2f}",
            "" if mine or not speed else f"{median(speed):.1f}x",
            f"{fmean(course.seconds / course.floor for course in own):.1f}",
            f"{fmean(course.reflections for course in own):.0f}",
            f"{100 * fmean(curse):+.1f}" if curse else "",
        )
        rows.append("| " + " | ".join(cells) + " |")
    seed, oracle = (fmean(getattr(c, name) for c in results.courses) for name in ("seed_truth", "oracle_truth"))
    rows.append(
        f"\nSeed {100 * seed:.1f}, all rules stated {100 * oracle:.1f}. Points of true expected score; intervals are"
        " 95 % bootstrap over worlds. Reach: the median over worlds of the share of the arm's rollouts after which"
        f" {base} has its final quality for good; speed: of its time."
    )
    return "\n".join(rows)


def _families(results: Results, budget: int, base: str) -> str:
    others = [arm for arm in results.arms if arm != base]
    rows = [f"\n### {budget} rollouts, by family\n", f"| family | seed | {base} | " + " | ".join(others) + " | reach |"]
    rows.append("|---" * (len(others) + 4) + "|")
    for family in results.families:
        own = [course for course in results.courses if course.arm == base and course.contest.family == family]
        if not own:
            continue
        cells = [family, f"{100 * fmean(c.seed_truth for c in own):.1f}", f"{100 * fmean(c.final for c in own):.1f}"]
        for arm in others:
            theirs = [course for course in results.courses if course.arm == arm and course.contest.family == family]
            gained = results.final(base, arm, family)
            cells.append(f"{100 * fmean(c.final for c in theirs):.1f} ({gained.mean:+.1f})" if gained else "")
        reach = results.reach(base, GEPA, family)
        cells.append(f"{median(reach):.2f}" if reach else "")
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _lost(results: Results, budget: int, base: str) -> str:
    rows = [f"\n### {budget} rollouts: worlds on which another arm ended higher than {base}\n"]
    for arm in results.arms:
        if arm == base:
            continue
        lost = [
            f"{mine[0].contest.family} {mine[0].contest.seed} ({100 * (_mean_final(mine) - _mean_final(theirs)):+.1f})"
            for mine, theirs in results.pairs(base, arm)
            if _mean_final(mine) < _mean_final(theirs) - 1e-9
        ]
        rows.append(f"- {arm}: {', '.join(lost) or 'none'}")
    return "\n".join(rows)


def plots(courses: Sequence[Course], folder: Path) -> None:
    """Draw true quality against rollouts and against time, a file for each budget and width."""
    importlib.import_module("matplotlib").use("Agg")
    plt: Any = importlib.import_module("matplotlib.pyplot")  # half a second that only plots need

    folder.mkdir(parents=True, exist_ok=True)
    grouped: dict[tuple[int, int], list[Course]] = defaultdict(list)
    for course in courses:
        grouped[course.contest.budget, course.contest.width].append(course)
    for (budget, width), group in grouped.items():
        results = Results(group)
        figure, (by_rollouts, by_time) = plt.subplots(1, 2, figsize=(12, 4.5), sharey=True)
        longest = max(course.seconds for course in group)
        for arm in results.arms:
            own = [course for course in group if course.arm == arm]
            steps = np.linspace(0, budget, 200)
            by_rollouts.plot(steps, [100 * fmean(c.at(int(step)) for c in own) for step in steps], label=arm)
            moments = np.geomspace(longest / 2_000, longest, 200)
            by_time.plot(moments, [100 * fmean(_quality_at(c, float(m)) for c in own) for m in moments], label=arm)
        by_rollouts.set(xlabel="rollouts", ylabel="true score, points", title=f"{budget} rollouts, simulated models")
        by_time.set(xlabel="time (rollout median 1)", xscale="log", title=f"{width} rollouts at once")
        by_rollouts.legend()
        figure.tight_layout()
        figure.savefig(folder / f"vs_gepa_{budget}_{width}.svg")
        plt.close(figure)


def _mean_final(courses: Sequence[Course]) -> float:
    return fmean(course.final for course in courses)


def _mean_area(courses: Sequence[Course]) -> float:
    return fmean(course.area(course.contest.budget) for course in courses)


def _quality_at(course: Course, seconds: float) -> float:
    return next((point.truth for point in reversed(course.points) if point.seconds <= seconds), course.seed_truth)
