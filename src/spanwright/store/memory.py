"""The store that forgets: the same door as the one in a file, without files and threads. For tests and short looks."""

from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from spanwright.core.annotation import Annotation
from spanwright.core.events import Event, Judged
from spanwright.core.proposal import Reflection
from spanwright.core.rollout import Observed, Rollout
from spanwright.core.trace import Trace
from spanwright.errors import StoreError
from spanwright.store.contract import RunSummary, check_annotation, checked_name, no_such_run, not_kept
from spanwright.store.summary import MARKS, Tally, summarize, time_of


@dataclass(slots=True)
class _Run:
    name: str
    events: list[Event] = field(default_factory=list[Event])
    observed: dict[int, Observed] = field(default_factory=dict[int, Observed])
    reflections: dict[int, Reflection] = field(default_factory=dict[int, Reflection])
    annotations: list[Annotation] = field(default_factory=list[Annotation])
    is_open: bool = False

    def summary(self) -> RunSummary | None:
        judged = (event for event in self.events if isinstance(event, Judged))
        tally = Tally(
            counts=Counter(event.kind for event in self.events),
            admitted=sum(event.verdict.accepted for event in judged),
            latest=time_of(self.events[-1]) if self.events else 0.0,
        )
        marks = (event for event in self.events if event.kind in MARKS)
        return summarize(marks, tally, running=self.is_open)


class MemoryStore:
    """Runs in this process's memory. A run that was left can be opened again, as if it were resumed."""

    def __init__(self) -> None:
        self._runs: dict[str, _Run] = {}

    @property
    def reader(self) -> "MemoryReader":
        return MemoryReader(self._runs)

    def run(self, name: str) -> "AbstractAsyncContextManager[MemoryJournal]":
        """Open a run for writing, a new one or one to resume. A run has one writer at a time."""
        return self._run(checked_name(name))

    def annotate(self, run: str, annotation: Annotation) -> None:
        """Keep what a person wrote about a finished rollout. Raises UsageError as a store in a file does."""
        if run not in self._runs:
            raise no_such_run(run, self._runs)
        check_annotation(run, annotation, exists=annotation.rollout in self._runs[run].observed)
        self._runs[run].annotations.append(annotation)

    @asynccontextmanager
    async def _run(self, name: str) -> "AsyncGenerator[MemoryJournal, None]":
        run = self._runs.setdefault(name, _Run(name))
        if run.is_open:
            raise StoreError(f"run {name!r} is in use by this very process", "Wait until that ends, or stop it")
        run.is_open = True
        journal = MemoryJournal(run)
        try:
            yield journal
        finally:
            run.is_open = False
            journal.close()


class MemoryJournal:
    """The journal of one run, in a list."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._closed = False

    @property
    def backlog(self) -> int:
        """How many records are not durable yet: none, as far as memory can be durable."""
        return 0

    def append(self, event: Event) -> None:
        self._check()
        self._run.events.append(event)

    def keep_trace(self, rollout: Rollout, trace: Trace, output: str) -> None:
        self._check()
        self._run.observed[rollout.number] = Observed(rollout=rollout, trace=trace, output=output)

    def keep_reflection(self, attempt: int, reflection: Reflection) -> None:
        self._check()
        self._run.reflections[attempt] = reflection

    def observed(self, number: int) -> Observed | None:
        return self._run.observed.get(number)

    def annotations(self) -> tuple[Annotation, ...]:
        return tuple(self._run.annotations)

    async def durable(self) -> None:
        """Return at once."""

    def events(self) -> Iterator[Event]:
        yield from tuple(self._run.events)

    def close(self) -> None:
        """Refuse further records."""
        self._closed = True

    def _check(self) -> None:
        if self._closed:
            raise StoreError(
                f"run {self._run.name!r} was closed: nothing more can be written",
                "Open it again: `async with store.run(name)`",
            )


class MemoryReader:
    """Reads the runs of a store in memory."""

    def __init__(self, runs: dict[str, _Run]) -> None:
        self._runs = runs

    def runs(self) -> tuple[RunSummary, ...]:
        found = (run.summary() for run in self._runs.values())
        return tuple(sorted((one for one in found if one), key=lambda one: one.started))

    def events(self, run: str, after: int = 0) -> Iterator[Event]:
        yield from tuple(self._named(run).events[after:])

    def trace(self, run: str, number: int) -> Observed:
        observed = self._named(run).observed.get(number)
        if observed is None:
            raise not_kept(run, f"rollout {number}")
        return observed

    def reflection(self, run: str, attempt: int) -> Reflection:
        reflection = self._named(run).reflections.get(attempt)
        if reflection is None:
            raise not_kept(run, f"a reflection of attempt {attempt}")
        return reflection

    def annotations(self, run: str) -> tuple[Annotation, ...]:
        return tuple(self._named(run).annotations)

    def _named(self, run: str) -> _Run:
        if run not in self._runs:
            raise no_such_run(run, self._runs)
        return self._runs[run]
