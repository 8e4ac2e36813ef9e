"""A run whose rollouts are done by workers is the run that it would have been, whatever becomes of a worker."""

from collections import Counter
from pathlib import Path

import executed_world as world
import pytest
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel

from spanwright import (
    Budget,
    HttpSubject,
    Imports,
    Policy,
    Processes,
    Proposal,
    Ray,
    Reflection,
    ReflectionContext,
    Result,
    Run,
    SqliteStore,
    UsageError,
    optimizable,
    optimize,
    optimize_text,
)
from spanwright.api.texts import Ways, optimize_task
from spanwright.core.events import RolloutEnded, RolloutStarted
from spanwright.engine import Executor, InProcess

NAMED = Imports(evals="executed_world:questions")


async def optimized(store: Path, name: str, executor: Executor) -> Result:
    return await optimize(
        world.agent,
        world.questions(),
        reflection_model=world.Teacher(),
        budget=Budget(rollouts=40, reflections=5),
        policy=Policy.default(schedule="ordered"),
        store=store,
        run=Run(name=name, executor=executor, concurrency=8, progress=False),
    )


async def test_workers_come_to_the_same_as_this_process_though_one_of_them_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store.sqlite"
    here = await optimized(store, "here", InProcess())
    monkeypatch.setenv(world.DIES, str(tmp_path / "died"))
    there = await optimized(store, "there", Processes(workers=2, imports=NAMED))

    assert (tmp_path / "died").exists()
    assert (here.best, here.complete) == (there.best, there.complete)
    assert "Say yes." == here.best.texts["sayer/instructions"]
    assert (here.rollouts, here.usage.requests, here.usage.tokens) == (
        there.rollouts,
        there.usage.requests,
        there.usage.tokens,
    )
    assert any("1 workers lost and replaced" in remark for remark in there.remarks)
    events = tuple(SqliteStore(store).reader.events("there"))
    ended = [event.rollout for event in events if isinstance(event, RolloutEnded)]
    assert {1} == set(Counter(rollout.key for rollout in ended if rollout.score is not None).values())
    assert len(ended) == sum(isinstance(event, RolloutStarted) for event in events)
    assert all(rollout.score is not None for rollout in ended)
    trace = SqliteStore(store).reader.trace("there", ended[-1].number).trace
    assert (2, 1) == (len(trace.model_calls), len(trace.tool_calls))


@pytest.mark.parametrize("executor", [Processes(workers=1), Ray(workers=1)])
async def test_what_no_worker_can_import_is_refused_before_anything_is_tried(executor: Executor) -> None:
    hidden = optimizable(Agent(TestModel(), name="hidden", instructions="Say no."))
    run = Run(executor=executor, progress=False)

    with pytest.raises(UsageError, match=r"what is optimized cannot be imported by a worker: no module has it"):
        await optimize(hidden, world.evals, store=":memory:", run=run)
    with pytest.raises(UsageError, match=r"the eval set cannot be imported by a worker: no module has it"):
        await optimize(world.agent, world.questions(), store=":memory:", run=run)


async def test_what_stands_in_main_is_refused_before_anything_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    import __main__  # noqa: PLC0415  (whatever runs the tests)

    hidden = optimizable(Agent(TestModel(), name="hidden", instructions="Say no."))
    monkeypatch.setattr(__main__, "hidden", hidden, raising=False)

    with pytest.raises(UsageError, match="it stands in __main__"):
        await optimize(hidden, world.evals, store=":memory:", run=Run(executor=Processes(workers=1), progress=False))


async def test_what_works_in_another_process_already_and_what_knows_the_best_so_far_stay_here() -> None:
    run = Run(executor=Processes(workers=1), progress=False)

    with pytest.raises(UsageError, match="works in another process already"):
        await optimize(
            HttpSubject("http://127.0.0.1:9/run", {"service/instructions": "Say no."}),
            world.evals,
            reflection_model=world.Teacher(),
            store=":memory:",
            run=run,
        )
    with pytest.raises(UsageError, match="evaluate takes earlier="):
        await optimize_task(world.greedy_task, Ways(reflection_model=world.Teacher(), store=":memory:", run=run))
    with pytest.raises(UsageError, match="the task cannot be imported"):
        await optimize_text(
            "a", world.measure, cases=["a"], reflection_model=world.Teacher(), store=":memory:", run=run
        )


class Writer:
    """A reflector that writes what the cases want."""

    async def reflect(self, context: ReflectionContext) -> Reflection:
        return Reflection(result=Proposal(parents=(context.parent.id,), edits={"text": "ab"}))


@pytest.mark.slow
async def test_texts_are_evaluated_by_workers_too_and_what_they_print_is_heard(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite"
    run = Run(name="text", executor=Processes(workers=1), progress=False)
    ways = Ways(budget=Budget(rollouts=12), reflection_model=Writer(), store=store, run=run)
    result = await optimize_task(world.task, ways)

    rollout = next(each for each in SqliteStore(store).reader.events("text") if isinstance(each, RolloutEnded)).rollout
    assert "ab" == result.best_text
    assert rollout.score is not None
    assert "process" in rollout.score.feedback
