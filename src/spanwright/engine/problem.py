"""What a run is about, what it works with, and what it may spend: the three records that an Engine is made of."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from spanwright.core.candidate import Candidate, Component, ComponentId
from spanwright.core.case import Splits
from spanwright.core.context import Recorded
from spanwright.core.goal import Goal
from spanwright.core.limits import Deadlines
from spanwright.core.prices import Price
from spanwright.core.proposal import Lesson
from spanwright.core.protocols import Evaluator, Journal, Observer, Recorder, Redaction, Reflector, Subject
from spanwright.core.usage import Budget, Usage
from spanwright.engine.executors import Workplace
from spanwright.engine.stop import Stop
from spanwright.models import Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is optimized, on what, and by whose judgement."""

    subject: Subject
    evaluator: Evaluator
    reflector: Reflector
    splits: Splits
    seed: Candidate
    components: tuple[Component, ...]
    """The components that may be edited; their ids are the keys of `seed.texts`."""
    lessons: tuple[Lesson, ...] = ()
    """What other runs have learnt about these components."""
    drafted: Usage = field(default_factory=Usage)
    """What it took to write the seed, where a model wrote it: the run has spent it from the start."""
    objective: str = ""
    """What the score measures, in words, for the reflector."""
    fingerprints: Mapping[str, str] = field(default_factory=dict[str, str])
    recorded: tuple[Recorded, ...] = ()
    """Traces of the seed from before the run: they are shown to the reflector, and count for nothing else."""
    goals: tuple[Goal, ...] = ()
    """What is wanted beside a high score."""
    own: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Runs of words of single training or validation cases, each with the case, where a guard forbids them."""

    def component(self, id: ComponentId) -> Component:
        """Return a component by its id. Raises KeyError."""
        for component in self.components:
            if component.id == id:
                return component
        raise KeyError(id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a run writes to, records with and is watched by."""

    journal: Journal
    recorder: Recorder
    observers: Sequence[Observer] = ()
    redaction: Redaction | None = None
    traffic: Traffic | None = None
    """What all requests to models go through; None where the subject asks none that we could hold."""
    workplace: Workplace | None = None
    """Where rollouts are done; None is here, in this process."""
    clock: Callable[[], float] = time.time
    """Seconds since the epoch, for the events' times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """What a run may spend, and how many rollouts it may have in flight."""

    run: str
    budget: Budget
    concurrency: int = 32
    stop: Stop = field(default_factory=Stop)
    tries: int = 3
    """How often a rollout or a reflection is tried when the world fails it, while it does not fail all of them."""
    deadlines: Deadlines = field(default_factory=Deadlines)
    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])
    """Of models that no list knows."""
