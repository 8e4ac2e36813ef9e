"""What a run may spend where nobody says it, and what cannot work, said before money is spent."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import timedelta

from pydantic_ai.models import Model

from spanwright.api.wishes import Wishes
from spanwright.core.case import Splits
from spanwright.core.goal import Goal
from spanwright.core.prices import Price, price_of
from spanwright.core.usage import Budget
from spanwright.errors import UsageError
from spanwright.models import is_priced
from spanwright.search import Policy

ROLLOUTS_PER_VALIDATION_CASE = 20
"""The default budget: this many rollouts for each validation case, and the test split for seed and winner."""


ROLLOUTS_PER_REFLECTION = 4
"""The default limit of reflections: one for so many rollouts. A run needs about a third of it."""


def default_budget(splits: Splits) -> Budget:
    """Return what a run may spend where nobody says it."""
    return Budget(rollouts=ROLLOUTS_PER_VALIDATION_CASE * len(splits.validation) + 2 * len(splits.test))


def searching(wishes: Wishes, splits: Splits) -> int | None:
    """Return the rollouts that are left beside the test split; None where nothing limits them."""
    rollouts = (wishes.budget or default_budget(splits)).rollouts
    return None if rollouts is None else rollouts - 2 * len(splits.test)


def budgeted(wishes: Wishes, splits: Splits, policy: Policy, models: Mapping[str, Model]) -> Budget:
    """Return the budget with its defaults.

    Raises UsageError for one that is too small for a single attempt, or limits dollars of models without a price.
    """
    given = _budget(wishes.budget, splits, policy)
    check_priced(given, models, wishes.prices)
    return given


def _budget(budget: Budget | None, splits: Splits, policy: Policy) -> Budget:
    test = 2 * len(splits.test)
    given = budget or default_budget(splits)
    if given == Budget():
        raise UsageError(
            "the budget limits nothing", "Set one of rollouts, reflections, requests, tokens, usd, seconds"
        )
    _check_amounts(given)
    if given.rollouts is None:
        return given
    block = min(policy.block or len(splits.validation), len(splits.validation))
    least = test + 2 * block + policy.attempt_rollouts
    if given.rollouts < least:
        raise UsageError(
            f"a budget of {given.rollouts} rollouts is too small: the test split takes {test} for seed and winner, and"
            f" measuring the seed and one child takes {least - test}",
            f"Give at least {least}, or fewer test cases",
        )
    if given.reflections is None:
        given = replace(given, reflections=max(10, given.rollouts // ROLLOUTS_PER_REFLECTION))
    return given


def _check_amounts(budget: Budget) -> None:
    """Raise UsageError for a limit that is no amount: it would stop nothing, or everything, and nobody would know."""
    for name in (field.name for field in fields(budget)):
        limit: object = getattr(budget, name)
        if limit is None:
            continue
        amount = limit.total_seconds() if isinstance(limit, timedelta) else limit
        whole = name in {"rollouts", "reflections", "requests", "tokens"}
        if isinstance(amount, bool) or not isinstance(amount, int if whole else int | float) or not amount >= 0:
            kind = "a whole number" if whole else "a number"
            raise UsageError(f"the budget's {name}={limit!r} is no amount", f"Give {kind}, or None for no limit")


def _is_priced(model: Model, prices: Mapping[str, Price]) -> bool:
    return price_of(prices, model.system, model.model_name) is not None or is_priced(model)


def check_priced(budget: Budget, models: Mapping[str, Model], prices: Mapping[str, Price]) -> None:
    """Raise UsageError for a limit in dollars, and a model without a price. `models` are by what they are for."""
    if budget.usd is None:
        return
    for purpose, model in models.items():
        if not _is_priced(model, prices):
            raise UsageError(
                f"budget usd={budget.usd} cannot be kept: the price of {model.model_name!r} ({purpose}) is unknown",
                f"Give it, in dollars for a million tokens: Run(prices={{{model.model_name!r}: Price(input=..., "
                "output=...)}); or limit rollouts, requests or tokens instead",
            )


def unpriced_goals(goals: Sequence[Goal], models: Mapping[str, Model], prices: Mapping[str, Price]) -> Sequence[str]:
    """Return a remark where a goal for the cost cannot be judged."""
    unknown = sorted({model.model_name for model in models.values() if not _is_priced(model, prices)})
    wanted = [goal.words for goal in goals if goal.figure == "cost"]
    if not unknown or not wanted:
        return ()
    what = f"the price of {', '.join(unknown)} is unknown, and so is the cost of rollouts that ask it"
    return (f"{what}: {', '.join(wanted)} cannot be judged by them. Use a goal for tokens instead",)
