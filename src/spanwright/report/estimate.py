"""What a run may spend and what that may cost, told before the first model call.

A rough figure that says what it assumes beats a precise one that comes too late: nobody knows how many requests a
rollout takes before it has run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import genai_prices

from spanwright.core.case import Splits
from spanwright.core.usage import Budget
from spanwright.report import figures

REFLECTION = "reflection"
"""What the reflection model is for; models with any other purpose are the agents'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The tokens of one request."""

    input_tokens: int
    output_tokens: int

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


ROLLOUT_REQUESTS = 3
"""Model requests that a rollout is assumed to take."""
ROLLOUT_REQUEST = Size(input_tokens=1_300, output_tokens=200)
REFLECTION_REQUEST = Size(input_tokens=7_000, output_tokens=2_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The expected price of a budget, of those models whose price is known."""

    usd: float
    unknown: tuple[str, ...] = ()
    """Models without a known price."""


def estimate(budget: Budget, models: Mapping[str, str]) -> Estimate | None:
    """Return the expected cost of spending the whole budget; None where it limits no rollouts, or no reflections.

    `models` are named `provider:name`, by what they are for: "reflection", or an agent.
    """
    if budget.rollouts is None or budget.reflections is None:
        return None
    prices = {purpose: _price(model, _request(purpose)) for purpose, model in models.items()}
    agents = [price for purpose, price in prices.items() if purpose != REFLECTION and price is not None]
    usd = budget.reflections * (prices.get(REFLECTION) or 0.0)
    if agents:
        usd += budget.rollouts * ROLLOUT_REQUESTS * sum(agents) / len(agents)
    unknown = dict.fromkeys(models[purpose] for purpose, price in prices.items() if price is None)
    return Estimate(usd=usd, unknown=tuple(unknown))


def announcement(budget: Budget, splits: Splits, models: Mapping[str, str], remarks: Sequence[str] = ()) -> str:
    """Return what to print before the first model call: allowance, cases, models, expected cost, and `remarks`."""
    test = f"{len(splits.test)} to report on" if splits.test else "none to report on"
    named = ", ".join(f"{model} ({purpose})" for purpose, model in models.items()) or "none that are known"
    lines = [
        f"Budget: {_allowance(budget)}.",
        f"Cases: {len(splits.train)} to learn from, {len(splits.validation)} to choose by, {test}.",
        f"Models: {named}.",
        f"Estimated cost: {_cost(budget, models)}.",
        *remarks,
    ]
    return "\n".join(lines)


def _allowance(budget: Budget) -> str:
    seconds = budget.seconds.total_seconds() if isinstance(budget.seconds, timedelta) else budget.seconds
    limits = [
        figures.number(limit, noun)
        for limit, noun in (
            (budget.rollouts, "rollout"),
            (budget.reflections, "reflection"),
            (budget.requests, "request"),
            (budget.tokens, "token"),
        )
        if limit is not None
    ]
    if budget.usd is not None:
        limits.append(figures.dollars(budget.usd))
    if seconds is not None:
        limits.append(figures.duration(seconds))
    return f"at most {', '.join(limits)}" if limits else "no limit"


def _cost(budget: Budget, models: Mapping[str, str]) -> str:
    found = estimate(budget, models)
    if found is None:
        return "unknown, because the budget leaves rollouts or reflections unlimited"
    unknown = f"unknown for {', '.join(found.unknown)}" if found.unknown else ""
    if not found.usd:
        return unknown or "nothing"
    basis = (
        f"if a rollout takes {ROLLOUT_REQUESTS} requests of {figures.count(ROLLOUT_REQUEST.tokens)} tokens"
        f" and a reflection {figures.count(REFLECTION_REQUEST.tokens)} tokens"
    )
    return f"about {figures.dollars(found.usd)}, {basis}" + (f"; {unknown}" if unknown else "")


def _request(purpose: str) -> Size:
    return REFLECTION_REQUEST if purpose == REFLECTION else ROLLOUT_REQUEST


def _price(model: str, size: Size) -> float | None:
    """Return the price of a request, None where it is not known."""
    provider, _, name = model.partition(":")
    tokens = genai_prices.Usage(input_tokens=size.input_tokens, output_tokens=size.output_tokens)
    try:
        return float(genai_prices.calc_price(tokens, name, provider_id=provider).total_price)
    except LookupError:
        return None
