"""From an agent and evals to a better agent, through the one door."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from api_world import CAPITALS, speaker, words
from pydantic_ai import Agent, RunContext
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_evals import Case
from pydantic_evals.evaluators import LLMJudge
from pydantic_evals.evaluators.llm_as_a_judge import GradingOutput

from spanwright import (
    Budget,
    Evals,
    Event,
    Policy,
    Run,
    SqliteStore,
    Stop,
    StopReason,
    UsageError,
    optimizable,
    optimize,
    optimize_sync,
)
from spanwright.core.events import RolloutEnded, RunEnded, RunStarted


async def test_an_agent_gets_better_and_the_result_can_be_tried_worn_and_saved(world, tmp_path: Path) -> None:
    agent = world.agent

    result = await optimize(agent, words(40), **world.options(rollouts=150))

    assert result.complete
    assert result.improved
    assert (0.0, 1.0) == (result.seed_test, result.best_test)
    assert ("speaker/instructions", "speaker/tool:punctuate") == result.components_changed
    assert CAPITALS == result.best.texts["speaker/instructions"]
    assert f"+{CAPITALS}" in result.diff()
    assert "-Punctuate." in result.diff(components=["speaker/tool:punctuate"])
    assert result.rollouts <= 200

    assert "word" == (await agent.run("word")).output
    with result.worn():
        assert "WORD!" == (await agent.run("word")).output
    assert "word" == (await agent.run("word")).output

    result.save(tmp_path / "champion.json")
    crowned = optimizable(speaker(world.task), champion=tmp_path / "champion.json")
    assert "WORD!" == (await crowned.run("word")).output

    result.wear()
    assert "WORD!" == (await agent.run("word")).output


async def test_what_the_reflector_was_shown_is_of_training_cases_alone(world) -> None:
    await optimize(world.agent, words(40), **world.options(rollouts=150))

    started = next(iter(SqliteStore(world.store).reader.events("first")))
    assert isinstance(started, RunStarted)
    shown = {example.case.id for context in world.teacher.contexts for example in context.examples}
    assert shown
    assert shown <= set(started.train)
    context = world.teacher.contexts[0]
    assert context.objective.startswith("the mean of all figures")
    assert all(example.observed.trace.model_calls for example in context.examples)
    assert "should be WORD" in context.examples[0].observed.rollout.score.feedback


async def test_with_nothing_but_agent_and_evals_it_works_as_it_stands(
    world, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(world.folder)

    result = await optimize(world.agent, words(10))

    told = capsys.readouterr().err
    assert result.complete
    assert (world.folder / ".spanwright" / "store.sqlite").exists()
    assert "Budget: at most 60 rollouts, 15 reflections." in told
    assert "10 cases are too few for a test split" in told
    assert "function:obedient (agent speaker), function:obedient (reflection)" in told
    assert result.rollouts <= 60
    assert result.reflections <= 15


async def test_a_program_and_a_factory_are_optimized_alike(world) -> None:
    agent = world.agent

    @optimizable(agents=[agent])
    async def program(word: str) -> str:
        return (await agent.run(word)).output

    @optimizable
    def factory() -> Agent[object, str]:
        return speaker(world.task)

    for run, subject in (("program", program), ("factory", factory)):
        result = await optimize(subject, words(20), **world.options(run=run))
        bare = (await factory().run("word")).output
        result.wear()
        worn = (await (factory() if run == "factory" else agent).run("word")).output

        assert result.components_changed, run
        assert ("word", "WORD!") == (bare, worn), run


async def test_an_agent_with_dependencies_gets_fresh_ones_for_each_rollout(world) -> None:
    opened: list[str] = []

    @asynccontextmanager
    async def counter(case: Case[str, str, None]) -> AsyncGenerator[list[str]]:
        opened.append(case.name or "")
        yield []

    agent = optimizable(Agent(world.task.model, name="counting", deps_type=list[str], instructions="Say the word."))

    @agent.tool
    async def punctuate(ctx: RunContext[list[str]], word: str) -> str:
        """Punctuate."""
        ctx.deps.append(word)
        return f"{word}!" if len(ctx.deps) == 1 else "somebody was here before"

    result = await optimize(agent, words(20), deps=counter, **world.options())

    assert result.components_changed
    assert result.rollouts + 1 == len(opened), "one for each rollout, and one to look at the agent"


async def test_the_reflection_model_defaults_to_the_agents_own(world) -> None:
    asked: list[str] = []

    async def both(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if info.output_tools or info.model_request_parameters.output_object or "component" in str(messages):
            asked.append(str(messages))
            return ModelResponse(parts=[TextPart("I would rather not.")])
        return await world.task.reply(messages, info)

    agent = optimizable(Agent(FunctionModel(both), name="both", instructions="Say the word."))

    result = await optimize(
        agent, words(10), budget=Budget(rollouts=40, reflections=3), store=":memory:", run=Run(progress=False)
    )

    assert asked
    assert 3 == result.reflections
    assert not result.improved
    assert "Nothing beat the seed." in str(result)


async def test_a_judges_requests_are_counted_and_its_prompt_is_no_component(world) -> None:
    judged: list[str] = []

    async def verdict(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        judged.append(info.instructions or str(messages[0].parts[0].content))
        answer = GradingOutput(reason="because", score=1.0, **{"pass": True}).model_dump(by_alias=True)
        return ModelResponse(parts=[ToolCallPart(info.output_tools[0].name, answer)])

    evals = words(20)
    evals.add_evaluator(LLMJudge(rubric="Polite.", model=FunctionModel(verdict)))
    result = await optimize(world.agent, evals, **world.options())

    assert {"speaker/instructions", "speaker/tool:punctuate"} == set(result.seed.texts)
    assert 1 == len(set(judged)), "no candidate changed what the judge is told"
    assert world.task.requests + len(judged) == result.usage.requests
    assert result.rollouts == len(judged)


async def test_observers_see_every_event_and_concurrency_is_kept(world) -> None:
    seen: list[Event] = []
    running = most = 0

    @optimizable(agents=[world.agent])
    async def program(word: str) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.lowlevel.checkpoint()
        running -= 1
        return word

    watched = Run(name="first", concurrency=3, progress=False, observers=[seen.append])
    result = await optimize(program, words(20), **{**world.options(rollouts=60), "run": watched})

    assert list(SqliteStore(world.store).reader.events("first")) == seen
    assert result.rollouts == sum(isinstance(event, RolloutEnded) for event in seen)
    assert isinstance(seen[-1], RunEnded)
    assert 3 == most


async def test_a_stop_handle_ends_the_run_resumable_and_the_same_call_goes_on(world) -> None:
    stop = Stop()

    def stop_soon(event: Event) -> None:
        if isinstance(event, RolloutEnded) and event.rollout.number == 10:
            stop.request()

    options: dict[str, Any] = {**world.options(), "run": Run(name="first", progress=False, observers=[stop_soon])}
    paused = await optimize(world.agent, words(20), stop=stop, **options)
    done = await optimize(world.agent, words(20), **world.options())

    assert not paused.complete
    assert StopReason.STOPPED is paused.stop_reason
    assert "Resume it with" in str(paused)
    assert done.complete
    assert done.components_changed
    assert paused.rollouts < done.rollouts <= 120


async def test_objectives_on_a_scale_of_ones_own_are_not_mistaken_for_perfect(world) -> None:
    def stars(case: object, output: str, trace: object) -> float:
        return 1.0 + 2 * output.isupper() + 2 * output.endswith("!")

    result = await optimize(world.agent, Evals(cases=words(20), metric=stars), objective="metric", **world.options())

    assert (1.0, 5.0) == (result.seed_validation, result.best_validation)


async def test_components_and_policy_can_be_chosen(world) -> None:
    result = await optimize(
        world.agent,
        words(20),
        components="speaker/tool:*",
        policy=Policy.gepa(seed=3),
        objective="sign",
        **world.options(),
    )

    assert ("speaker/tool:punctuate", "speaker/tool:punctuate/word") == tuple(result.seed.texts)
    assert "gepa" == result.policy
    assert 1.0 == result.best_validation


def test_without_async_there_is_one_shim(world) -> None:
    result = optimize_sync(world.agent, words(20), **world.options())

    assert result.components_changed


async def test_the_shim_under_a_running_loop_says_what_to_write(world) -> None:
    with pytest.raises(UsageError, match=r"under a running event loop. Write: await optimize\(...\)"):
        optimize_sync(world.agent, words(20), **world.options())

    assert 0 == world.task.requests
