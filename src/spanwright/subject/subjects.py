"""The three things that can be optimized, as Subjects: a bare agent, a factory that builds one, a program of several."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, TypeAlias, cast

from pydantic_ai.agent import AbstractAgent

from spanwright.core.candidate import Candidate, Component
from spanwright.core.case import Case
from spanwright.errors import UsageError
from spanwright.models import boundary, model_id
from spanwright.subject.discovery import discover
from spanwright.subject.optimizable import decorate, definition_of, distinct
from spanwright.subject.wearing import wearing

DepsFor: TypeAlias = Callable[[Any], AbstractAsyncContextManager[Any]]
"""Makes the dependencies of one rollout from the user's own case: `deps=lambda case: Shop.copy_of(...)`."""


class AgentSubject:
    """A bare agent: `case.inputs` is its user prompt, and each rollout has its own dependencies."""

    def __init__(self, agent: AbstractAgent[Any, Any], deps: DepsFor | None, cases: Mapping[str, object]) -> None:
        decorate(agent)
        self._agent = agent
        self._deps = deps
        self._cases = cases

    @property
    def agents(self) -> Sequence[AbstractAgent[Any, Any]]:
        """The agents whose texts are evolved."""
        return (self._agent,)

    async def components(self) -> Sequence[Component]:
        """Discover the agent's components with the dependencies of the first case."""
        if self._deps is None:
            return await discover(self._agent)
        async with self._deps(next(iter(self._cases.values()))) as deps:
            return await discover(self._agent, deps)

    async def run(self, candidate: Candidate, case: Case) -> object:
        """Run the agent on the case's inputs."""
        with boundary(f"agent {self._agent.name}"):
            async with AsyncExitStack() as stack:
                deps = None if self._deps is None else await stack.enter_async_context(self._deps(self._cases[case.id]))
                with wearing(candidate):
                    result = await self._agent.run(cast("str", case.inputs), deps=deps)
                return result.output

    def fingerprints(self) -> Mapping[str, str]:
        """Return the agent's model."""
        return {f"model of {self._agent.name}": model_id(self._agent.model)}


class FactorySubject:
    """A sync function that builds an agent: it is called once, before the run, and once for each rollout."""

    def __init__(
        self, factory: Callable[[], AbstractAgent[Any, Any]], deps: DepsFor | None, cases: Mapping[str, object]
    ) -> None:
        self._factory = factory
        self._deps = deps
        self._cases = cases

    @property
    def agents(self) -> Sequence[AbstractAgent[Any, Any]]:
        """An agent as the factory builds it."""
        return self._agent().agents

    def _agent(self) -> AgentSubject:
        agent = self._factory()
        if not isinstance(agent, AbstractAgent):  # pyright: ignore[reportUnnecessaryIsInstance]  (users may err)
            raise UsageError(
                f"the factory {_name(self._factory)!r} returned {type(agent).__name__}, not an Agent",
                "Return an Agent; make a program async",
            )
        return AgentSubject(agent, self._deps, self._cases)

    async def components(self) -> Sequence[Component]:
        """Discover the components of an agent that the factory builds."""
        return await self._agent().components()

    async def run(self, candidate: Candidate, case: Case) -> object:
        """Build an agent and run it on the case's inputs."""
        return await self._agent().run(candidate, case)

    def fingerprints(self) -> Mapping[str, str]:
        """Return the model of an agent that the factory builds."""
        return self._agent().fingerprints()


class ProgramSubject:
    """An async function that takes a case's inputs and uses several agents."""

    def __init__(self, program: Callable[[Any], Awaitable[object]], agents: Sequence[AbstractAgent[Any, Any]]) -> None:
        distinct(agents)
        for agent in agents:
            decorate(agent)
        self._program = program
        self._agents = tuple(agents)

    @property
    def agents(self) -> Sequence[AbstractAgent[Any, Any]]:
        """The agents whose texts are evolved."""
        return self._agents

    async def components(self) -> Sequence[Component]:
        """Discover the components of all its agents."""
        return [component for agent in self._agents for component in await discover(agent)]

    async def run(self, candidate: Candidate, case: Case) -> object:
        """Call the program with the case's inputs as its one positional argument."""
        with boundary(f"program {_name(self._program)}"), wearing(candidate):
            return await self._program(case.inputs)

    def fingerprints(self) -> Mapping[str, str]:
        """Return the models of its agents."""
        return {f"model of {agent.name}": model_id(agent.model) for agent in self._agents}


PydanticSubject: TypeAlias = AgentSubject | FactorySubject | ProgramSubject


def subject_of(subject: object, deps: DepsFor | None, cases: Mapping[str, object]) -> PydanticSubject:
    """Return the Subject for what a user hands over. Raises UsageError for anything that cannot be optimized."""
    if isinstance(subject, AbstractAgent):
        agent = cast("AbstractAgent[Any, Any]", subject)
        if deps is None and agent.deps_type not in (object, type(None)):
            raise UsageError(
                f"the agent {agent.name!r} has dependencies of type {agent.deps_type.__name__}, and no deps= was given",
                "Pass deps=lambda case: <async context manager>, which gives each rollout its own",
            )
        return AgentSubject(agent, deps, cases)
    if not callable(subject):
        raise UsageError(
            f"{subject!r} cannot be optimized", "Hand over an Agent, a factory of one, or an async program"
        )
    definition = definition_of(subject)
    if definition is None:
        raise UsageError(
            f"the function {_name(subject)!r} is not decorated, so its agents are unknown",
            "Decorate it: @optimizable(agents=[...])",
        )
    if definition.kind == "program":
        return ProgramSubject(cast("Callable[[Any], Awaitable[object]]", subject), definition.agents)
    return FactorySubject(cast("Callable[[], AbstractAgent[Any, Any]]", subject), deps, cases)


def _name(function: object) -> str:
    return getattr(function, "__name__", repr(function))
