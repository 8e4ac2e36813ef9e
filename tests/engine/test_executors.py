"""Wherever rollouts are done, they come to the same: one suite for all executors. Ray's part is `make test-ray`."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
import pytest_asyncio
from executor_world import MANY, SEED, Anything, made

from spanwright.core.rollout import STRAGGLER, Blame
from spanwright.engine import Executor, InProcess, Job, Processes, Ray, Recipe, Site, Tried, Workplace
from spanwright.engine.executors import Cut
from spanwright.engine.executors.worker import made_by
from spanwright.errors import UsageError, WorldDown, WorldFailed
from spanwright.models import Traffic
from spanwright.telemetry import SpanRecorder

WORLD = Recipe(maker="executor_world:made", argument="the world")
WORKERS = 2

pytestmark = pytest.mark.asyncio(loop_scope="module")
ray = pytest.mark.ray


@dataclass(kw_only=True)
class Place:
    """An open executor, and the lanes that its requests go through."""

    workplace: Workplace
    traffic: Traffic
    tried: int = 0

    async def attempt(self, does: str, cut: Cut | None = None, *, number: int | None = None) -> Tried:
        """Try the seed on a case that is called what it does."""
        self.tried += 1
        job = Job(number=number or self.tried, candidate=SEED, case=Anything()[does])
        with self.traffic.flowing():
            return await self.workplace.attempt(job, cut or Cut())

    async def attempt_all(self, *does: str) -> Sequence[Tried]:
        """Try all at the same time."""
        done: list[Tried | None] = [None] * len(does)

        async def one(place: int, what: str) -> None:
            done[place] = await self.attempt(what)

        async with anyio.create_task_group() as group:
            for place, what in enumerate(does):
                group.start_soon(one, place, what)
        return [each for each in done if each is not None]


def site_of(recorder: SpanRecorder, traffic: Traffic) -> Site:
    it = made("the world")
    return Site(
        subject=it.subject,
        evaluator=it.evaluator,
        recorder=recorder,
        traffic=traffic,
        concurrency=64,
        fingerprints=it.fingerprints,
    )


EXECUTORS: dict[str, Executor] = {
    "here": InProcess(),
    "processes": Processes(workers=WORKERS, imports=WORLD),
    "ray": Ray(workers=WORKERS, imports=WORLD),
}
ELSEWHERE = ["processes", pytest.param("ray", marks=ray)]


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["here", *ELSEWHERE])
async def place(request: pytest.FixtureRequest) -> AsyncGenerator[Place]:
    """Open an executor once for all tests of this file: workers take a second to import what they need."""
    opened, closing = anyio.Event(), anyio.Event()
    places: list[Place] = []

    async def hold() -> None:  # in one task from start to end, as task groups want it
        traffic = Traffic()
        with SpanRecorder.attach() as recorder:
            async with EXECUTORS[request.param].open(site_of(recorder, traffic)) as workplace:
                places.append(Place(workplace=workplace, traffic=traffic))
                opened.set()
                await closing.wait()

    holding = asyncio.create_task(hold())
    holding.add_done_callback(lambda _: opened.set())
    await opened.wait()
    if not places:
        holding.result()
    yield places[0]
    closing.set()
    await holding


async def test_output_score_trace_usage_and_figures_come_back(place: Place) -> None:
    tried = await place.attempt("tidy up")

    assert "did tidy up" == tried.output
    assert tried.score is not None
    assert (1.0, "2 model calls, 1 tool calls") == (tried.score.value, tried.score.feedback)
    assert {"calls": 1.0} == tried.score.objectives
    assert (2, 200, 20) == (tried.usage.requests, tried.usage.input_tokens, tried.usage.output_tokens)
    assert tried.trace.usage == tried.usage
    assert 32 == len(tried.trace.id)
    assert ["worker"] == [each.name for each in tried.trace.agents]
    assert ["did tidy up"] == [each.result for each in tried.trace.tool_calls]
    assert (2, 1) == (tried.measured.requests, tried.measured.tool_calls)
    assert tried.tools is not None
    assert tried.failure is None


async def test_the_candidate_is_worn(place: Place) -> None:
    tried = await place.attempt("dress")

    assert ["Work.", "Work."] == [call.instructions for call in tried.trace.model_calls]
    assert {"worker/instructions", "worker/tool:act"} == tried.trace.components


async def test_messages_of_several_calls_that_are_equal_are_one_object(place: Place) -> None:
    tried = await place.attempt("remember")

    first, second = tried.trace.model_calls
    assert first.messages[0] is second.messages[0]


@pytest.mark.parametrize(
    ("does", "blame", "boundary", "message"),
    [
        ("stumble", Blame.CANDIDATE, "tool act", "it stumbled"),
        ("starve", Blame.WORLD, "shop", "closed"),
        ("despair", Blame.WORLD, "shop", "closed for ever"),
        ("err", Blame.USER, "tool act", "it was never finished"),
    ],
)
async def test_failures_keep_their_blame(place: Place, does: str, blame: Blame, boundary: str, message: str) -> None:
    tried = await place.attempt(does)

    assert tried.failure is not None
    assert (blame, boundary, message) == (tried.failure.blame, tried.failure.boundary, tried.failure.message)
    assert (blame is Blame.WORLD) == (tried.error is not None)
    assert 1 == tried.usage.requests, "what was asked until then is counted"
    assert tried.score is None


async def test_what_the_world_asks_for_is_not_lost(place: Place) -> None:
    starved, despaired = await place.attempt_all("starve", "despair")

    assert isinstance(starved.error, WorldFailed)
    assert (7.0, False) == (starved.error.retry_after, isinstance(starved.error, WorldDown))
    assert isinstance(despaired.error, WorldDown)


async def test_many_rollouts_are_in_one_process_at_the_same_time(place: Place) -> None:
    tried = await place.attempt_all(*(f"meet#{number}" for number in range(WORKERS * MANY)))

    assert WORKERS * MANY == sum(each.score is not None for each in tried)


async def answered(place: Place) -> int:
    """Return how many requests were answered, once nothing more is heard of any: a worker tells it by the way."""
    while True:
        before = place.traffic.counts["function:obedient"].answered if place.traffic.counts else 0
        await anyio.sleep(0.2)
        now = place.traffic.counts["function:obedient"].answered if place.traffic.counts else 0
        if now == before:
            return now


async def test_every_request_goes_through_the_lanes_of_the_run(place: Place) -> None:
    before = await answered(place)
    await place.attempt_all("a", "b", "c")

    assert before + 6 == await answered(place)


async def test_a_straggler_that_is_cut_ends_with_what_it_has(place: Place) -> None:
    cut = Cut()
    done: list[Tried] = []

    async def wait() -> None:
        done.append(await place.attempt("wait", cut))

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        await place.attempt("something else")  # by now the other one is at work, or will be cut as it begins
        cut.ring()

    assert done[0].failure is not None
    assert (Blame.WORLD, STRAGGLER) == (done[0].failure.blame, done[0].failure.signature)
    assert done[0].error is None, "it is not tried again"
    assert done[0].trace.id


async def test_a_cut_that_comes_right_behind_its_job_is_heard(place: Place) -> None:
    cuts = [Cut() for _ in range(8)]
    done: list[Tried] = []

    async def wait(cut: Cut) -> None:
        done.append(await place.attempt("wait", cut))

    async with anyio.create_task_group() as group:
        for cut in cuts:
            group.start_soon(wait, cut)
        await anyio.lowlevel.checkpoint()
        for cut in cuts:
            cut.ring()

    assert [STRAGGLER] * len(cuts) == [each.failure.signature for each in done if each.failure is not None]


async def test_a_rollout_whose_wait_is_cancelled_is_given_up_where_it_is_done(place: Place) -> None:
    async def cancelled() -> int:
        told = {each.output for each in await place.attempt_all(*(f"count#{number}" for number in range(6)))}
        return sum(int(each.split()[1]) for each in told)

    before = await cancelled()
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(place.attempt, "wait")
            await place.attempt_all("one", "two", "three")
            scope.cancel()
    while await cancelled() == before:
        pass

    assert 1 == await cancelled() - before


@pytest.mark.parametrize("place", ELSEWHERE, indirect=True)
async def test_a_worker_that_is_killed_costs_its_rollouts_a_try(place: Place, tmp_path: Path) -> None:
    does = f"die {tmp_path / 'died'}"

    first = await place.attempt(does, number=7_001)
    again = await place.attempt(does, number=7_001)

    assert first.failure is not None
    assert (Blame.WORLD, "worker") == (first.failure.blame, first.failure.boundary)
    assert first.error is not None, "it is tried again"
    assert again.score is not None
    assert any("lost and replaced" in remark for remark in place.workplace.remarks)


@pytest.mark.slow
@pytest.mark.parametrize("place", ELSEWHERE, indirect=True)
async def test_what_kills_every_worker_takes_nobody_along_in_the_end(place: Place) -> None:
    """Three tries of a rollout that always kills its worker, with others beside it in each."""
    tries: list[list[Tried]] = []
    for _ in range(3):
        together: list[Tried] = []

        async def one(number: int, does: str, into: list[Tried] = together) -> None:
            into.append(await place.attempt(does, number=number))

        async with anyio.create_task_group() as group:
            group.start_soon(one, 8_000, "die")
            for number in range(8_001, 8_005):
                group.start_soon(one, number, "go on")
        tries.append(together)

    assert all(any(each.failure is not None for each in together) for together in tries)
    assert 4 == sum(each.score is not None for each in tries[-1])


@pytest.mark.slow
async def test_a_worker_that_does_not_answer_is_killed_and_replaced(tmp_path: Path) -> None:
    traffic = Traffic()
    executor = Processes(workers=1, imports=WORLD, silence=3.0)
    with SpanRecorder.attach() as recorder:
        async with executor.open(site_of(recorder, traffic)) as workplace:
            place = Place(workplace=workplace, traffic=traffic)
            first = await place.attempt(f"block {tmp_path / 'blocked'}", number=1)
            again = await place.attempt(f"block {tmp_path / 'blocked'}", number=1)

    assert first.failure is not None
    assert "no sign of life" in first.failure.message
    assert again.score is not None


async def test_a_worker_that_imports_something_else_is_an_error_before_anything_is_tried() -> None:
    recipe = Recipe(maker="executor_world:made", argument="another world")
    with SpanRecorder.attach() as recorder, pytest.raises(UsageError, match="imported something else"):
        async with Processes(workers=1, imports=recipe).open(site_of(recorder, Traffic())):
            raise AssertionError("nothing is opened")


@pytest.mark.parametrize(
    ("maker", "said"),
    [("executor_world:nobody", "has no 'nobody'"), ("no_such_module:made", "no module 'no_such_module'")],
)
async def test_what_a_worker_cannot_import_is_named(maker: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        made_by(Recipe(maker=maker, argument=""))


async def test_no_workers_and_objects_without_an_origin_are_refused() -> None:
    with SpanRecorder.attach() as recorder:
        for executor, said in (
            (Processes(workers=0, imports=WORLD), "workers=0"),
            (Processes(workers=1), "cannot be tried in other processes"),
        ):
            with pytest.raises(UsageError, match=said):
                async with executor.open(site_of(recorder, Traffic())):
                    raise AssertionError("nothing is opened")
