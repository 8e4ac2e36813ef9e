"""Courses side by side, paired by world and salt: differences, rollouts and time to a quality, and what was lost."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeAlias

from contest import Course
from differences import Difference, difference

WorldName: TypeAlias = tuple[str, int]
"""Family and seed."""
Pair: TypeAlias = tuple[list[Course], list[Course]]
"""The courses of two arms on one world, in the same order of salts."""


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

    def of(self, arm: str, family: str | None = None) -> list[Course]:
        """Return an arm's courses."""
        return [c for c in self.courses if c.arm == arm and family in (None, c.contest.family)]

    def mean(self, arm: str, value: Callable[[Course], float], family: str | None = None) -> float:
        """Return the mean of something over an arm's worlds, each of which counts once."""
        worlds = _by_world(self.of(arm, family)).values()
        return fmean(fmean(map(value, salts.values())) for salts in worlds)

    def pairs(self, one: str, other: str, family: str | None = None) -> Iterator[Pair]:
        """Yield the courses of two arms on each world, of the salts that both have."""
        ones, others = _by_world(self.of(one, family)), _by_world(self.of(other, family))
        for world, salts in ones.items():
            shared = [salt for salt in salts if salt in others.get(world, {})]
            if shared:
                yield [salts[salt] for salt in shared], [others[world][salt] for salt in shared]

    def final(self, one: str, other: str, family: str | None = None) -> Difference | None:
        """Return how much better one arm's results are."""
        return difference([lead(pair, final) for pair in self.pairs(one, other, family)])

    def area(self, one: str, other: str, family: str | None = None) -> Difference | None:
        """Return how much better one arm was on the way."""
        return difference([lead(pair, area) for pair in self.pairs(one, other, family)])

    def reach(self, one: str, other: str, family: str | None = None) -> list[float]:
        """Return for each world after what share of `other`'s rollouts `one` has its final quality for good.

        By the mean over salts; infinite where it does not get there.
        """
        found: list[float] = []
        for mine, theirs in self.pairs(one, other, family):
            steps = sorted({point.rollouts for course in mine for point in course.points})
            reached = _since(steps, lambda step, mine=mine: fmean(c.at(int(step)) for c in mine), _wanted(theirs))
            found.append(reached / fmean(course.rollouts for course in theirs))
        return found

    def sooner(self, one: str, other: str, family: str | None = None) -> list[float]:
        """Return for each world how many times sooner `one` has `other`'s final quality for good; 0 where never."""
        found: list[float] = []
        for mine, theirs in self.pairs(one, other, family):
            moments = sorted({point.seconds for course in mine for point in course.points})
            reached = _since(moments, lambda when, mine=mine: fmean(quality_at(c, when) for c in mine), _wanted(theirs))
            found.append(fmean(course.seconds for course in theirs) / reached if reached > 0 else math.inf)
        return found

    def lost(self, one: str, other: str, family: str | None = None) -> list[tuple[WorldName, float]]:
        """Return the worlds on which `one` ended below `other`, and by how much."""
        leads = [(_world(pair[0][0]), lead(pair, final)) for pair in self.pairs(one, other, family)]
        return [(world, by) for world, by in leads if by < -1e-9]


def grouped(courses: Iterable[Course]) -> Mapping[tuple[int, int], Results]:
    """Return courses by budget and width."""
    groups: dict[tuple[int, int], list[Course]] = defaultdict(list)
    for course in courses:
        groups[course.contest.budget, course.contest.width].append(course)
    return {key: Results(group) for key, group in sorted(groups.items())}


def final(course: Course) -> float:
    """Return the true quality of what was returned."""
    return course.final


def area(course: Course) -> float:
    """Return the mean quality on the way."""
    return course.area(course.contest.budget)


def floors(course: Course) -> float:
    """Return how many times longer a run took than its rollouts do if no slot is ever idle."""
    return course.seconds / course.floor


def lead(pair: Pair, value: Callable[[Course], float]) -> float:
    """Return by how much one arm leads on a world: the mean over salts."""
    return fmean(value(mine) - value(theirs) for mine, theirs in zip(*pair, strict=True))


def quality_at(course: Course, seconds: float) -> float:
    """Return the quality of what would have been returned at a moment."""
    return next((point.truth for point in reversed(course.points) if point.seconds <= seconds), course.seed_truth)


def _by_world(courses: Iterable[Course]) -> Mapping[WorldName, Mapping[int, Course]]:
    found: dict[WorldName, dict[int, Course]] = defaultdict(dict)
    for course in courses:
        found[_world(course)][course.contest.salt] = course
    return found


def _world(course: Course) -> WorldName:
    return course.contest.family, course.contest.seed


def _wanted(courses: Sequence[Course]) -> float:
    return fmean(course.final for course in courses) - 1e-9


def _since(steps: Sequence[float], quality: Callable[[float], float], wanted: float) -> float:
    """Return the first step from which on the quality stays as wanted; infinite where it does not."""
    reached = math.inf
    for step in reversed(steps):
        if quality(step) < wanted:
            break
        reached = step
    return reached
