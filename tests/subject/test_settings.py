"""Settings of a model, and the model itself, among values that the user lists: found, worn, searched, and kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.settings import ModelSettings
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EqualsExpected

from spanwright import Budget, Policy, Refusal, optimizable, optimize
from spanwright.core.breaches import breach
from spanwright.core.candidate import Candidate, Kind
from spanwright.core.context import ReflectionContext
from spanwright.core.proposal import Proposal, Reflection
from spanwright.errors import UsageError
from spanwright.search import Choosing
from spanwright.subject import chosen, discover, wearing
from spanwright.telemetry import SpanRecorder


def answering(name: str, answer: Callable[[AgentInfo], str]) -> FunctionModel:
    def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[TextPart(answer(info))])

    return FunctionModel(reply, model_name=name)


SMALL = answering("small", lambda info: f"small at {(info.model_settings or {}).get('temperature')}")
LARGE = answering("large", lambda info: f"large at {(info.model_settings or {}).get('temperature')}")
SEARCHED = {"temperature": [0.0, 1.0], "model": [SMALL, LARGE]}


def clerk(**terms: Any) -> Agent[None, str]:
    agent = Agent(SMALL, name="clerk", instructions="Answer.", model_settings=ModelSettings(temperature=0.5))
    return optimizable(agent, **terms)


async def test_settings_that_are_listed_are_components_with_the_agents_own_value_first() -> None:
    found = {each.id: each for each in await discover(clerk(settings=SEARCHED))}

    assert ("0.5", ("0.5", "0.0", "1.0")) == (
        found["clerk/setting:temperature"].text,
        found["clerk/setting:temperature"].values,
    )
    assert ("function:small", "function:large") == found["clerk/setting:model"].values
    assert not [each for each in await discover(clerk()) if each.kind is Kind.SETTING]


async def test_a_setting_that_the_agent_leaves_open_may_stay_open() -> None:
    found = {each.id: each for each in await discover(clerk(settings={"thinking": ["low", "high"]}))}

    assert ("", '"low"', '"high"') == found["clerk/setting:thinking"].values


async def test_settings_are_worn_and_accounted_for() -> None:
    agent = clerk(settings=SEARCHED)

    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            with wearing(
                Candidate(texts={"clerk/setting:temperature": "1.0", "clerk/setting:model": "function:large"})
            ):
                worn = (await agent.run("x")).output

    assert "large at 1.0" == worn
    assert "small at 0.5" == (await agent.run("x")).output
    assert {"clerk/setting:temperature", "clerk/setting:model"} == recording.trace.components
    assert ["large"] == [call.model for call in recording.trace.model_calls]


class Watching:
    """Reflects in vain, and keeps what it was shown."""

    def __init__(self) -> None:
        self.shown: list[ReflectionContext] = []

    async def reflect(self, context: ReflectionContext) -> Reflection:
        self.shown.append(context)
        edits = {context.components[0].id: f"Answer {len(self.shown)}."}
        return Reflection(result=Proposal(parents=(context.parent.id,), edits=edits))


def _questions(right: str) -> Dataset[str, str, Any]:
    cases = [Case(name=f"{n}", inputs=f"{n}", expected_output=right) for n in range(40)]
    return Dataset(name="questions", cases=cases, evaluators=[EqualsExpected()])


async def test_the_best_values_are_found_by_measuring_and_no_reflector_sees_them(tmp_path: Path) -> None:
    watching = Watching()
    agent = clerk(settings=SEARCHED)
    right = answering("small", lambda info: "yes" if (info.model_settings or {}).get("temperature") == 1.0 else "no")
    agent.model = right

    result = await optimize(
        agent,
        _questions("yes"),
        budget=Budget(rollouts=200),
        reflection_model=watching,
        store=":memory:",
    )

    assert "1.0" == result.best.texts["clerk/setting:temperature"]
    assert result.improved
    assert "clerk/setting:temperature" in result.components_changed
    assert "+1.0" in result.diff()
    for context in watching.shown:
        assert {"clerk/instructions"} == {each.id for each in (*context.components, *context.others)}

    result.save(tmp_path / "champion.json")
    crowned = Agent(right, name="clerk", instructions="Answer.")
    assert "yes" == (await optimizable(crowned, champion=tmp_path / "champion.json").run("x")).output


async def test_where_nothing_but_settings_may_change_no_reflection_is_paid_for() -> None:
    watching = Watching()

    result = await optimize(
        clerk(settings={"model": [SMALL, LARGE]}),
        _questions("large at 0.5"),
        components="*/setting:*",
        budget=Budget(rollouts=200),
        reflection_model=watching,
        store=":memory:",
    )

    assert {"clerk/setting:model": "function:large"} == result.best.texts
    assert [] == watching.shown
    assert 0 == result.reflections


async def test_a_value_that_is_not_listed_is_refused() -> None:
    (component,) = chosen(await discover(clerk(settings={"temperature": [0.0]})), "*/setting:*")

    assert isinstance(breach(component, "0.9"), Refusal)
    assert breach(component, "0.0") is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"temprature": [0.0]}, "'temprature', which is no setting of a model. Is it 'temperature'?"),
        ({"temperature": []}, "lists no values"),
        ({"temperature": "0.0"}, "lists no values"),
        ({"temperature": [object()]}, "has the value"),
        ({"temperature": [SMALL]}, "in vain"),
        ({"sales/temperature": [0.0]}, "names the agent 'sales'"),
    ],
)
async def test_what_cannot_be_searched_is_refused_when_it_is_said(settings: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        clerk(settings=settings)


async def test_a_model_that_does_not_resolve_is_refused_before_anything_is_paid_for() -> None:
    with pytest.raises(UsageError, match="the model 'nobody:nothing' does not resolve"):
        await optimize(clerk(settings={"model": ["nobody:nothing"]}), _questions("yes"), reflection_model=Watching())


def test_values_are_tried_beside_what_the_policy_drafts_already() -> None:
    rule = Policy.gepa(draft_rule=None).draft_rule

    assert Choosing() == Choosing(otherwise=rule)
