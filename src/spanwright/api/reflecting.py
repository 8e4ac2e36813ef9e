"""Who reflects: the model, or the reflector, that the caller names, made fit for the texts that are to change."""

import math
from collections.abc import Mapping, Sequence

from pydantic_ai.models import Model

from spanwright.api.wishes import Wishes
from spanwright.core.candidate import Component, Kind
from spanwright.core.protocols import Reflector
from spanwright.engine import SHARE, Divided
from spanwright.errors import UsageError
from spanwright.models import resolve
from spanwright.reflection import WithWorkedExamples
from spanwright.search import Blamed, Policy


def reflector_of(wishes: Wishes, models: Mapping[str, Model]) -> tuple[Reflector, Mapping[str, Model]]:
    """Return who reflects, and the model to be asked for it, if we know it."""
    wish = wishes.reflection
    if wish is not None and not isinstance(wish, str | Model):
        if not callable(getattr(wish, "reflect", None)):
            raise UsageError(
                f"reflection_model={wish!r} cannot reflect", "Pass a model, its name, or an object with `reflect`"
            )
        return wish, {}
    if wish is None:
        if not models:
            raise UsageError("no agent has a model, so there is none to reflect with", "Pass reflection_model=")
        wish = next(iter(models.values()))
    model = resolve(wish)
    return wishes.writer(model), {"reflection": model}


def dividing(reflector: Reflector, policy: Policy) -> Reflector:
    """Return a reflector for a policy: what it offers beyond one prompt's share is dealt out to several readers."""
    rule = policy.component_rule
    return Divided(reflector) if isinstance(rule, Blamed) and rule.at_most > SHARE else reflector


def demonstrating(reflector: Reflector, components: Sequence[Component]) -> Reflector:
    """Return a reflector that leaves worked examples to those who choose them."""
    asked = any(component.kind is Kind.DEMONSTRATIONS for component in components)
    return WithWorkedExamples(reflector=reflector) if asked else reflector


def on_many(policy: Policy, components: Sequence[Component]) -> Sequence[str]:
    """Return how many texts are reflected on, where they are too many for one call."""
    rule = policy.component_rule
    if not isinstance(rule, Blamed) or rule.at_most <= SHARE:
        return ()
    texts, calls = len(components), math.ceil(rule.at_most / SHARE)
    looks = f"{texts} texts may change: an attempt looks at {policy.minibatch_size} cases"
    return (f"{looks}, and what they blame is dealt out to at most {calls} calls of the reflection model.",)
