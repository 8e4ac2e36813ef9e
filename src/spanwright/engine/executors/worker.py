"""The far side of an executor: an event loop with many rollouts in flight, which does what a run asks of it.

It has subject and evaluators by import, records and scores here, and asks the run for each model request's turn. What
carries its messages, a pipe or Ray, is no concern of it. It keeps nothing: the journal is the run's.
"""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import Final, cast

import anyio
from anyio import to_thread

from spanwright.core.candidate import Candidate
from spanwright.core.trace import Span
from spanwright.engine.executors.here import Here
from spanwright.engine.executors.messages import (
    Beat,
    Close,
    Closed,
    CutShort,
    Done,
    Drop,
    FromWorker,
    Perform,
    Ready,
    Setup,
    Spanned,
    ToWorker,
    Unable,
)
from spanwright.engine.executors.protocol import Cut, Job, Made, Recipe
from spanwright.errors import UsageError
from spanwright.models import FarTraffic, Terms
from spanwright.subject import named
from spanwright.telemetry import SpanRecorder, flattening

_BEAT: Final = 1.0
"""Seconds between two signs of life."""


class Worker:
    """Does jobs. `send` takes a message to the run, and must not block."""

    def __init__(self, setup: Setup, send: Callable[[FromWorker], None]) -> None:
        self._setup = setup
        self._send = send
        self._traffic = FarTraffic(Terms(deadlines=setup.deadlines), send)
        self._jobs: dict[int, tuple[Cut, anyio.CancelScope]] = {}
        self._closing = anyio.Event()
        self._made: Made | None = None
        self._here: Here | None = None

    async def live(self) -> None:
        """Import what is needed, say so, and stand ready until the run closes it."""
        try:
            made = made_by(self._setup.recipe, self._setup.path)
        except UsageError as error:
            self._send(Unable(what=error.what, remedy=error.remedy))
            return
        to_thread.current_default_thread_limiter().total_tokens = max(40, self._setup.concurrency)
        around = made.around or nullcontext
        with (
            around(),
            SpanRecorder.attach(outlet=flattening(self._export) if self._setup.exported else None) as recorder,
        ):
            self._made = made
            self._here = Here(
                made.subject,
                made.evaluator,
                recorder=recorder,
                pulse=self._traffic.pulse,
                deadlines=self._setup.deadlines,
                prices=self._setup.prices,
            )
            self._send(Ready(fingerprints=made.fingerprints))
            async with anyio.create_task_group() as group:
                group.start_soon(self._traffic.pulse.beat)
                group.start_soon(self._beat)
                with self._traffic.hosted(group):
                    await self._closing.wait()
                group.cancel_scope.cancel()
            self._send(Closed(diagnoses=recorder.diagnoses))

    def _export(self, span: Span) -> None:
        self._send(Spanned(span=span))

    def expect(self, asked: Perform) -> None:
        """Take note of a job, before it has begun: what is heard of it may be the next message already."""
        self._jobs[asked.number] = (Cut(), anyio.CancelScope())

    async def perform(self, asked: Perform) -> Done | None:
        """Do a job that is expected; None where it was dropped."""
        assert self._here is not None and self._made is not None, "no job comes before a worker said that it is ready"  # noqa: PT018
        cut, scope = self._jobs[asked.number]
        try:
            with scope, self._traffic.flowing():
                case = self._made.cases[asked.case]
                job = Job(number=asked.number, candidate=Candidate(texts=asked.texts), case=case)
                return Done.of(asked.number, await self._here.attempt(job, cut))
        finally:
            del self._jobs[asked.number]
        return None

    def hear(self, message: ToWorker) -> None:
        """Take a message from the run; jobs go to `expect`. What is about a job that has ended comes too late."""
        match message:
            case CutShort():
                if message.number in self._jobs:
                    self._jobs[message.number][0].ring()
            case Drop():
                if message.number in self._jobs:
                    self._jobs[message.number][1].cancel()
            case Close():
                self._closing.set()
            case Setup() | Perform():
                raise AssertionError(f"{message.kind} is no message for the middle of the work")
            case _:
                self._traffic.hear(message)

    async def _beat(self) -> None:
        while True:
            self._send(Beat())
            await anyio.sleep(_BEAT)


def made_by(recipe: Recipe, path: tuple[str, ...] = ()) -> Made:
    """Return what a run is about, by import. Raises UsageError."""
    sys.path.extend(each for each in path if each not in sys.path)
    maker = cast("Callable[[str], Made]", named(recipe.maker))
    return maker(recipe.argument)
