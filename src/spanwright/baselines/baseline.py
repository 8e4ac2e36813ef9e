"""What makes an optimizer: how it searches, and who writes new texts."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic_ai.models import Model

from spanwright.core.protocols import Reflector
from spanwright.reflection import ModelReflector
from spanwright.search import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Goes where a policy goes. A reflector of your own, as `reflection_model`, takes the place of `writer`'s."""

    policy: Policy
    source: str = ""
    """The paper that it follows."""
    writer: Callable[[Model], Reflector] = ModelReflector
    """Makes the reflector from the reflection model."""
