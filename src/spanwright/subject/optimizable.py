"""`optimizable`: make an agent, a factory of agents, or a program of several agents ready to wear candidates.

What is decorated stays what it was: the same Agent object, the same function. An agent gets one more capability in its
runs, but only while something is worn or recorded (its `iter`, through which every entry point passes, is shadowed on
the instance); a program gets an attribute. A factory comes back wrapped, so that the agents that it builds can wear.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, Literal, Never, ParamSpec, TypeAlias, TypeVar, cast, overload

from pydantic_ai import AgentRun
from pydantic_ai.agent import AbstractAgent
from pydantic_ai.toolsets import FunctionToolset

from spanwright.errors import UsageError
from spanwright.models import Instruments
from spanwright.subject.added import Added
from spanwright.subject.capability import Wearable
from spanwright.subject.champion import Champion, ChampionFile, check_fit, read_champion
from spanwright.subject.crowning import crown, part_of
from spanwright.subject.settings import Choices, Settings
from spanwright.subject.tools import Rules, ToolMode, Tools
from spanwright.subject.wearing import worn

Fakes: TypeAlias = Mapping[str, Callable[..., object]]
"""Functions in place of tools, by the tools' names, or `agent/tool`: sync or async, with the tool's parameters."""

AgentLike = TypeVar("AgentLike", bound=AbstractAgent[Never, object])
P = ParamSpec("P")
R = TypeVar("R")

MARK = "__spanwright__"
"""The attribute under which a decorated function carries its Definition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What is known of a decorated function."""

    kind: Literal["program", "factory"]
    agents: tuple[AbstractAgent[Any, Any], ...] = ()
    """The agents that it was said to use."""


@dataclass(slots=True)
class WornIter:
    """Stands in for an agent's `iter`: adds our capability while something is worn, and spans inside a recording."""

    original: Callable[..., AbstractAsyncContextManager[AgentRun[Any, Any]]]
    wearable: Wearable
    added: Added
    instruments: Instruments = field(default_factory=Instruments)

    def __call__(self, *args: object, **kwargs: object) -> AbstractAsyncContextManager[AgentRun[Any, Any]]:
        """Return a run of the agent, to be entered."""
        instrumentation = self.instruments.instrumentation
        if instrumentation is None and worn() is None:
            self.wearable.unreached.note()
            if self.wearable.base is None and self.wearable.guarding is None:
                return self.original(*args, **kwargs)
        given = cast("Sequence[object]", kwargs.get("capabilities") or ())
        added = (self.wearable,) if instrumentation is None else self.added.to(kwargs, self.wearable, instrumentation)
        return self.original(*args, **{**kwargs, "capabilities": [*given, *added]})


