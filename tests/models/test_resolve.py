"""Models are resolved, named and priced before money is spent."""

from typing import Any

import pytest
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.models.instrumented import InstrumentedModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.providers.openai import OpenAIProvider

from spanwright.errors import UsageError
from spanwright.models import JudgeModel, is_priced, model_id, resolve


def openai(name: str) -> OpenAIChatModel:
    return OpenAIChatModel(name, provider=OpenAIProvider(api_key="none"))


def test_a_model_stays_what_it_is_and_a_name_becomes_one() -> None:
    model = TestModel()

    assert model is resolve(model)
    assert isinstance(resolve("test"), TestModel)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nope:x", "Unknown model: nope:x"),
        ("gpt-5", "Unknown model: gpt-5"),
        ("", "Unknown model"),
        ("openai:gpt-5-mini", "OPENAI_API_KEY"),
        ("mistral:mistral-large-latest", "install"),
    ],
    ids=["provider", "no provider", "empty", "key", "package"],
)
def test_a_name_that_does_not_resolve_is_refused_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, name: str, why: str
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    with pytest.raises(UsageError) as refused:
        resolve(name)

    assert refused.value.what.startswith(f"the model {name!r} does not resolve: ")
    assert why in refused.value.what
    assert "openai:gpt-5-mini" in refused.value.remedy


@pytest.mark.parametrize("model", [3, None, TestModel])
def test_what_is_neither_a_model_nor_a_name_is_refused(model: Any) -> None:
    with pytest.raises(UsageError, match=r"the model .* is (int|NoneType|ABCMeta)\. Give a name"):
        resolve(model)


def test_a_model_is_named_by_its_provider_and_name() -> None:
    assert "openai:gpt-5-mini" == model_id(openai("gpt-5-mini"))
    assert "openai:gpt-5-mini" == model_id("openai:gpt-5-mini")
    assert "none" == model_id(None)


def test_a_price_is_known_of_models_that_are_sold_and_of_nothing_else() -> None:
    known, unknown = openai("gpt-5-mini"), openai("my-own-model")

    assert is_priced(known)
    assert is_priced(InstrumentedModel(known))
    assert is_priced(JudgeModel(known))
    assert is_priced(FallbackModel(known, openai("gpt-5")))
    assert not is_priced(unknown)
    assert not is_priced(FallbackModel(known, unknown))
    assert not is_priced(FunctionModel(lambda *_: None))
    assert not is_priced(TestModel())
