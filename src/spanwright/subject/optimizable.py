"""`optimizable`: make an agent, a factory of agents, or a program of several agents ready to wear candidates.

What is decorated stays what it was: the same Agent object, the same function. An agent gets one more capability in each of
its runs (its `iter`, through which every entry point passes, is shadowed on the instance); a function gets an attribute.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar, cast, overload

from pydantic_ai import Agent, AgentRun
from pydantic_ai.agent import AbstractAgent

from spanwright.core.candidate import Candidate
from spanwright.errors import UsageError
from spanwright.models import Retries, capabilities
from spanwright.subject.capability import Wearable
from spanwright.subject.champion import Champion, ChampionFile, fitting, read_champion
from spanwright.subject.wearing import worn
from spanwright.telemetry import current_provider

Deps = TypeVar("Deps")
Out = TypeVar("Out")
P = ParamSpec("P")
R = TypeVar("R")

MARK = "__spanwright__"
"""The attribute under which a decorated function carries its Definition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What is known of a decorated function."""

    kind: str
    """"program" or "factory"."""
    agents: tuple[AbstractAgent[Any, Any], ...] = ()
    champion: Candidate | None = None


@dataclass(slots=True)
class WornIter:
    """Stands in for an agent's `iter`: adds our capability, and inside a rollout retries and instrumentation."""

    agent: AbstractAgent[Any, Any]
    original: Callable[..., AbstractAsyncContextManager[AgentRun[Any, Any]]]
    wearable: Wearable
    retries: Retries = field(default_factory=Retries)

    def __call__(self, *args: object, **kwargs: object) -> AbstractAsyncContextManager[AgentRun[Any, Any]]:
        """Enter a run of the agent."""
        return self._iter(args, kwargs)

    @asynccontextmanager
    async def _iter(self, args: Sequence[object], kwargs: dict[str, object]) -> AsyncGenerator[AgentRun[Any, Any]]:
        added: list[object] = list(cast("Sequence[object]", kwargs.get("capabilities") or ()))
        if worn() is not None or self.wearable.base is not None:
            added.append(self.wearable)
        if current_provider() is not None:
            added.extend(capabilities(self.retries))
        async with self.original(*args, **{**kwargs, "capabilities": added or None}) as run:
            yield run


@overload
def optimizable(subject: Agent[Deps, Out], *, champion: ChampionFile | None = None) -> Agent[Deps, Out]: ...
@overload
def optimizable(
    subject: Callable[P, R], *, agents: Sequence[AbstractAgent[Any, Any]] = (), champion: ChampionFile | None = None
) -> Callable[P, R]: ...
@overload
def optimizable(
    *, agents: Sequence[AbstractAgent[Any, Any]] = (), champion: ChampionFile | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def optimizable(
    subject: Agent[Any, Any] | Callable[..., object] | None = None,
    *,
    agents: Sequence[AbstractAgent[Any, Any]] = (),
    champion: ChampionFile | None = None,
) -> object:
    """Make an agent, a factory or a program optimizable, and return it.

    `subject` is an Agent with a name; a sync function that returns an Agent (a factory); or an async function that takes a
    case's inputs and uses the agents listed in `agents` (a program). `champion` is the path of a file that
    `Result.save` wrote, or its content: its texts are worn from now on.

    Raises UsageError for an agent without a name, two agents of one name, a program without agents, and a champion
    that does not fit.
    """
    if subject is None:
        return lambda function: optimizable(  # pyright: ignore[reportUnknownVariableType, reportUnknownLambdaType]
            function,
            agents=agents,
            champion=champion,  # pyright: ignore[reportUnknownArgumentType]
        )
    texts = None if champion is None else read_champion(champion)
    if isinstance(subject, AbstractAgent):
        decorate(cast("AbstractAgent[Any, Any]", subject), texts)
        return cast("AbstractAgent[Any, Any]", subject)
    distinct(agents)
    for agent in agents:
        decorate(agent, texts)
    program = iscoroutinefunction(subject)
    if program and not agents:
        raise UsageError(
            f"the program {_name(subject)!r} names no agents", "List those it uses: @optimizable(agents=[support])"
        )
    definition = Definition(
        kind="program" if program else "factory",
        agents=tuple(agents),
        champion=None if texts is None else texts.candidate,
    )
    setattr(subject, MARK, definition)
    return subject


def decorate(agent: AbstractAgent[Any, Any], champion: Champion | None = None) -> Wearable:
    """Give an agent our capability, once; return it. Raises UsageError for an agent without a name."""
    known = wearable_of(agent)
    if known is None:
        if not agent.name:
            raise UsageError(
                "an agent has no name, so its texts have no address", "Give it one: Agent(..., name='support')"
            )
        known = Wearable(agent.name)
        worn_iter = WornIter(agent, agent.iter, known)
        object.__setattr__(agent, "iter", worn_iter)
    if champion is not None:
        known.base = fitting(champion, known.agent)
    return known


def wearable_of(agent: AbstractAgent[Any, Any]) -> Wearable | None:
    """Return the capability of a decorated agent, None of any other."""
    shadow = agent.__dict__.get("iter")
    return shadow.wearable if isinstance(shadow, WornIter) else None


def definition_of(function: Callable[..., object]) -> Definition | None:
    """Return what a decorated function was decorated with, None for any other."""
    found = getattr(function, MARK, None)
    return found if isinstance(found, Definition) else None


def distinct(agents: Sequence[AbstractAgent[Any, Any]]) -> None:
    """Raise UsageError where two different agents have one name."""
    by_name: dict[str | None, AbstractAgent[Any, Any]] = {}
    for agent in agents:
        if by_name.setdefault(agent.name, agent) is not agent:
            raise UsageError(
                f"two agents are named {agent.name!r}, so their texts would share addresses", "Give each its own name"
            )


def _name(function: Callable[..., object]) -> str:
    return getattr(function, "__name__", repr(function))
