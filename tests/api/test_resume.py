"""A named run is resumed: finished ones at once, and none with something else than it was made with."""

from collections.abc import Callable
from typing import Any

import pytest
from api_world import Right, Task, speaker, words
from pydantic_ai import Agent
from pydantic_evals.evaluators import EqualsExpected

from spanwright import Evals, Policy, Run, RunMismatch, SqliteStore, optimizable, optimize


async def test_a_finished_run_is_returned_at_once(world) -> None:
    first = await optimize(world.agent, words(40), **world.options(rollouts=150))
    asked, reflected = world.task.requests, len(world.teacher.contexts)

    again = await optimize(world.agent, words(40), **world.options(rollouts=150))

    assert first == again
    assert (asked, reflected) == (world.task.requests, len(world.teacher.contexts))
    agent = world.agent
    again.worn_by(()).worn()
    with again.worn():
        assert "WORD!" == (await agent.run("word")).output


async def test_runs_of_other_names_live_side_by_side(world) -> None:
    await optimize(world.agent, words(20), **world.options(rollouts=30, run="one"))
    await optimize(world.agent, words(20), **world.options(rollouts=30, run="two"))

    assert ["one", "two"] == [summary.name for summary in SqliteStore(world.store).reader.runs()]


def other_cases(call: dict[str, Any]) -> None:
    call["evals"].cases[3].expected_output = "something else"


def a_case_more(call: dict[str, Any]) -> None:
    call["evals"].cases.append(words(21).cases[-1])


def other_evaluators(call: dict[str, Any]) -> None:
    call["evals"].evaluators[:] = [EqualsExpected()]


def another_objective(call: dict[str, Any]) -> None:
    call["objective"] = "letters"


def another_policy(call: dict[str, Any]) -> None:
    call["policy"] = Policy.gepa()


def other_components(call: dict[str, Any]) -> None:
    call["components"] = "all"


def other_splits(call: dict[str, Any]) -> None:
    call["evals"] = Evals(cases=call["evals"], seed=1)


def another_model(call: dict[str, Any]) -> None:
    model = Task().model
    model._model_name = "other"  # noqa: SLF001  (as if another one had been named)
    call["subject"].model = model


def other_settings(call: dict[str, Any]) -> None:
    agent = Agent(Task().model, name="speaker", instructions="Say the word.", model_settings={"temperature": 0.5})
    call["subject"] = optimizable(with_tool(agent))


def other_instructions(call: dict[str, Any]) -> None:
    call["subject"] = optimizable(with_tool(Agent(Task().model, name="speaker", instructions="Shout the word.")))


def other_texts(call: dict[str, Any]) -> None:
    agent = Agent(Task().model, name="speaker", instructions="Say the word.", system_prompt="You are a parrot.")
    call["subject"] = optimizable(with_tool(agent))


def with_tool(agent: Agent[object, str]) -> Agent[object, str]:
    @agent.tool_plain
    async def punctuate(word: str) -> str:
        """Punctuate."""
        return f"{word}!"

    return agent


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (other_cases, "case 'w3' has changed"),
        (a_case_more, "case 'w20' is new"),
        (other_evaluators, "evaluator"),
        (another_objective, "objective was 'the mean' and is 'letters'"),
        (another_policy, "policy was"),
        (other_components, "components was"),
        (other_splits, "the same cases fall into other splits"),
        (another_model, "model of speaker was 'function:obedient' and is 'function:other'"),
        (other_settings, "settings of speaker has changed"),
        (other_instructions, "the agent's own texts changed (speaker/instructions)"),
        (other_texts, "the agents' other texts has changed"),
    ],
)
async def test_a_run_is_not_resumed_with_something_else(
    world, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    await optimize(world.agent, words(20), **world.options(rollouts=30))
    asked = world.task.requests
    call: dict[str, Any] = {"subject": speaker(world.task), "evals": words(20), **world.options(rollouts=30)}
    change(call)

    with pytest.raises(RunMismatch) as refused:
        await optimize(**call)

    assert "first" == refused.value.run
    assert any(difference.startswith(said) for difference in refused.value.differences), refused.value.differences
    assert asked == world.task.requests


async def test_what_does_not_change_the_measurements_may_change(world) -> None:
    await optimize(world.agent, words(20), **world.options(rollouts=30))

    narrow = Run(name="first", concurrency=3, progress=False)
    again = await optimize(world.agent, words(20), **{**world.options(rollouts=90), "run": narrow})

    assert again.complete
    assert isinstance(words(1).evaluators[0], Right)
