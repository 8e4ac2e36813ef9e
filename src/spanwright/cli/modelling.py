"""Which models an invocation means, by name, by base URL or simulated in process; and how the agents get them."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from pydantic_ai.agent import AbstractAgent, Agent
from pydantic_ai.models import Model

from spanwright.cli.invocation import Invocation
from spanwright.errors import UsageError
from spanwright.models import resolve
from spanwright.subject import definition_of

SIMULATED = "simulated"
"""In place of a model's name: the offline stand-ins of `spanwright.testing.simulated`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who plays which part; None leaves the part to whom the agents name."""

    task: Model | None = None
    reflection: Model | None = None
    others: tuple[Model, ...] = ()
    """Who is tried in the place of the agents' model."""
    helper: Model | None = None
    """Who plays agents that take part and are not optimized; None leaves it to whom they name."""

    @property
    def named(self) -> tuple[Model, ...]:
        """The models that are not left to the agents."""
        everyone = (self.task, self.reflection, self.helper, *self.others)
        return tuple(model for model in everyone if model is not None)


def cast_of(invocation: Invocation, *, coding: bool = False) -> Cast:
    """Return the models of an invocation; `coding` is for texts that are no agent's.

    Raises UsageError for a name that does not resolve.
    """
    if coding and invocation.reflection_model == SIMULATED:
        return _simulated_coder(invocation)
    if SIMULATED in (invocation.model, invocation.reflection_model):
        return _simulated(invocation)
    if coding and invocation.reflection_model is not None:
        return Cast(reflection=_model(invocation.reflection_model, invocation.base_url))
    if invocation.base_url is not None and invocation.model is None:
        raise UsageError("--base-url names a server and no model", "Say which of its models with --model")
    helper = None if invocation.paper is None else invocation.paper.helper_model
    return Cast(
        task=_model(invocation.model, invocation.base_url),
        reflection=_model(invocation.reflection_model, invocation.base_url),
        helper=_model(helper, invocation.base_url),
    )


def others_of(names: Sequence[str], base_url: str | None, *, salt: int) -> tuple[Model, ...]:
    """Return models by their names; `simulated` and `simulated:NAME` are offline stand-ins.

    Raises UsageError for a name that does not resolve.
    """
    simulated = [name for name in names if name.partition(":")[0] == SIMULATED]
    known = _simulated_family(salt) if simulated else dict[str, "Model[Any]"]()
    for name in simulated:
        if name not in known:
            raise UsageError(f"there is no simulated model {name!r}", f"Name one of {', '.join(sorted(known))}")
    found = (known[name] if name in known else _model(name, base_url) for name in names)
    return tuple(model for model in found if model is not None)


def played_by(subject: object, model: Model | None) -> object:
    """Return the subject with its agents' model replaced. A factory comes back wrapped, all else is the same object."""
    if model is None:
        return subject
    definition = definition_of(subject) if callable(subject) else None
    if definition is not None and definition.kind == "factory":
        return _wrapped(cast("Callable[[], Agent[Any, Any]]", subject), model)
    for agent in agents_of(subject):
        agent.model = model
    return subject


def agents_of(subject: object) -> tuple[Agent[Any, Any], ...]:
    """Return the agents of an agent, a program or a factory. Raises UsageError for anything else."""
    if isinstance(subject, AbstractAgent):
        return _replaceable((cast("AbstractAgent[Any, Any]", subject),))
    definition = definition_of(subject) if callable(subject) else None
    if definition is None:
        raise UsageError(
            f"{subject!r} is no agent and not decorated with optimizable", "Name an Agent, a factory or a program"
        )
    if definition.kind == "factory":
        return _replaceable((cast("Callable[[], AbstractAgent[Any, Any]]", subject)(),))
    return _replaceable(definition.agents)


def _replaceable(agents: Iterable[AbstractAgent[Any, Any]]) -> tuple[Agent[Any, Any], ...]:
    found: list[Agent[Any, Any]] = []
    for agent in agents:
        if not isinstance(agent, Agent):
            raise UsageError(
                f"the agent {agent.name!r} is a {type(agent).__name__}, whose model cannot be replaced",
                "Set its model in the code",
            )
        found.append(agent)
    return tuple(found)


def _wrapped(factory: "Callable[[], Agent[Any, Any]]", model: Model) -> "Callable[[], Agent[Any, Any]]":
    @wraps(factory)  # keeps what `optimizable` noted on the function
    def build() -> Agent[Any, Any]:
        agent = factory()
        agent.model = model
        return agent

    return build


def _model(name: str | None, base_url: str | None) -> Model | None:
    if name is None:
        return None
    if base_url is None:
        return resolve(name)
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    # Servers of one's own ask for no key, and the client refuses to start without one.
    provider = OpenAIProvider(base_url=base_url, api_key=os.environ.get("OPENAI_API_KEY") or "none")
    return OpenAIChatModel(name.removeprefix("openai:"), provider=provider)


def _simulated(invocation: Invocation) -> Cast:
    """Return the stand-ins, both of one provider whose salt is the seed. Raises UsageError where only one is wanted."""
    if {invocation.model, invocation.reflection_model} - {None, SIMULATED}:
        raise UsageError("one model is simulated and the other is real", "Name both, or none")
    from spanwright.testing.simulated.models import REFLECTION_MODEL, TASK_MODEL, default_models
    from spanwright.testing.simulated.server import simulated_app
    from spanwright.testing.simulated.transport import in_process, simulated_model

    provider = in_process(simulated_app(default_models(), salt=str(invocation.seed)))
    return Cast(
        task=simulated_model(TASK_MODEL, provider),
        reflection=simulated_model(REFLECTION_MODEL, provider),
        helper=None if invocation.paper is None else simulated_model(TASK_MODEL, provider),
    )


def _simulated_family(salt: int) -> Mapping[str, Model]:
    """Return the stand-ins that can play an agent, by what the command line calls them."""
    from spanwright.testing.simulated.models import TASK_MODEL, default_models
    from spanwright.testing.simulated.server import simulated_app
    from spanwright.testing.simulated.transport import in_process, simulated_model

    models = default_models()
    provider = in_process(simulated_app(models, salt=str(salt)))
    playing = [name for name in models if name.startswith(TASK_MODEL)]
    found: dict[str, Model] = {f"{SIMULATED}:{name}": simulated_model(name, provider) for name in playing}
    return {**found, SIMULATED: found[f"{SIMULATED}:{TASK_MODEL}"]}


def _simulated_coder(invocation: Invocation) -> Cast:
    """Return the stand-in that writes programs."""
    from spanwright.testing.simulated.coder import CODER, Coder
    from spanwright.testing.simulated.server import simulated_app
    from spanwright.testing.simulated.transport import in_process, simulated_model

    provider = in_process(simulated_app({CODER: Coder()}, salt=str(invocation.seed)))
    return Cast(reflection=simulated_model(CODER, provider))
