"""Whole runs of a landscape: what was made, what the world saw of it, and the journal as a process would leave it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import anyio

from spanwright.core.candidate import Candidate, CandidateId
from spanwright.core.events import Event, Judged, ReflectionEnded, RolloutEnded, RolloutStarted
from spanwright.core.proposal import Reflection
from spanwright.core.protocols import Evaluator, Journal, Observer
from spanwright.core.rollout import Observed, Rollout
from spanwright.core.trace import Trace
from spanwright.core.usage import Budget
from spanwright.engine import Conduct, Ended, Engine, Means, Problem, Stop
from spanwright.search import Policy
from spanwright.testing.landscape import Landscape, LandscapeReflector, LandscapeSubject, landscape_evaluator
from spanwright.telemetry import BlindRecorder

Write = Callable[["WrittenDown"], None]


@dataclass
class WrittenDown:
    """A journal that knows the order in which everything was written, so that it can be cut where a crash would."""

    writes: list[Write] = field(default_factory=list)
    kept_events: list[Event] = field(default_factory=list)
    kept_rollouts: dict[int, Observed] = field(default_factory=dict)

    @staticmethod
    def cut(writes: Sequence[Write]) -> "WrittenDown":
        """Return what a process would find that comes after these writes."""
        journal = WrittenDown()
        for write in writes:
            journal.do(write)
        return journal

    def do(self, write: Write) -> None:
        self.writes.append(write)
        write(self)

    def append(self, event: Event) -> None:
        self.do(lambda journal: journal.kept_events.append(event))

    def keep_trace(self, rollout: Rollout, trace: Trace, output: str) -> None:
        observed = Observed(rollout=rollout, trace=trace, output=output)
        self.do(lambda journal: journal.kept_rollouts.update({rollout.number: observed}))

    def keep_reflection(self, attempt: int, reflection: Reflection) -> None:
        self.do(lambda journal: None)

    def observed(self, number: int) -> Observed | None:
        return self.kept_rollouts.get(number)

    async def durable(self) -> None:
        """Return at once."""

    def events(self) -> Iterator[Event]:
        yield from tuple(self.kept_events)


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
        return [event.rollout for event in self.events if isinstance(event, RolloutEnded)]

    @property
    def reflections(self) -> int:
        return sum(isinstance(event, ReflectionEnded) for event in self.events)

    @property
    def accepted(self) -> list[CandidateId]:
        return [event.child.id for event in self.events if isinstance(event, Judged) and event.verdict.accepted]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What runs are made with. Each run has a subject and a reflector of its own, as a new process would."""

    world: Landscape
    policy: Policy
    budget: Budget
    sizes: tuple[int, int, int] = (30, 20, 20)
    concurrency: int = 8
    evaluator: Evaluator = landscape_evaluator

    async def run(
        self, journal: Journal | None = None, *, stop: Stop | None = None, observers: Sequence[Observer] = ()
    ) -> Trial:
        """Begin a run, or go on with the one that `journal` holds."""
        subject, reflector = LandscapeSubject(self.world), LandscapeReflector(self.world)
        journal = journal or WrittenDown()
        train, validation, test = self.sizes
        problem = Problem(
            subject=subject,
            evaluator=self.evaluator,
            reflector=reflector,
            splits=self.world.splits(train=train, validation=validation, test=test),
            seed=Candidate(texts=self.world.texts()),
            components=tuple(await subject.components()),
        )
        means = Means(journal=journal, recorder=BlindRecorder(), observers=observers, clock=anyio.current_time)
        conduct = Conduct(run="trial", budget=self.budget, concurrency=self.concurrency, stop=stop or Stop())
        engine = Engine(problem, self.policy, means, conduct)
        ended = await engine.run()
        return Trial(
            ended=ended, engine=engine, subject=subject, reflector=reflector, events=list(journal.events())
        )
