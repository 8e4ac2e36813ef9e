"""Goals for real agents: what they take is measured from their spans, without anything being set up."""

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse, TextPart
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.usage import RequestUsage
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EqualsExpected

from spanwright import (
    Budget,
    Evals,
    Goal,
    Proposal,
    Reflection,
    UserBug,
    at_most,
    minimize,
    optimizable,
    optimize,
)
from spanwright.errors import RunMismatch

LONG = "Answer in capitals, and think about it long and hard before you do."
SHORT = "Answer in capitals."


class Writer:
    """A reflector that writes a long text, and a short one where it is told that tokens count."""

    def __init__(self):
        self.goals: list[tuple[Goal, ...]] = []

    async def reflect(self, context):
        self.goals.append(context.goals)
        now = next(iter(context.parent.texts.values()))
        text = SHORT if context.goals and "capitals" in now else LONG
        return Reflection(result=Proposal(parents=(context.parent.id,), edits={context.components[0].id: text}))


def shouting(name="gpt-5-mini"):
    async def shout(messages, info):
        word = str(messages[-1].parts[-1].content)
        said = word.upper() if "capitals" in (info.instructions or "") else word
        words = len((info.instructions or "").split())
        usage = RequestUsage(input_tokens=10 * words, output_tokens=5)
        return ModelResponse(parts=[TextPart(said)], usage=usage, model_name=name, provider_name="openai")

    return optimizable(Agent(FunctionModel(shout, model_name=name), name="shout", instructions="Answer."))


def words(count=24):
    cases = [Case(name=f"w{n}", inputs=f"w{n}", expected_output=f"W{n}") for n in range(count)]
    return Dataset(name="words", cases=cases, evaluators=[EqualsExpected()])


def common(tmp_path):
    return {"reflection_model": Writer(), "store": tmp_path / "store.sqlite", "budget": Budget(rollouts=90)}


async def test_a_goal_for_tokens_finds_the_shorter_text_that_does_as_well(tmp_path):
    said = common(tmp_path)
    result = await optimize(shouting(), Evals(cases=words(), goals=[minimize("tokens")]), **said)

    assert SHORT in [text for each in result.front for text in each.candidate.texts.values()]
    assert all(each.figures["tokens"].mean > 0 for each in result.front)
    assert {(minimize("tokens"),)} == set(said["reflection_model"].goals)


async def test_without_goals_the_front_is_the_winner_and_the_report_shows_none(tmp_path):
    result = await optimize(shouting(), words(), **common(tmp_path))

    assert [result.best] == [each.candidate for each in result.front]
    assert "front" not in str(result)


async def test_a_cost_that_no_price_is_known_for_is_told_before_and_after(tmp_path, capsys):
    goals = [at_most("cost", 0.001)]
    result = await optimize(shouting("nobody-sells-this"), Evals(cases=words(), goals=goals), **common(tmp_path))

    assert "the price of nobody-sells-this is unknown" in str(result)
    assert "cost at most 0.001: not judged, cost is unknown" in str(result)


async def test_a_figure_that_nobody_returns_stops_the_run_and_lists_what_there_is(tmp_path):
    goals = [minimize("beauty")]
    with pytest.raises(UserBug, match="no evaluator returned 'beauty'") as raised:
        await optimize(shouting(), Evals(cases=words(), goals=goals), **common(tmp_path))

    assert "EqualsExpected, cost, latency, requests, score, tokens, tool_calls" in raised.value.remedy


async def test_a_run_is_not_resumed_with_other_goals(tmp_path):
    said = common(tmp_path)
    await optimize(shouting(), Evals(cases=words(), goals=[minimize("tokens")]), run="first", **said)

    with pytest.raises(RunMismatch, match="goals"):
        await optimize(shouting(), Evals(cases=words(), goals=[minimize("requests")]), run="first", **said)
