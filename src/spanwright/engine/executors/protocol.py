"""What an executor is to the engine: it is handed one try of a rollout at a time, and answers with plain values.

Tries, budgets, slots, outages and the journal stay with the engine. So an executor that loses a worker says so by a
value, and nothing can be scored twice.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import anyio

from spanwright.core.candidate import Candidate
from spanwright.core.case import Case
from spanwright.core.limits import Deadlines
from spanwright.core.measured import Measured
from spanwright.core.prices import Price
from spanwright.core.protocols import Evaluator, Recorder, Subject
from spanwright.core.rollout import Blame, Failure
from spanwright.core.score import Score
from spanwright.core.tools_used import ToolsUsed
from spanwright.core.trace import Span, Trace
from spanwright.core.usage import Usage
from spanwright.errors import WorldDown, WorldFailed
from spanwright.models import Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One try of a rollout."""

    number: int
    """The rollout's. Of one rollout there is one try at a time."""
    candidate: Candidate
    case: Case


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is known of a failure of the world's beyond its message."""

    retry_after: float | None = None
    down: bool = False
    """A model was down for as long as we wait: the run pauses."""
    about: str | None = None
    """What failed, where that is not the case: failures of one thing in a row are no outage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What one try led to."""

    output: str = ""
    """As text, shortened."""
    failure: Failure | None = None
    world: World | None = None
    """Beside a failure of the world's; None where we cut it ourselves, because others were done."""
    score: Score | None = None
    trace: Trace
    judge_trace_id: str = ""
    """Empty where the evaluators left no spans."""
    usage: Usage
    judging: Usage = field(default_factory=Usage)
    """What the evaluators took, which is a part of `usage`."""
    refining: Usage = field(default_factory=Usage)
    """What a refiner took, likewise."""
    measured: Measured = field(default_factory=Measured)
    tools: ToolsUsed | None = None
    """None where no span tells."""
    seconds: float = 0.0

    @property
    def is_worlds_fault(self) -> bool:
        """Whether it has no score because the world failed."""
        return self.failure is not None and self.failure.blame is Blame.WORLD

    @property
    def error(self) -> WorldFailed | None:
        """The world's failure as an error, None where there was none."""
        if self.failure is None or self.world is None:
            return None
        kind = WorldDown if self.world.down else WorldFailed
        return kind(self.failure.boundary, self.failure.message, retry_after=self.world.retry_after)


class Cut:
    """Tells a job that it is a straggler: what it was waited for with is done, and it is to end with what it has."""

    def __init__(self) -> None:
        self.rung = False
        """Whether it was cut."""
        self._listeners: list[Callable[[], None]] = []

    def ring(self) -> None:
        """Cut it."""
        self.rung = True
        for listener in self._listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` once it is cut, at once if it has been."""
        if self.rung:
            listener()
        else:
            self._listeners.append(listener)

    @contextmanager
    def scope(self) -> Generator[anyio.CancelScope]:
        """Cancel the block once it is cut."""
        with anyio.CancelScope() as scope:
            self.listen(scope.cancel)
            yield scope


class Workplace(Protocol):
    """Where the rollouts of a run are done, as long as its executor is open."""

    async def attempt(self, job: Job, cut: Cut) -> Tried:
        """Try once. Whatever the subject, the evaluators or the world do is a value; only cancellation is raised."""
        ...

    @property
    def remarks(self) -> Sequence[str]:
        """What a run's result should say of it, a line each."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a worker comes by subject and evaluators: it imports `maker` and calls it with `argument`.

    Objects do not travel: what is not importable cannot be tried elsewhere, and nothing is ever pickled.
    """

    maker: str
    """MODULE:NAME of a function that returns a `Made`."""
    argument: str
    """JSON that the maker understands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a worker's maker returns."""

    subject: Subject
    evaluator: Evaluator
    cases: Mapping[str, Case]
    """All cases by id: a job that comes to a worker names its case only."""
    fingerprints: Mapping[str, str]
    """Must be those of the run, as far as it has them: else the worker would measure something else."""
    around: Callable[[], AbstractContextManager[None]] | None = None
    """A block in which the worker does its work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imports:
    """Where workers find what a run is about, each as MODULE:NAME; None is found out by looking at what is imported."""

    subject: str | None = None
    evals: str | None = None
    """An eval set, or a function without parameters that returns one."""
    deps: str | None = None
    objective: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a run is about and works with, as far as an executor has to know."""

    subject: Subject
    evaluator: Evaluator
    recorder: Recorder
    traffic: Traffic
    concurrency: int
    deadlines: Deadlines = field(default_factory=Deadlines)
    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])
    fingerprints: Mapping[str, str] = field(default_factory=dict[str, str])
    exported: Callable[[Span], None] | None = None
    """Takes each span that ends in another process; None where they go nowhere beyond their trace."""
    recipe: Callable[[Imports], Recipe] | None = None
    """Says how workers come by subject and evaluators. Raises UsageError for what cannot be imported; None where that
    is not known at all."""


class Executor(Protocol):
    """Says where rollouts are done: `Run(executor=...)`."""

    def open(self, site: Site) -> AbstractAsyncContextManager[Workplace]:
        """Open it for one run. Raises UsageError where it cannot work, before anything is paid for."""
        ...
