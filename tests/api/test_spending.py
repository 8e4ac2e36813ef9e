"""What a run spent on what, and a budget in dollars of a model whose price only the user knows."""

import pytest
from api_world import World, words

from spanwright import Budget, Price, Run, SqliteStore, UsageError, optimize
from spanwright.core.events import RolloutEnded
from spanwright.core.usage import Usage

PRICES = {"obedient": Price(input=1_000.0, output=2_000.0)}
"""Dollars for a million tokens: a request costs some cents."""


async def test_what_was_spent_is_told_by_what_it_was_spent_on_and_adds_up(world: World) -> None:
    result = await optimize(world.agent, words(40), **world.options())

    together = sum(result.spending.values(), Usage())
    assert {"minibatches", "validation", "finals", "test", "reflections"} >= result.spending.keys() >= {"validation"}
    assert (result.usage.rollouts, result.usage.requests, result.usage.tokens) == (
        together.rollouts,
        together.requests,
        together.tokens,
    )
    assert result.usage.seconds == pytest.approx(together.seconds)
    assert "spent on" in str(result)


async def test_dollars_limit_a_run_whose_prices_are_given_and_no_request_is_without_one(world: World) -> None:
    options = world.options()
    options["budget"] = Budget(usd=3.0)
    options["run"] = Run(name="first", concurrency=4, prices=PRICES, progress=False)
    result = await optimize(world.agent, words(40), **options)

    events = SqliteStore(world.store).reader.events("first")
    dearest = max(event.rollout.usage.usd for event in events if isinstance(event, RolloutEnded))
    assert 0 < result.usage.usd <= 3.0 + 4 * dearest, "by what was in flight, and no more"
    assert 0 == result.usage.unpriced
    assert result.usage.requests == world.task.requests


async def test_dollars_of_a_model_without_a_price_are_refused_and_the_argument_is_named(world: World) -> None:
    options = world.options()
    options["budget"] = Budget(usd=3.0)

    with pytest.raises(UsageError, match=r"'obedient' .* is unknown") as refused:
        await optimize(world.agent, words(40), **options)

    assert "Run(prices={'obedient': Price(" in refused.value.remedy
    assert 0 == world.task.requests
