"""Prices of models that no list knows: a local server's, or one that was negotiated."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from spanwright.core.trace import ModelCall, Trace
from spanwright.errors import UsageError

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for a million tokens: `Run(prices={"my-model": Price(input=0.25, output=2.0)})`; 0 is free."""

    input: float
    output: float

    def __post_init__(self) -> None:
        if min(self.input, self.output) < 0:
            raise UsageError(f"the price {self} is negative", "Give dollars for a million tokens, 0 for a free model")

    def of(self, input_tokens: int, output_tokens: int) -> float:
        """Return the price of one request."""
        return (input_tokens * self.input + output_tokens * self.output) / _MILLION


def price_of(prices: Mapping[str, Price], provider: str, model: str) -> Price | None:
    """Return a model's price, given under `provider:model` or `model` alone; None where neither is there."""
    return prices.get(f"{provider}:{model}") or prices.get(model)


def priced(trace: Trace, prices: Mapping[str, Price]) -> Trace:
    """Return a trace in which every call of a model with a given price has that price, whatever else was known."""
    if not prices or not trace.model_calls:
        return trace
    return replace(trace, model_calls=tuple(_priced(call, prices) for call in trace.model_calls))


def _priced(call: ModelCall, prices: Mapping[str, Price]) -> ModelCall:
    price, usage = price_of(prices, call.provider, call.model), call.usage
    if price is None or not usage.requests:
        return call
    usd = price.of(usage.input_tokens, usage.output_tokens)
    return replace(call, usage=replace(usage, usd=usd, unpriced=0))
