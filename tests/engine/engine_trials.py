"""Whole runs of a landscape: what was made, what the world saw of it, and the journal as a process would leave it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import anyio

from spanwright.core.annotation import Annotation
from spanwright.core.candidate import Candidate, CandidateId
from spanwright.core.case import Case
from spanwright.core.events import Event, Judged, ReflectionEnded, RolloutEnded, RolloutStarted, StopReason
from spanwright.core.goal import Goal
from spanwright.core.proposal import Reflection
from spanwright.core.protocols import Evaluator, Journal, Observer
from spanwright.core.rollout import Observed, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.core.trace import Trace
from spanwright.core.usage import Budget
from spanwright.engine import Conduct, Ended, Engine, Means, Problem, Stop
from spanwright.errors import CandidateFailed
from spanwright.search import Policy, not_worse
from spanwright.telemetry import BlindRecorder
from spanwright.testing.landscape import (
    Landscape,
    LandscapeRecorder,
    LandscapeReflector,
    LandscapeSubject,
    landscape_evaluator,
)
from spanwright.testing.virtual import run_virtual


class WrittenDown:
    """A journal that knows the order in which everything was written, so that it can be cut where a crash would."""

    def __init__(self, writes: Sequence[Event | Observed] = ()) -> None:
        self.writes = list(writes)
        self.annotated: list[Annotation] = []
        self._observed = {each.rollout.number: each for each in writes if isinstance(each, Observed)}

    def append(self, event: Event) -> None:
        self.writes.append(event)

    def keep_trace(self, rollout: Rollout, trace: Trace, output: str) -> None:
        observed = Observed(rollout=rollout, trace=trace, output=output)
        self.writes.append(observed)
        self._observed[rollout.number] = observed

    def keep_reflection(self, attempt: int, reflection: Reflection) -> None:
        """Forget it: no run reads it again."""

    def observed(self, number: int) -> Observed | None:
        return self._observed.get(number)

    def annotations(self) -> Sequence[Annotation]:
        return self.annotated

    async def durable(self) -> None:
        """Return at once."""

    def events(self) -> Iterator[Event]:
        yield from [each for each in self.writes if not isinstance(each, Observed)]


@dataclass(kw_only=True)
class Trial:
    """A run that was made, and what its world saw."""

    ended: Ended
    engine: Engine
    subject: LandscapeSubject
    reflector: LandscapeReflector
    events: list[Event]

    @property
    def started(self) -> list[RolloutStarted]:
        return [event for event in self.events if isinstance(event, RolloutStarted)]

    @property
    def finished(self) -> list[Rollout]:
        return finished(self.events)

    @property
    def reflections(self) -> int:
        return sum(isinstance(event, ReflectionEnded) for event in self.events)

    @property
    def accepted(self) -> list[CandidateId]:
        return [event.child.id for event in self.events if isinstance(event, Judged) and event.verdict.accepted]


def finished(events: Iterable[Event]) -> list[Rollout]:
    """Return the rollouts that came to their end."""
    return [event.rollout for event in events if isinstance(event, RolloutEnded)]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What runs are made with. Each run has a subject and a reflector of its own, as a new process would."""

    world: Landscape
    policy: Policy
    budget: Budget
    sizes: tuple[int, int, int] = (30, 20, 20)
    concurrency: int = 8
    evaluator: Evaluator = landscape_evaluator
    subject: type[LandscapeSubject] = LandscapeSubject
    goals: tuple[Goal, ...] = ()
    metered: bool = False
    """Whether a rollout's tokens and their price are recorded."""

    async def run(
        self,
        journal: Journal | None = None,
        *,
        subject: LandscapeSubject | None = None,
        reflector: LandscapeReflector | None = None,
        stop: Stop | None = None,
        observers: Sequence[Observer] = (),
    ) -> Trial:
        """Begin a run, or go on with the one that `journal` holds."""
        subject, reflector = subject or self.subject(self.world), reflector or LandscapeReflector(self.world)
        journal = journal or WrittenDown()
        subject.recorder = LandscapeRecorder() if self.metered else None
        recorder = subject.recorder or BlindRecorder()
        train, validation, test = self.sizes
        problem = Problem(
            subject=subject,
            evaluator=self.evaluator,
            reflector=reflector,
            splits=self.world.splits(train=train, validation=validation, test=test),
            seed=Candidate(texts=self.world.texts()),
            components=tuple(await subject.components()),
            goals=self.goals,
        )
        means = Means(journal=journal, recorder=recorder, observers=observers, clock=anyio.current_time)
        conduct = Conduct(run="trial", budget=self.budget, concurrency=self.concurrency, stop=stop or Stop())
        engine = Engine(problem, self.policy.wanting(self.goals), means, conduct)
        ended = await engine.run()
        return Trial(ended=ended, engine=engine, subject=subject, reflector=reflector, events=list(journal.events()))