@overload
def optimizable(
    subject: AgentLike,
    *,
    champion: ChampionFile | None = None,
    tools: ToolMode | Tools | None = None,
    fakes: Fakes | None = None,
    settings: Settings | None = None,
) -> AgentLike: ...
@overload
def optimizable(
    subject: Callable[P, R],
    *,
    agents: Sequence[AbstractAgent[Never, object]] = (),
    champion: ChampionFile | None = None,
    tools: ToolMode | Tools | None = None,
    fakes: Fakes | None = None,
    settings: Settings | None = None,
) -> Callable[P, R]: ...
@overload
def optimizable(
    *,
    agents: Sequence[AbstractAgent[Never, object]] = (),
    champion: ChampionFile | None = None,
    tools: ToolMode | Tools | None = None,
    fakes: Fakes | None = None,
    settings: Settings | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def optimizable(
    subject: object = None,
    *,
    agents: Sequence[AbstractAgent[Never, object]] = (),
    champion: ChampionFile | None = None,
    tools: ToolMode | Tools | None = None,
    fakes: Fakes | None = None,
    settings: Settings | None = None,
) -> object:
    """Make an agent, a factory or a program optimizable, and return it.

    `subject` is an Agent with a name; a sync function that returns an Agent (a factory); or an async function that
    takes a case's inputs and uses the agents listed in `agents` (a program). `champion` is the path of a file that
    `Result.save` wrote: its texts are worn from now on, those for `text` in your own code, too. `tools` says what tools
    do in rollouts: run ("live", the default), answer from recordings ("replay"), or be refused unless they only read
    ("sandbox"); `Tools` says more.
    `fakes` are functions that answer in place of the tools of these names. `settings` lists values to search among
    for settings of the agents' models, and for the model: `{"temperature": [0.0, 0.7], "model": ["openai:gpt-5"]}`.

    Raises UsageError for an agent without a name, two agents of one name, a program without agents, a champion, a
    fake or a setting that does not fit.
    """
    if fakes and tools is None:
        raise UsageError("fakes were given, and nothing says when they are used", 'Say tools="sandbox" or "replay"')
    given = Tools(tools) if isinstance(tools, str) else tools
    terms = _Terms(
        champion=None if champion is None else read_champion(champion),
        rules=None if given is None else Rules(given, fakes or {}),
        settings=settings,
    )

    def decorated(function: object) -> object:
        return _decorated(function, agents, terms)

    return decorated if subject is None else decorated(subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """On what terms agents are decorated."""

    champion: Champion | None
    rules: Rules | None
    settings: Settings | None

    def govern(self, agents: Sequence[AbstractAgent[Any, Any]], wearables: Sequence[Wearable]) -> None:
        """Let agents wear their parts of a champion, and keep the rules for tools. Raises UsageError for misfits."""
        if self.champion is not None:
            check_fit(self.champion, [wearable.agent for wearable in wearables])
            crown(wearables, self.champion.texts)
            for wearable in wearables:
                mine = part_of(self.champion.texts, wearable.agent, first=wearable is wearables[0])
                wearable.fit.champion = replace(self.champion, texts=mine)
        if self.settings is not None:
            choices = Choices(self.settings, [wearable.agent for wearable in wearables])
            for wearable in wearables:
                wearable.choices = choices
        if self.rules is not None:
            for agent in agents:
                _check_tools(agent, self.rules)
            for wearable in wearables:
                wearable.rules = self.rules


def _check_tools(agent: AbstractAgent[Any, Any], rules: Rules) -> None:
    """Check the tools that an agent has by now; those of servers, prefixes and later registration, when it is tried."""
    for toolset in agent.toolsets:
        if isinstance(toolset, FunctionToolset):
            for tool in toolset.tools.values():
                rules.check_fake(agent.name or "", tool.name, tool.function_schema.json_schema)


def _decorated(subject: object, agents: Sequence[AbstractAgent[Never, object]], terms: _Terms) -> object:
    if isinstance(subject, AbstractAgent):
        agent = cast("AbstractAgent[Any, Any]", subject)
        terms.govern((agent,), (decorate(agent),))
        return agent
    if not callable(subject):
        raise UsageError(f"{subject!r} cannot be decorated", "Decorate an Agent, a factory of one, or an async program")
    distinct(agents)
    wearables = [decorate(agent) for agent in agents]
    if not _is_async(subject):
        built = _factory(subject, agents, terms)
        _mark(built, Definition(kind="factory", agents=tuple(agents)))
        return built
    if not agents:
        raise UsageError(
            f"the program {_name(subject)!r} names no agents", "List those it uses: @optimizable(agents=[support])"
        )
    terms.govern(agents, wearables)
    _mark(subject, Definition(kind="program", agents=tuple(agents)))
    return subject


def _factory(
    build: Callable[P, object], listed: Sequence[AbstractAgent[Never, object]], terms: _Terms
) -> Callable[P, object]:
    """Wrap a factory such that all agents of one name that it builds share a place for what they wear."""
    known: dict[str, Wearable] = {}

    @wraps(build)
    def built(*args: P.args, **kwargs: P.kwargs) -> object:
        made = build(*args, **kwargs)
        if not isinstance(made, AbstractAgent):
            return made
        agent = cast("AbstractAgent[Any, Any]", made)
        shared = known.get(agent.name or "")
        wearable = decorate(agent, shared)
        if shared is None:
            terms.govern((agent, *listed), (wearable, *(decorate(each) for each in listed)))
            known[wearable.agent] = wearable
        return agent

    return built


def decorate(agent: AbstractAgent[Any, Any], wearable: Wearable | None = None) -> Wearable:
    """Give an agent our capability, once; return it. Given `wearable`, the agent has that one from now on.
    `demonstrations` lets a search add worked examples from rollouts that went well, in so many tokens at most.

    Raises UsageError for an agent without a name, or with one that no address can begin with.
    """
    shadow = agent.__dict__.get("iter")
    if isinstance(shadow, WornIter):
        shadow.wearable = wearable or shadow.wearable
        return shadow.wearable
    if not agent.name:
        raise UsageError(
            "an agent has no name, so its texts have no address", "Give it one: Agent(..., name='support')"
        )
    if "/" in agent.name:
        raise UsageError(f"the name {agent.name!r} of an agent has a slash, which parts addresses", "Choose another")
    worn_iter = WornIter(agent.iter, wearable or Wearable(agent.name), Added(agent))
    object.__setattr__(agent, "iter", worn_iter)
    return worn_iter.wearable


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


def _is_async(function: Callable[..., object]) -> bool:
    """Return whether a call gives something to await: of a function, a partial, or an object that can be called."""
    return iscoroutinefunction(function) or iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004  (its kind is asked for, not whether it is there)


def _mark(function: Callable[..., object], definition: Definition) -> None:
    try:
        setattr(function, MARK, definition)
    except AttributeError as error:
        raise UsageError(
            f"{_name(function)!r} takes no attributes", "Wrap it in a function and decorate that"
        ) from error


def _name(function: Callable[..., object]) -> str:
    return getattr(function, "__name__", repr(function))
