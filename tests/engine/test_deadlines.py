"""Deadlines count work: not waits, not what our own loop lost; and what is cut is told apart from what failed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import anyio
import pytest

from spanwright.core.candidate import Candidate, Component
from spanwright.core.case import Case
from spanwright.core.limits import Deadlines
from spanwright.core.rollout import Blame, Observed, Purpose, RolloutKey
from spanwright.core.score import Score
from spanwright.core.trace import Trace
from spanwright.engine.executors import Here
from spanwright.engine.perform import Block, Performer, Task, Terms
from spanwright.errors import UsageError
from spanwright.models import Deadline, Pulse, waiting, wall_clock
from spanwright.telemetry import BlindRecorder
from spanwright.testing.virtual import VirtualLoop, run_virtual


@dataclass
class Slow:
    """A subject that works for as many seconds as its case says, after waiting for others."""

    waits: float = 0.0
    ran: list[str] = field(default_factory=list)

    async def components(self) -> Sequence[Component]:
        return ()

    async def run(self, candidate: Candidate, case: Case) -> object:
        self.ran.append(case.id)
        with waiting():
            await anyio.sleep(self.waits)
        await anyio.sleep(float(str(case.inputs)))
        return "out"

    def fingerprints(self) -> Mapping[str, str]:
        return {}


async def right(case: Case, output: object, trace: Trace) -> Score:
    return Score(value=1.0)


def performed(subject: Slow, deadlines: Deadlines, seconds: Sequence[float], *, block: bool = False) -> list[Observed]:
    candidate = Candidate(texts={})

    async def main() -> list[Observed]:
        performer = Performer(
            Here(subject, right, recorder=BlindRecorder(), deadlines=deadlines),
            clock=anyio.current_time,
            terms=Terms(concurrency=100, tries=3, straggling=deadlines.validation),
        )
        together = Block(len(seconds)) if block else None
        done: list[Observed] = []

        async def one(number: int, takes: float) -> None:
            case = Case(id=f"c{number}", inputs=takes)
            key = RolloutKey(candidate=candidate.id, case=case.id)
            task = Task(number=number, candidate=candidate, case=case, key=key, purpose=Purpose.VALIDATION)
            observed = await performer.perform(task, together)
            assert observed is not None
            done.append(observed)

        async with anyio.create_task_group() as group:
            for number, takes in enumerate(seconds):
                group.start_soon(one, number, takes)
        return sorted(done, key=lambda each: each.rollout.number)

    return run_virtual(main())


def test_a_rollout_that_works_for_too_long_is_the_candidates_failure_and_waiting_does_not_count() -> None:
    slow = Slow(waits=1_000.0)
    quick, late = performed(slow, Deadlines(rollout=30.0), [29.0, 31.0])

    assert quick.rollout.failure is None
    assert quick.rollout.usage.seconds == pytest.approx(29.0)
    assert late.rollout.failure is not None
    assert (Blame.CANDIDATE, "limit") == (late.rollout.failure.blame, late.rollout.failure.boundary)
    assert "worked for longer than 30 s" in late.rollout.failure.message
    assert ["c0", "c1"] == slow.ran, "what the candidate does too slowly is not tried again"


def test_stragglers_of_a_block_are_cut_counted_and_left_without_a_score() -> None:
    subject = Slow()
    observed = performed(subject, Deadlines(validation=20.0), [1.0, 2.0, 3.0, 21.0, 40.0, 900.0], block=True)

    failures = [each.rollout.failure for each in observed]
    assert [None] * 4 == failures[:4]
    assert all(failure is not None for failure in failures[4:])
    assert {(Blame.WORLD, "straggler")} == {(each.blame, each.signature) for each in failures[4:] if each}
    assert 23.0 == max(each.rollout.ended for each in observed)
    assert 6 == len(subject.ran)


def test_a_deadline_never_fires_because_our_loop_was_late() -> None:
    pulse = Pulse()

    async def main() -> tuple[bool, bool]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)

        async def block() -> None:
            await anyio.sleep(1.0)
            loop.advance(60.0)  # nothing ran for a minute: somebody computed

        async with anyio.create_task_group() as group:
            group.start_soon(pulse.beat)
            group.start_soon(block)
            with Deadline(10.0, wall_clock(pulse)) as fair:
                await anyio.sleep(65.0)
            with Deadline(10.0, wall_clock(pulse)) as over:
                await anyio.sleep(12.0)
            group.cancel_scope.cancel()
        return fair.expired, over.expired

    assert (False, True) == run_virtual(main())


@pytest.mark.parametrize("name", ["model_call", "straggler", "tool_call", "rollout", "validation", "outage"])
def test_a_deadline_that_leaves_no_time_is_refused(name: str) -> None:
    for limit in (0.0, float("nan")):
        with pytest.raises(UsageError, match="leaves no time"):
            Deadlines(**{name: limit})
