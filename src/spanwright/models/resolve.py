"""From what a user writes to a model: resolved before money is spent, and asked whether its price is known."""

import genai_prices
from pydantic_ai.exceptions import UserError
from pydantic_ai.models import Model, infer_model
from pydantic_ai.models.fallback import FallbackModel

from spanwright.errors import UsageError
from spanwright.models.trip import innermost


def resolve(model: Model | str) -> Model:
    """Return the model for a name like "openai:gpt-5-mini", or the model itself.

    Raises UsageError for a name that does not resolve, and for a provider that lacks its key or its package.
    """
    if isinstance(model, Model):
        return model
    if not isinstance(model, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(
            f"the model {model!r} is {type(model).__name__}", "Give a name like 'openai:gpt-5-mini', or a Model"
        )
    try:
        return infer_model(model)
    except (UserError, ImportError, ValueError) as error:
        raise UsageError(
            f"the model {model!r} does not resolve: {error}",
            "Give a name like 'openai:gpt-5-mini', set the provider's key, or pass a Model",
        ) from error


def model_id(model: Model | str | None) -> str:
    """Return the name under which a model is recorded and shown, `provider:name`."""
    if model is None:
        return "none"
    return model if isinstance(model, str) else f"{model.system}:{model.model_name}"


def is_priced(model: Model) -> bool:
    """Return whether the price of the model's requests is known, so that a limit in dollars can hold."""
    inner = innermost(model)
    if isinstance(inner, FallbackModel):
        return all(is_priced(each) for each in inner.models)
    usage = genai_prices.Usage(input_tokens=1, output_tokens=1)
    try:
        genai_prices.calc_price(usage, inner.model_name, provider_id=inner.system)
    except LookupError:
        return False
    return True
