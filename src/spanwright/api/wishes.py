"""What a caller hands over to be optimized, and asks for beyond the defaults."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pydantic_ai.models import Model
from pydantic_evals import Dataset

from spanwright.api.options import EvidenceFrom
from spanwright.core.prices import Price
from spanwright.core.protocols import Reflector
from spanwright.core.usage import Budget
from spanwright.reflection import ModelReflector
from spanwright.search import Policy
from spanwright.subject import Choice, Evals, Objective

Given: TypeAlias = tuple[object, Dataset[Any, Any, Any] | Evals[Any, Any, Any], object]
"""Subject, evals, and what makes the dependencies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the caller asks for beyond the defaults."""

    components: Choice | None
    objective: Objective | None
    reflection: Model | str | Reflector | None
    policy: Policy
    budget: Budget | None
    writer: Callable[[Model], Reflector] = ModelReflector
    """Makes a reflector of the reflection model."""
    evidence: EvidenceFrom | None = None
    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])
    model: Model | None = None
    """What all agents ask in place of their own."""
