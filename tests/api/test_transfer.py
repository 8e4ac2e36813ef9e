"""`transfer` through the public door: what it replaces, what it counts, and what it refuses."""

from collections.abc import Sequence
from typing import Any

import pytest
from api_world import Task, World, speaker, words
from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse, TextPart
from pydantic_ai.models.function import FunctionModel
from pydantic_evals import Case

from spanwright import (
    Budget,
    Evals,
    MemoryStore,
    Price,
    Run,
    Stop,
    UsageError,
    UserBug,
    optimizable,
    optimize,
    transfer,
)

QUIET = Run(progress=False, concurrency=4)


def few() -> Evals[str, str, None]:
    return parted(words(30).cases)


def parted(cases: Sequence[Case[str, str, None]]) -> Evals[str, str, None]:
    def half(case: Case[str, str, None], output: str, trace: object) -> float:
        wanted = case.expected_output or ""
        return 0.5 * (output[:4] == wanted[:4]) + 0.5 * (output[-1] == wanted[-1])

    return Evals(cases=cases[:10], validation=cases[10:20], test=cases[20:], metric=half)


async def improved(world: World, subject: Any = None, **more: Any) -> Any:
    return await optimize(subject or world.agent, few(), **{**world.options(rollouts=60), **more})


def stranger(task: Task, name: str = "stranger") -> FunctionModel:
    return FunctionModel(task.reply, model_name=name)


async def test_every_agent_asks_the_other_model_and_keeps_its_own(world: World) -> None:
    agent, other = world.agent, Task()
    result = await improved(world, agent)
    before = world.task.requests

    found = await transfer(result, agent, few(), models=[stranger(other)], store=world.store, run=QUIET)

    (row,) = found.models
    assert result.best_test == row.test.best.mean > row.test.seed.mean
    assert row.test.cases * 2 == row.usage.rollouts
    assert other.requests == row.usage.requests > 0
    assert before == world.task.requests
    assert agent.model is not None
    assert "obedient" == agent.model.model_name
    assert found.at_home == result.test


async def test_factories_and_programs_are_recast_too(world: World) -> None:
    @optimizable
    def factory() -> Agent[object, str]:
        return speaker(world.task)

    agent = world.agent

    @optimizable(agents=[agent])
    async def program(word: str) -> str:
        return (await agent.run(word, model=world.task.model)).output

    for subject in (factory, program):
        other, store = Task(), MemoryStore()
        result = await improved(world, subject, store=store)
        before = world.task.requests
        found = await transfer(result.run, subject, few(), models=[stranger(other)], store=store, run=QUIET)

        assert other.requests == found.usage.requests > 0
        assert before == world.task.requests


async def test_a_stopped_transfer_goes_on_and_both_were_tried_on_the_same_cases(world: World) -> None:
    result, other, stop = await improved(world), Task(), Stop()

    def enough(_: object) -> None:
        if other.requests > 8:
            stop.request()

    given: dict[str, Any] = {"models": [stranger(other)], "store": world.store}
    how = Run(progress=False, concurrency=4, observers=[enough])
    paused = await transfer(result, world.agent, few(), **given, run=how, stop=stop)
    after = other.requests
    whole = await transfer(result, world.agent, few(), **given, run=QUIET)

    (part,), (row,) = paused.models, whole.models
    assert "stopped" == part.stopped_by
    assert part.usage.rollouts == 2 * part.test.cases < row.usage.rollouts == 2 * row.test.cases
    assert after < other.requests == row.usage.requests
    assert "so far" in str(paused)


async def test_dollars_and_tokens_bound_all_models_together_and_over_calls(world: World) -> None:
    result = await improved(world)
    tasks = [Task(), Task()]
    models = [stranger(task, name) for task, name in zip(tasks, ("one", "two"), strict=True)]
    prices = {name: Price(input=1000.0, output=1000.0) for name in ("one", "two")}
    given: dict[str, Any] = {
        "models": models,
        "store": world.store,
        "run": Run(progress=False, concurrency=2, prices=prices),
    }
    most = 0.5

    first = await transfer(result, world.agent, few(), **given, budget=Budget(usd=most))
    again = await transfer(result, world.agent, few(), **given, budget=Budget(usd=most))
    rest = await transfer(result, world.agent, few(), **given)

    pair = 2 * max(each.usage.usd / each.usage.rollouts for each in rest.models)
    assert not first.complete
    assert first.usage.usd <= most + 2 * pair
    assert first.usage == again.usage
    assert 0 == first.models[1].usage.rollouts
    assert "budget" == first.models[1].stopped_by
    assert rest.complete


async def test_a_model_that_refuses_everything_is_told_once(world: World) -> None:
    def never(messages: Any, info: Any) -> ModelResponse:
        raise RuntimeError("no such parameter")

    result = await improved(world)
    with pytest.raises(UserBug, match="no such parameter"):
        await transfer(result, world.agent, few(), models=[FunctionModel(never)], store=world.store, run=QUIET)


async def test_what_cannot_be_compared_is_said_before_anything_is_asked(world: World) -> None:
    result, other = await improved(world), Task()
    model, agent, evals = stranger(other), world.agent, few()
    altered = [*words(29).cases, Case(name="w29", inputs="another", expected_output="ANOTHER!")]
    tries: list[tuple[str, Any, Any, dict[str, Any]]] = [
        ("names no models to try", agent, evals, {"models": []}),
        ("names no models to try", agent, evals, {"models": "openai:gpt-5"}),
        ("does not resolve", agent, evals, {"models": [model, "nobody:nothing"]}),
        ("too small: seed and winner", agent, evals, {"models": [model], "budget": Budget(rollouts=3)}),
        ("measured with something else", agent, words(30), {"models": [model]}),
        ("measured with something else: ", agent, parted(altered), {"models": [model]}),
        ("has no agents", Quiet(), evals, {"models": [model]}),
    ]
    with pytest.raises(UsageError, match="3 is int, and no run"):
        await transfer(3, agent, evals, models=[model], store=world.store, run=QUIET)  # pyright: ignore[reportArgumentType]
    for said, subject, cases, given in tries:
        with pytest.raises(UsageError, match=said):
            await transfer(result.run, subject, cases, **given, store=world.store, run=QUIET)

    assert 0 == other.requests


class Quiet:
    async def components(self) -> tuple[()]:
        return ()

    async def run(self, candidate: object, case: object) -> str:
        return ""

    def fingerprints(self) -> dict[str, str]:
        return {}


async def test_a_run_without_a_winner_of_its_own_has_nothing_to_transfer(world: World) -> None:
    def silent(messages: Any, info: Any) -> ModelResponse:
        return ModelResponse(parts=[TextPart("?")])

    agent = optimizable(Agent(FunctionModel(silent), name="speaker", instructions="Say the word."))
    result = await improved(world, agent)

    assert result.best == result.seed
    with pytest.raises(UsageError, match="is its seed"):
        await transfer(result, agent, few(), models=[stranger(Task())], store=world.store, run=QUIET)


async def test_a_run_that_has_not_ended_has_to_end_first(world: World) -> None:
    stop = Stop()
    stop.request()
    await improved(world, stop=stop)

    with pytest.raises(UsageError, match="has no winner yet"):
        await transfer("first", world.agent, few(), models=[stranger(Task())], store=world.store, run=QUIET)
