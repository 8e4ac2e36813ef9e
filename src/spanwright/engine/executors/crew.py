"""The workers of a run: who does which job, and who was lost and is replaced.

A worker that is lost costs each of its rollouts a try, and they are tried elsewhere. One that was there when two
workers were lost is tried alone in a worker: if it is what kills them, it takes nobody along.
"""

import sys
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

import anyio
from anyio.abc import TaskGroup

from spanwright.core.rollout import Blame, Failure
from spanwright.core.trace import Span, Trace
from spanwright.core.usage import Usage
from spanwright.engine.executors.member import Line, LineLost, Member
from spanwright.engine.executors.messages import Setup
from spanwright.engine.executors.protocol import Cut, Imports, Job, Recipe, Site, Tried, World
from spanwright.engine.one_error import one_error
from spanwright.errors import UsageError
from spanwright.models import Traffic

_ALONE_AFTER: Final = 2
"""Lost workers after which a rollout gets one of its own."""
_HOPELESS: Final = 3
"""Workers in a row that were lost before they were ready, after which nobody waits for the next one."""
_LONGEST_PAUSE: Final = 30.0
"""Seconds before a worker is replaced that was lost before it was ready, at most."""
_FAREWELL: Final = 5.0
"""Seconds that workers have to end when a run does."""


class Hire(Protocol):
    """Starts workers."""

    async def __call__(self, *, spare: bool) -> Line:
        """Start one, and tell it what the run is about. A spare one does one thing at a time. Raises LineLost."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How many workers there are, whether they may work, and how long they may be silent."""

    workers: int
    fingerprints: Mapping[str, str]
    """The run's: a worker that imports something else must not work for it."""
    silence: float | None
    exported: Callable[[Span], None] | None
    """Takes the spans of workers."""

    @classmethod
    def of(cls, site: Site, workers: int, silence: float | None) -> "Terms":
        """Return those of a run."""
        return cls(workers=workers, fingerprints=site.fingerprints, silence=silence, exported=site.exported)


def setup_of(site: Site, imports: Imports | Recipe, workers: int) -> Setup:
    """Return what workers are told. Raises UsageError for what they cannot import, and for no workers at all."""
    if workers < 1:
        raise UsageError(f"workers={workers} does no rollout", "Give at least 1")
    if isinstance(imports, Imports):
        if site.recipe is None:
            raise UsageError("what is optimized here cannot be tried in other processes", "Leave executor= out")
        imports = site.recipe(imports)
    return Setup(
        recipe=imports,
        path=tuple(sys.path),
        deadlines=site.deadlines,
        prices=site.prices,
        concurrency=site.concurrency,
        exported=site.exported is not None,
    )


@asynccontextmanager
async def working(terms: Terms, hire: Hire, traffic: Traffic) -> AsyncGenerator["Crew"]:
    """Have workers as long as the block lasts. Raises UsageError where they cannot work, before it begins."""
    with one_error():
        async with anyio.create_task_group() as group:
            crew = Crew(terms, hire, traffic, group)
            await crew.start()
            yield crew
            await crew.close()
            group.cancel_scope.cancel()


