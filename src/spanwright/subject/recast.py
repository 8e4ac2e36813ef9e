"""A subject whose agents ask another model for as long as a block lasts; the agents themselves stay as they are."""

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any, cast

from pydantic_ai.agent import AbstractAgent, Agent
from pydantic_ai.models import Model

from spanwright.errors import UsageError
from spanwright.subject.optimizable import definition_of


@contextmanager
def recast(subject: object, model: Model) -> Generator[object]:
    """Give what to run in place of `subject`: its agents ask `model`, in this task and in what it starts.

    Raises UsageError for a subject without agents of pydantic-ai: nobody but its author can give it another model.
    """
    with ExitStack() as stack:
        for agent in _agents_of(subject):
            stack.enter_context(agent.override(model=model))
        definition = definition_of(subject) if callable(subject) else None
        if definition is not None and definition.kind == "factory":
            yield _building(cast("Callable[[], object]", subject), model)
        else:
            yield subject


def _agents_of(subject: object) -> tuple[AbstractAgent[Any, Any], ...]:
    """Return the agents that are there before anything runs: of a factory those that it was said to use."""
    if isinstance(subject, AbstractAgent):
        return (cast("AbstractAgent[Any, Any]", subject),)
    definition = definition_of(subject) if callable(subject) else None
    if definition is None:
        raise UsageError(
            f"{subject!r} has no agents that could be given another model",
            "Name an Agent, a factory or a program that is decorated with optimizable",
        )
    return definition.agents


def _building(factory: Callable[[], object], model: Model) -> Callable[[], object]:
    """Return a factory whose agents have another model: each rollout builds its own."""

    @wraps(factory)  # keeps what `optimizable` noted on the function
    def build() -> object:
        built = factory()
        if isinstance(built, Agent):
            cast("Agent[Any, Any]", built).model = model
        elif isinstance(built, AbstractAgent):
            raise UsageError(
                "the factory builds an agent around another one, whose model cannot be replaced",
                "Let it return an Agent, or decorate a program that lists its agents",
            )
        return cast("object", built)

    return build
