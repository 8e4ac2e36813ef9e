"""`calibrate` keeps to what its Run says."""

import anyio
import pytest
from api_world import World
from pydantic_evals import Case, Dataset

from spanwright import Evals, Run, SqliteStore, UsageError, optimizable
from spanwright.api import calibrate

KEY = "sk" + "-proj-" + "a1B2" * 10


def letters() -> Evals[str, str, None]:
    cases = [Case(name=f"w{n}", inputs=f"word{n} {KEY}", expected_output=KEY) for n in range(8)]
    dataset = Dataset(name="letters", cases=cases)
    return Evals(cases=dataset.cases[:4], validation=dataset.cases[4:], metric=lambda _, output, __: KEY in output)


@pytest.mark.parametrize("redact", ["secrets", None])
async def test_what_is_to_be_redacted_is_not_stored_and_evaluators_see_it(world: World, redact) -> None:
    how = Run(name="noise", progress=False, redact=redact)
    floor = await calibrate(world.agent, letters(), repeats=2, store=world.store, run=how)
    reader = SqliteStore(world.store).reader
    stored = [str(reader.observed("noise", number)) for number in range(1, 9)]

    assert 1.0 == floor.noise.mean
    assert (redact is None) == any(KEY in each for each in stored)


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_so_many_rollouts_run_at_once_and_no_more(world: World, concurrency: int) -> None:
    running = most = 0

    @optimizable(agents=[world.agent])
    async def program(word: str) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.lowlevel.checkpoint()
        running -= 1
        return word

    how = Run(name="noise", progress=False, concurrency=concurrency)
    await calibrate(program, letters(), repeats=2, store=world.store, run=how)

    assert most == concurrency


async def test_a_concurrency_of_none_is_refused_before_anything_is_tried(world: World) -> None:
    with pytest.raises(UsageError, match="concurrency=0"):
        await calibrate(world.agent, letters(), store=world.store, run=Run(concurrency=0))

    assert world.task.requests == 0
