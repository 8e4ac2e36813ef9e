"""A bug of the user's ends the run with one error that says where; what was paid for is kept."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from api_world import CAPITALS, Right, Teacher, words
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_evals.evaluators import EvaluationReason, EvaluatorContext

from spanwright import (
    Evals,
    Proposal,
    Reflection,
    ReflectionContext,
    SqliteStore,
    UserBug,
    optimizable,
    optimize,
)
from spanwright.core.events import Event, Refused, RolloutEnded


def kept(world) -> list[Event]:
    return list(SqliteStore(world.store).reader.events("first"))


def rollouts(world) -> list[RolloutEnded]:
    return [event for event in kept(world) if isinstance(event, RolloutEnded)]


def no_group_anywhere(error: BaseException) -> bool:
    return "ExceptionGroup" not in "".join(traceback.format_exception(type(error), error, None)) and not isinstance(
        error, BaseExceptionGroup
    )


async def test_a_tool_that_always_fails_is_found_out_after_three_rollouts(world) -> None:
    agent = optimizable(Agent(world.task.model, name="speaker", instructions="Say the word."))

    @agent.tool_plain
    async def punctuate(word: str) -> str:
        """Punctuate, always."""
        raise LookupError(f"no sign for {word}")

    with pytest.raises(UserBug) as raised:
        await optimize(agent, words(20), **world.options())

    bug = raised.value
    assert no_group_anywhere(bug)
    assert "LookupError: no sign for word" in bug.message
    assert "3 of 3 rollouts of the unchanged agent" in bug.message
    assert bug.case in {case.name for case in words(20).cases}
    number = int(bug.trace.removeprefix("first "))
    observed = SqliteStore(world.store).reader.trace("first", number)
    assert bug.case == observed.rollout.key.case
    assert "no sign for" in observed.trace.errors[0]
    assert 3 == len(rollouts(world)) == world.task.requests
    assert [] == world.teacher.contexts


@dataclass
class SometimesBroken(Right):
    """Judges well until it meets one case."""

    bad: str = "word7"

    def evaluate(self, ctx: EvaluatorContext[str, str, None]) -> dict[str, EvaluationReason]:
        if ctx.inputs == self.bad:
            raise ZeroDivisionError("division by zero")
        return super().evaluate(ctx)


async def test_an_evaluator_that_fails_on_one_case_stops_the_run_with_that_case(world) -> None:
    evals = words(20)
    evals.evaluators[:] = [SometimesBroken()]

    with pytest.raises(UserBug) as raised:
        await optimize(world.agent, evals, **world.options())

    bug = raised.value
    assert no_group_anywhere(bug)
    assert "the evaluator 'SometimesBroken' failed: ZeroDivisionError: division by zero" in str(bug)
    assert "w7" == bug.case
    assert bug.trace.startswith("first ")
    ended = rollouts(world)
    scored = [event for event in ended if event.rollout.score is not None]
    assert scored
    assert ["w7"] == [event.rollout.key.case for event in ended if event.rollout.failure is not None]


async def test_once_it_is_fixed_the_run_goes_on_with_what_was_paid_for(world) -> None:
    def rated(case: object, output: str, trace: object) -> float:
        return (output.isupper() + output.endswith("!")) / (0 if "7" in output else 2)

    with pytest.raises(UserBug, match="the metric failed: ZeroDivisionError"):
        await optimize(world.agent, Evals(cases=words(20), metric=rated), **world.options())
    paid = {event.rollout.key for event in rollouts(world) if event.rollout.score is not None}
    asked = world.task.requests

    def rated(case: object, output: str, trace: object) -> float:
        return (output.isupper() + output.endswith("!")) / 2

    result = await optimize(world.agent, Evals(cases=words(20), metric=rated), **world.options())

    assert result.components_changed
    assert any("evaluator 'rated' has changed since the run began" in remark for remark in result.remarks)
    keys = [event.rollout.key for event in rollouts(world) if event.rollout.score is not None]
    assert paid <= set(keys)
    assert len(keys) == len(set(keys)), "nothing was scored twice"
    assert world.task.requests > asked


async def test_a_wrong_key_is_the_users_and_says_so_at_once(world) -> None:
    async def refuse(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        raise ModelHTTPError(401, "gpt", {"message": "invalid key"})

    agent = optimizable(Agent(FunctionModel(refuse), name="speaker", instructions="Say the word."))

    with pytest.raises(UserBug) as raised:
        await optimize(agent, words(20), **world.options())

    assert no_group_anywhere(raised.value)
    assert "model settings failed" in str(raised.value)
    assert "Check the model's name, the key and the account" in str(raised.value)


def explode(context: ReflectionContext) -> Reflection:
    raise LookupError("no idea")


def wrong(context: ReflectionContext) -> Reflection:
    return Reflection(result=Proposal(parents=(context.parent.id,), edits={"nobody/instructions": CAPITALS}))


def nothing(context: ReflectionContext) -> Reflection:
    return None  # pyright: ignore[reportReturnType]


class Failing(Teacher):
    """A reflector of the user's own."""

    def __init__(self, answer: Callable[[ReflectionContext], Reflection]) -> None:
        super().__init__()
        self.answer = answer

    async def reflect(self, context: ReflectionContext) -> Reflection:
        return self.answer(context)


@pytest.mark.parametrize("answer", [explode, nothing])
async def test_a_reflector_that_fails_is_the_users_bug(
    world, answer: Callable[[ReflectionContext], Reflection]
) -> None:
    with pytest.raises(UserBug) as raised:
        await optimize(world.agent, words(20), **(world.options() | {"reflection_model": Failing(answer)}))

    assert no_group_anywhere(raised.value)
    assert "the reflector failed" in str(raised.value)
    assert rollouts(world)


async def test_a_reflector_that_edits_what_there_is_not_is_refused_and_the_run_goes_on(world) -> None:
    result = await optimize(world.agent, words(20), **(world.options() | {"reflection_model": Failing(wrong)}))

    assert result.complete
    assert (0, result.reflections) == (result.accepted, result.refused)
    refused = next(event for event in kept(world) if isinstance(event, Refused))
    assert ("wrong component", "nobody/instructions") == (refused.refusal.reason, refused.refusal.detail)


async def test_a_factory_that_changes_its_mind_is_the_users_bug(world) -> None:
    built: list[Agent[object, str]] = []

    @optimizable
    def make() -> Agent[object, str]:
        built.append(Agent(world.task.model, name="speaker", instructions="Say the word."))
        return built[-1] if len(built) < 3 else "an agent"  # pyright: ignore[reportReturnType]

    with pytest.raises(UserBug) as raised:
        await optimize(make, words(20), **world.options())

    assert "the factory 'make' returned str, not an Agent" in str(raised.value)
    assert "Return an Agent" in str(raised.value)