class Crew:
    """All workers of a run: a Workplace."""

    def __init__(self, terms: Terms, hire: Hire, traffic: Traffic, group: TaskGroup) -> None:
        self._terms = terms
        self._hire = hire
        self._traffic = traffic
        self._group = group
        self._members: list[Member] = []
        self._changed = anyio.Event()
        self._refusal: UsageError | None = None
        self._hopeless = ""
        self._losses: Counter[int] = Counter()
        self._lost: list[str] = []
        self._alone = anyio.Semaphore(1)
        self._spare: Member | None = None
        self._started = False
        self._closing = False
        self._diagnoses: list[str] = []

    @property
    def remarks(self) -> Sequence[str]:
        """What the result should say of the workers."""
        lost = (f"{len(self._lost)} workers lost and replaced, the last: {self._lost[-1]}",) if self._lost else ()
        return (*lost, *self._diagnoses)

    async def start(self) -> None:
        """Start all workers, and wait until they are ready. Raises UsageError where one cannot work."""
        for _ in range(self._terms.workers):
            self._group.start_soon(self._employ)
        while sum(each.at_work for each in self._members) < self._terms.workers:
            if self._refusal is not None:
                raise self._refusal
            await self._changed.wait()
        self._started = True

    async def close(self) -> None:
        """Let all workers end, and hear what those have to say that have worked."""
        self._closing = True
        for member in self._members:
            member.dismiss()
        with anyio.move_on_after(_FAREWELL):
            while any(each.ready is not None for each in self._members):
                await self._changed.wait()

    async def attempt(self, job: Job, cut: Cut) -> Tried:
        """Have one try of a rollout done: by the worker that has least to do, or by one of its own."""
        if self._losses[job.number] >= _ALONE_AFTER:
            return await self._attempt_alone(job, cut)
        while (member := self._least_busy()) is None:
            if self._hopeless:
                return _failed(f"no worker can be had: {self._hopeless}", about=None)
            await self._changed.wait()
        tried = await member.do(job, cut)
        if tried is None:
            self._losses[job.number] += 1
            return _failed(f"{member.name} was lost: {member.lost}", about=member.name)
        del self._losses[job.number]
        return tried

    async def _attempt_alone(self, job: Job, cut: Cut) -> Tried:
        """Have it done by a worker that does nothing else meanwhile; those that are suspected wait for each other."""
        async with self._alone:
            try:
                member = await self._spare_one()
            except LineLost as error:
                return _failed(f"no worker can be had: {error}", about=None)
            tried = await member.do(job, cut) if member.at_work else None
        return tried or _failed(f"{member.name} was lost with this rollout alone: {member.lost}", about=member.name)

    async def _spare_one(self) -> Member:
        """Return the worker for those that are suspected, a new one if it was lost. Raises LineLost."""
        if self._spare is None or self._spare.lost:
            self._spare = await self._hired(spare=True)
            self._group.start_soon(self._spare.listen, self._terms.silence, self._group)
        while not (self._spare.at_work or self._spare.lost):
            await self._changed.wait()
        return self._spare

    async def _hired(self, *, spare: bool = False) -> Member:
        line = await self._hire(spare=spare)
        terms = self._terms
        return Member(line, self._traffic, fingerprints=terms.fingerprints, exported=terms.exported, changed=self._wake)

    def _least_busy(self) -> Member | None:
        return min((each for each in self._members if each.at_work), key=lambda each: each.load, default=None)

    async def _employ(self) -> None:
        """Keep one place filled. A worker that is lost is replaced at once, unless it was never ready."""
        failures = 0
        while not self._closing and self._refusal is None:
            reason = await self._employ_one()
            failures = failures + 1 if reason else 0
            if failures >= _HOPELESS:
                self._hopeless = reason
                self._wake()
            if failures and not self._closing:
                await anyio.sleep(min(_LONGEST_PAUSE, 2.0 ** (failures - 1)))

    async def _employ_one(self) -> str:
        """Have a worker until it is gone; return why it was never ready, or nothing where it was."""
        try:
            member = await self._hired()
        except LineLost as error:
            return self._unfit(f"a worker cannot be started: {error}", "See to that, or leave executor= out")
        self._members.append(member)
        try:
            await member.listen(self._terms.silence, self._group)
        finally:
            self._members.remove(member)
            self._wake()
        if member.unable is not None:
            return self._unfit(f"{member.name} cannot work: {member.unable.what}", member.unable.remedy)
        if member.ready is None:
            return self._unfit(f"{member.name} was never ready: {member.lost}", "What it wrote to stderr says why")
        if member.closed is not None:
            self._diagnoses += [f"{member.name}: {line}" for line in member.closed.diagnoses]
        elif not member.dismissed:
            self._lost.append(f"{member.name}, {member.lost}")
        return ""

    def _unfit(self, what: str, remedy: str) -> str:
        """Take note of a worker that cannot work: at the start that is an error, later the world's."""
        if not self._started:
            self._refusal = UsageError(what, remedy)
        self._wake()
        return what

    def _wake(self) -> None:
        """Let those look again who wait for a worker."""
        if any(each.at_work for each in self._members):
            self._hopeless = ""
        self._changed.set()
        self._changed = anyio.Event()


def _failed(message: str, about: str | None) -> Tried:
    """Return the world's failure: what the rollout spent before is not known."""
    failure = Failure(boundary="worker", blame=Blame.WORLD, message=message)
    return Tried(failure=failure, world=World(about=about), trace=Trace(), usage=Usage())