@dataclass(slots=True)
class Stumbling(LandscapeSubject):
    """A subject that some candidates make stumble on some cases."""

    async def run(self, candidate: Candidate, case: Case) -> object:
        """Try the candidate, or fail because of it."""
        output = await super(Stumbling, self).run(candidate, case)
        if self.world.draw("stumble", candidate.id, case.id) < 0.2:
            raise CandidateFailed("tool", "it stumbled", signature=case.id)
        return output


async def below_zero(case: Case, output: object, trace: Trace) -> Score:
    """Score by an objective that has no zero to fall back to."""
    score = await landscape_evaluator(case, output, trace)
    return replace(score, value=10 * score.value - 17)


WORLD = Landscape(seed=3, repeatable=True, refusals=0.2)
SMALL = Budget(rollouts=64, reflections=30)
LARGE = Budget(rollouts=330, reflections=60)

ORDERED = {
    "default": Terms(world=WORLD, policy=Policy.default(schedule="ordered"), budget=SMALL, sizes=(12, 20, 4)),
    "gepa": Terms(world=WORLD, policy=Policy.gepa(), budget=SMALL, sizes=(12, 8, 4)),
    "with finals": Terms(world=WORLD, policy=Policy.default(schedule="ordered"), budget=LARGE, sizes=(12, 40, 6)),
    "with a top-up": Terms(
        world=replace(WORLD, seed=2, refusals=0.3),
        policy=Policy.default(schedule="ordered"),
        budget=Budget(rollouts=900, reflections=60),
        sizes=(12, 40, 4),
    ),
    "below zero": Terms(
        world=WORLD,
        policy=Policy.default(schedule="ordered", perfect=-7.0),
        budget=LARGE,
        sizes=(12, 20, 6),
        evaluator=below_zero,
        subject=Stumbling,
    ),
    "tried twice": Terms(
        world=WORLD,
        policy=Policy.default(schedule="ordered", tries=2, gate_rule=not_worse),
        budget=Budget(rollouts=110, reflections=30),
        sizes=(12, 20, 4),
    ),
    "impatient": Terms(
        world=WORLD, policy=Policy.default(schedule="ordered", patience=4), budget=LARGE, sizes=(12, 40, 6)
    ),
    "with a target": Terms(
        world=WORLD, policy=Policy.default(schedule="ordered", target=0.55), budget=LARGE, sizes=(12, 40, 6)
    ),
}


@dataclass(frozen=True, kw_only=True)
class Course:
    """What must not depend on whether a run was interrupted, nor on how many rollouts run at once."""

    winner: CandidateId
    reason: StopReason
    complete: bool
    accepted: tuple[CandidateId, ...]
    reflections: int
    rollouts: int

    @classmethod
    def of(cls, trial: Trial) -> "Course":
        return cls(
            winner=trial.ended.winner,
            reason=trial.ended.reason,
            complete=trial.ended.complete,
            accepted=tuple(trial.accepted),
            reflections=trial.reflections,
            rollouts=len(trial.finished),
        )


@cache
def whole(name: str) -> tuple[Course, WrittenDown]:
    journal = WrittenDown()
    return Course.of(run_virtual(ORDERED[name].run(journal))), journal


def scored_twice(trial: Trial) -> list[RolloutKey]:
    times = Counter(rollout.key for rollout in trial.finished)
    return [key for key, count in times.items() if count > 1]
