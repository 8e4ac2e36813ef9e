"""One contest: a world, a budget, so many rollouts at once; and the course of a system that took part in it.

Every system tries a candidate through the same function and spends from the same count. What it would return at each
moment is judged by the truth, which no system sees.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import pairwise
from typing import TypeAlias, TypeVar

from spanwright.core.candidate import Candidate
from spanwright.core.case import Case
from spanwright.testing.simulated.reflecting.profile import MEDIUM, Profile
from spanwright.testing.simulated.wire import Draws
from spanwright.testing.worlds import Played, World, make_world
from spanwright.testing.worlds.staging import Latency


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """What a system is to do."""

    family: str
    seed: int
    salt: int = 0
    budget: int
    """Rollouts, those of the test split not counted: the truth is known in closed form."""
    width: int = 32
    """Rollouts at once."""
    contrasts: bool = False
    """Whether the reflection model takes a success beside a failure of the same task for evidence."""

    @property
    def reader(self) -> Profile:
        """How good the reflection model is."""
        return replace(MEDIUM, contrasts=self.contrasts)

    def world(self) -> World:
        """Make the world."""
        return make_world(self.family, self.seed, salt=self.salt, profile=self.reader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """From a moment on the system would return a candidate of this quality."""

    rollouts: int
    seconds: float
    truth: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrasts:
    """How many prompts of reflections showed, beside a failure, a better try of the same training case."""

    prompts: int = 0
    """All of them. Where many texts are on offer, a reflection has more than one."""
    shown: int = 0
    own: int = 0
    """Those with a try of the parent itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What a system came to in a contest."""

    arm: str
    contest: Contest
    seed_truth: float
    oracle_truth: float
    points: tuple[Point, ...]
    """By rollouts; the last one is of what was returned."""
    rollouts: int
    reflections: int
    seconds: float
    busy: float
    """Seconds of all rollouts together."""
    candidate: str
    """Names the texts that were returned."""
    estimate: float | None = None
    """How good the system itself took its result to be."""
    candidates: int = 0
    """Members of the pool at the end."""
    pool: str = ""
    """Names them all, in the order of their admission."""
    contrasts: Contrasts | None = None
    """None where nobody counted."""

    @property
    def final(self) -> float:
        """The true quality of what was returned."""
        return self.points[-1].truth

    def at(self, rollouts: int) -> float:
        """Return the quality of what the system would have returned after so many rollouts."""
        return next((point.truth for point in reversed(self.points) if point.rollouts <= rollouts), self.seed_truth)

    def area(self, budget: int) -> float:
        """Return the mean quality over the first `budget` rollouts."""
        steps = [Point(rollouts=0, seconds=0.0, truth=self.seed_truth)]
        steps += [point for point in self.points if point.rollouts <= budget]
        ends = [*steps, Point(rollouts=budget, seconds=0.0, truth=0.0)]
        return sum(one.truth * (other.rollouts - one.rollouts) for one, other in pairwise(ends)) / budget

    def reaches(self, quality: float) -> Point | None:
        """Return the first moment from which on the quality was at least this for good."""
        reached: Point | None = None
        for point in self.points:
            if point.truth < quality:
                reached = None
            elif reached is None:
                reached = point
        return reached

    @property
    def floor(self) -> float:
        """Seconds that the rollouts take if no slot is ever idle."""
        return self.busy / self.contest.width


Texts: TypeAlias = Mapping[str, str]
"""A candidate, by component."""


@dataclass(slots=True, kw_only=True)
class Arena:
    """Where a system without an event loop tries candidates: the same plays, and the seconds that each takes."""

    contest: Contest
    world: World
    latency: Latency = field(default_factory=Latency)
    now: float = 0.0
    rollouts: int = 0
    busy: float = 0.0
    reflections: int = 0
    _served: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    _asked: dict[str, int] = field(default_factory=dict[str, int])

    def tried(self, pairs: Sequence[tuple[Texts, Case]]) -> list[Played]:
        """Try texts on cases, all rollouts side by side on the contest's slots."""
        timed = [self._play(texts, case) for texts, case in pairs]
        self.now += makespan((seconds for _, seconds in timed), self.contest.width)
        return [played for played, _ in timed]

    def asked(self, prompts: Sequence[str]) -> list[str]:
        """Ask the reflection model, all prompts side by side."""
        answers = [self._reflect(prompt) for prompt in prompts]
        self.now += max(seconds for _, seconds in answers)
        return [text for text, _ in answers]

    def serving(self, candidate: Candidate, case: Case) -> int:
        """Return how often the candidate was tried on the case before, and count this try."""
        self.rollouts += 1
        return _next(self._served, (candidate.id, case.id))

    def _play(self, texts: Texts, case: Case) -> tuple[Played, float]:
        candidate = Candidate(texts=texts)
        serving = self.serving(candidate, case)
        label = f"latency|{self._name}|{candidate.id}|{case.id}|{serving}"
        seconds = self.latency.rollout.delay(0, Draws(key=label)).total
        self.busy += seconds
        return self.world.play(texts, case, serving), seconds

    def _reflect(self, prompt: str) -> tuple[str, float]:
        serving = _next(self._asked, prompt)
        draws = self.world.reflection_draws(prompt, serving)
        self.reflections += 1
        seconds = self.latency.reflection.delay(0, Draws(key=f"latency|{self._name}|{draws.key}")).total
        return self.world.reflect(prompt, serving), seconds

    @property
    def _name(self) -> str:
        return f"{self.world.name}/{self.world.salt}"


_Key = TypeVar("_Key")


def _next(served: dict[_Key, int], key: _Key) -> int:
    number = served[key] = served.get(key, -1) + 1
    return number


def makespan(durations: Iterable[float], width: int) -> float:
    """Return the seconds that jobs take with `width` workers, each job begun as soon as one is free."""
    free: list[float] = [0.0] * width
    for duration in durations:
        heapq.heappush(free, heapq.heappop(free) + duration)
    return max(free)


def named(candidates: Iterable[str]) -> str:
    """Return one name for candidates in their order."""
    return blake2b("|".join(candidates).encode(), digest_size=8).hexdigest()


def thinned(points: Sequence[Point]) -> tuple[Point, ...]:
    """Leave out the points that change nothing, but for the last."""
    kept: list[Point] = []
    for point in points:
        if not kept or kept[-1].truth != point.truth:
            kept.append(point)
    if points and kept[-1] != points[-1]:
        kept.append(points[-1])
    return tuple(kept)
