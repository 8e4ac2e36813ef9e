"""A price that the user gives is the price of each request, whatever a list knows."""

import pytest

from spanwright import Price, UsageError
from spanwright.core.prices import price_of, priced
from spanwright.core.trace import ModelCall, Trace
from spanwright.core.usage import Usage


def test_a_given_price_makes_an_unpriced_request_count_in_dollars() -> None:
    asked = Usage(requests=1, input_tokens=2_000_000, output_tokens=500_000, unpriced=1)
    calls = (
        ModelCall(span_id="a", model="mine", provider="local", usage=asked),
        ModelCall(span_id="b", model="other", provider="local", usage=asked),
    )
    trace = priced(Trace(model_calls=calls), {"local:mine": Price(input=0.25, output=2.0)})

    assert (1.5, 1) == (trace.usage.usd, trace.usage.unpriced)


def test_a_price_is_found_by_provider_and_name_or_by_name() -> None:
    free, dear = Price(input=0.0, output=0.0), Price(input=1.0, output=1.0)

    assert free == price_of({"a:m": free, "m": dear}, "a", "m")
    assert dear == price_of({"a:m": free, "m": dear}, "b", "m")
    assert price_of({}, "a", "m") is None
    with pytest.raises(UsageError, match="negative"):
        Price(input=-1.0, output=0.0)
