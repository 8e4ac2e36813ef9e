from datetime import timedelta

import pytest

from spanwright.core.case import Case, Splits
from spanwright.core.usage import Budget
from spanwright.report import Estimate, announcement, estimate

BUDGET = Budget(rollouts=1000, reflections=100, usd=5.0, seconds=timedelta(minutes=10))
MODELS = {"agent support": "openai:gpt-4o-mini", "reflection": "openai:gpt-4o"}
SIMULATED = {"agent support": "openai:sim-task", "reflection": "openai:sim-reflection"}


def estimated(budget, models) -> Estimate:
    found = estimate(budget, models)
    assert found is not None
    return found


def cases(name, count):
    return tuple(Case(id=f"{name}{place}", inputs="") for place in range(count))


@pytest.fixture
def splits():
    return Splits(train=cases("t", 48), validation=cases("v", 36), test=cases("e", 36))


def test_the_estimate_adds_rollouts_and_reflections_at_the_models_prices():
    rollouts_alone = estimated(Budget(rollouts=1000, reflections=0), MODELS).usd
    reflections_alone = estimated(Budget(rollouts=0, reflections=100), MODELS).usd

    both = estimated(BUDGET, MODELS).usd

    assert rollouts_alone > 0
    assert reflections_alone > 0
    assert both == pytest.approx(rollouts_alone + reflections_alone)


def test_agents_with_several_models_are_priced_by_their_mean():
    cheap, dear = "openai:gpt-4o-mini", "openai:gpt-4o"
    budget = Budget(rollouts=1000, reflections=0)
    alone = [estimated(budget, {"agent writer": model}).usd for model in (cheap, dear)]

    together = estimated(budget, {"agent writer": cheap, "agent reader": dear}).usd

    assert together == pytest.approx(sum(alone) / 2)


def test_a_model_without_a_price_is_named():
    found = estimated(BUDGET, {**MODELS, "agent support": "openai:sim-task"})

    assert ("openai:sim-task",) == found.unknown
    assert found.usd > 0


def test_no_estimate_is_made_up_where_the_budget_has_no_limit():
    assert estimate(Budget(usd=5.0), MODELS) is None


def test_the_announcement_tells_budget_cases_models_and_cost(splits):
    expected = """\
Budget: at most 1,000 rollouts, 100 reflections, $5.00, 10 min 00 s.
Cases: 48 to learn from, 36 to choose by, 36 to report on.
Models: openai:gpt-4o-mini (agent support), openai:gpt-4o (reflection).
Estimated cost: about $4.70, if a rollout takes 3 requests of 1,500 tokens and a reflection 9,000 tokens."""

    assert expected == announcement(BUDGET, splits, MODELS)


def test_the_announcement_says_what_is_not_known(splits):
    few = Splits(train=splits.train, validation=splits.validation)

    told = announcement(BUDGET, few, SIMULATED, ["30 cases are too few for a test split."])

    assert "none to report on" in told
    assert "Estimated cost: unknown for openai:sim-task, openai:sim-reflection." in told
    assert told.endswith("30 cases are too few for a test split.")


def test_a_budget_without_limits_is_said_to_have_none(splits):
    told = announcement(Budget(), splits, MODELS)

    assert told.startswith("Budget: no limit.")
    assert "Estimated cost: unknown, because" in told
