"""Rollouts share their slots."""

from collections.abc import Mapping, Sequence

import anyio
from anyio.lowlevel import checkpoint

from spanwright.core.candidate import Candidate, Component
from spanwright.core.case import Case
from spanwright.core.rollout import Purpose, RolloutKey
from spanwright.core.score import Score
from spanwright.core.trace import Trace
from spanwright.engine.executors import Here
from spanwright.engine.perform import Performer, Task, Terms
from spanwright.telemetry import BlindRecorder


class Door:
    """A subject that answers when its door is opened."""

    def __init__(self) -> None:
        self.opened = anyio.Event()
        self.inside = 0
        self.most = 0

    async def components(self) -> Sequence[Component]:
        return ()

    async def run(self, candidate: Candidate, case: Case) -> object:
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await self.opened.wait()
        finally:
            self.inside -= 1
        return "out"

    def fingerprints(self) -> Mapping[str, str]:
        return {}


async def right(case: Case, output: object, trace: Trace) -> Score:
    return Score(value=1.0)


def performer_of(door: Door, concurrency: int) -> Performer:
    here = Here(door, right, recorder=BlindRecorder())
    return Performer(here, clock=lambda: 0.0, terms=Terms(concurrency=concurrency))


def task(number: int) -> Task:
    candidate, case = Candidate(texts={}), Case(id="c", inputs="x")
    key = RolloutKey(candidate=candidate.id, case=case.id, repeat=number)
    return Task(number=number, candidate=candidate, case=case, key=key, purpose=Purpose.VALIDATION)


async def test_no_more_rollouts_run_at_a_time_than_there_are_slots() -> None:
    door = Door()
    performer = performer_of(door, 2)

    async with anyio.create_task_group() as group:
        for number in range(5):
            group.start_soon(performer.perform, task(number))
        for _ in range(20):
            await checkpoint()
        waiting = performer.waiting
        door.opened.set()

    assert (2, 3, 0) == (door.most, waiting, performer.waiting)


async def test_a_rollout_that_is_cancelled_while_it_waits_or_runs_keeps_no_slot() -> None:
    door = Door()
    performer = performer_of(door, 1)

    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(performer.perform, task(1))
            group.start_soon(performer.perform, task(2))
            for _ in range(20):
                await checkpoint()
            scope.cancel()
    door.opened.set()
    observed = await performer.perform(task(3))

    assert (0, 0) == (performer.waiting, door.inside)
    assert observed is not None
    assert observed.output == "out"
