"""What is wrong is said before money is spent: what it is, which, and what to do."""

from typing import Any, cast

import pytest
from api_world import Right, Task, Teacher, speaker, words
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import LLMJudge

from spanwright import Budget, Evals, Policy, Run, UsageError, UserBug, optimizable, optimize

TASK = Task()
AGENT = speaker(TASK)
TWIN = optimizable(Agent(TASK.model, name="speaker"))
PRICED = OpenAIChatModel("gpt-5-mini", provider=OpenAIProvider(api_key="none"))


def judged() -> Dataset[str, str, None]:
    evals = words(20)
    evals.add_evaluator(LLMJudge(rubric="Polite.", model=TASK.model))
    return evals


async def undecorated(word: str) -> str:
    return word


def two_of_one_name() -> object:
    return optimizable(agents=[AGENT, TWIN])(undecorated)


REFUSED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "no cases": ("the eval set has no cases", "at least two", {"evals": Dataset(name="none", cases=[])}),
    "no eval set": ("list is no eval set", "Evals(cases=", {"evals": [Case(inputs="x")]}),
    "duplicate ids": (
        "two cases have the id 'w0'",
        "over all splits",
        {"evals": Evals(cases=words(5), validation=words(5))},
    ),
    "nothing judges": (
        "nothing judges the case 'w0'",
        "metric=",
        {"evals": Dataset(name="bare", cases=words(5).cases)},
    ),
    "agent's model": (
        "the model 'nope:x' does not resolve",
        "openai:gpt-5-mini",
        {"subject": Agent("nope:x", name="a", defer_model_check=True)},
    ),
    "reflection model": ("the model 'gpt-99' does not resolve", "pass a Model", {"reflection_model": "gpt-99"}),
    "no reflector": ("reflection_model=42 cannot reflect", "`reflect`", {"reflection_model": 42}),
    "no model at all": (
        "no agent has a model, so there is none to reflect with",
        "reflection_model=",
        {"subject": Agent(name="a"), "reflection_model": None},
    ),
    "judge's model": (
        "the model 'nope:judge' does not resolve",
        "provider's key",
        {"evals": Dataset(name="judged", cases=words(5).cases, evaluators=[LLMJudge("Polite.", model="nope:judge")])},
    ),
    "unknown component": ("no component is named 'speaker/tool:fnd'", "punctuate", {"components": "speaker/tool:fnd"}),
    "unpriced model": (
        "budget usd=5 cannot be kept: the price of 'obedient' (agent speaker) is unknown",
        "or limit rollouts",
        {"budget": Budget(usd=5)},
    ),
    "unpriced judge": (
        "budget usd=5 cannot be kept: the price of 'obedient' (judge LLMJudge) is unknown",
        "or limit rollouts",
        {"subject": Agent(PRICED, name="a"), "evals": judged(), "budget": Budget(usd=5)},
    ),
    "deps_type without deps": (
        "the agent 'a' has dependencies of type str, and no deps= was given",
        "deps=lambda case",
        {"subject": Agent(TASK.model, name="a", deps_type=str)},
    ),
    "inputs that are no prompt": (
        "the inputs of the case 'n' are int, which no agent takes as a prompt",
        "decorate a program",
        {"evals": Dataset(name="numbers", cases=[Case(name=n, inputs=1) for n in "nm"], evaluators=[Right()])},
    ),
    "too small": (
        "a budget of 10 rollouts is too small: the test split takes 24 for seed and winner",
        "Give at least 43",
        {"evals": words(40), "budget": Budget(rollouts=10)},
    ),
    "too small for two tries": (
        "a budget of 10 rollouts is too small: the test split takes 24 for seed and winner",
        "Give at least 46",
        {"evals": words(40), "budget": Budget(rollouts=10), "policy": Policy.default(tries=2)},
    ),
    "unlimited": ("the budget limits nothing", "Set one of rollouts", {"budget": Budget()}),
    "no seconds": ("the budget's seconds=nan is no amount", "a number", {"budget": Budget(seconds=float("nan"))}),
    "owed dollars": ("the budget's usd=-1 is no amount", "a number", {"budget": Budget(rollouts=400, usd=-1)}),
    "half a rollout": (
        "the budget's rollouts=80.5 is no amount",
        "a whole number",
        {"budget": Budget(rollouts=cast("int", 80.5))},
    ),
    "undecorated": (
        "the function 'undecorated' is not decorated, so its agents are unknown",
        "@optimizable(agents=",
        {"subject": undecorated},
    ),
    "nothing to optimize": ("'support' cannot be optimized", "Hand over an Agent", {"subject": "support"}),
    "no name": ("an agent has no name, so its texts have no address", "name='support'", {"subject": Agent(TASK.model)}),
    "no slots": ("concurrency=0 lets no rollout run", "at least 1", {"run": Run(concurrency=0)}),
    "no name of a run": ("' ' cannot be the name of a run", "printable", {"run": " "}),
}


@pytest.mark.parametrize(("what", "remedy", "said"), REFUSED.values(), ids=REFUSED)
async def test_it_is_refused_and_no_model_was_asked(
    world, what: str, remedy: str, said: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    TASK.requests = 0
    teacher = Teacher()
    call: dict[str, Any] = {"subject": AGENT, "evals": words(20), "reflection_model": teacher, "store": world.store}

    with pytest.raises(UsageError) as refused:
        await optimize(**(call | said))

    assert refused.value.what.startswith(what)
    assert remedy in refused.value.remedy
    assert (0, []) == (TASK.requests, teacher.contexts)
    assert not world.store.exists()


def test_two_agents_of_one_name_are_refused_where_they_are_named() -> None:
    with pytest.raises(UsageError, match="two agents are named 'speaker', so their texts would share addresses"):
        two_of_one_name()


async def test_a_figure_outside_of_0_to_1_is_found_out_with_the_first_rollouts(world) -> None:
    evals = Evals(cases=words(20), metric=lambda *_: 4)

    with pytest.raises(UserBug) as bug:
        await optimize(world.agent, evals, **world.options())

    assert "the metric returned 4, which is outside of 0 to 1" in str(bug.value)
    assert 'Say objective="metric"' in str(bug.value)
    assert world.task.requests <= 3
