"""What can be optimized, as Subjects: a bare agent, a factory that builds one, a program of several."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, TypeAlias, cast

from pydantic_ai.agent import AbstractAgent
from pydantic_evals import Case as TheirCase

from spanwright.core.candidate import Candidate, Component
from spanwright.core.case import Case
from spanwright.core.protocols import Subject
from spanwright.errors import UsageError
from spanwright.models import boundary, model_id
from spanwright.subject.discovery import discover
from spanwright.subject.optimizable import decorate, definition_of, distinct
from spanwright.subject.texts import texts_in_code
from spanwright.subject.tools import rehearsing
from spanwright.subject.unreached import Watch
from spanwright.subject.wearing import wearing

DepsFor: TypeAlias = Callable[[Any], AbstractAsyncContextManager[Any]]
"""Makes the dependencies of one rollout from the user's own case: `deps=lambda case: Shop.copy_of(...)`."""


class AgentSubject:
    """A bare agent: `case.inputs` is its user prompt, and each rollout has its own dependencies."""

    def __init__(
        self, agent: AbstractAgent[Any, Any], deps: DepsFor | None, cases: Mapping[str, TheirCase[Any, Any, Any]]
    ) -> None:
        self._watched = (decorate(agent).unreached,)
        self._agent = agent
        self._deps = deps
        self._cases = cases

    @property
    def agents(self) -> Sequence[AbstractAgent[Any, Any]]:
        """The agents whose texts are evolved."""
        return (self._agent,)

    async def components(self) -> Sequence[Component]:
        """Discover the agent's components with the dependencies of the first case, and texts of the user's own code."""
        return (*await self._discovered(), *_in_code(self.agents))

    async def _discovered(self) -> Sequence[Component]:
        if self._deps is None:
            return await discover(self._agent)
        async with AsyncExitStack() as stack:
            id, case = next(iter(self._cases.items()))
            try:
                deps = await stack.enter_async_context(self._deps(case))
            except Exception as error:  # deps= is the user's code, and nothing was paid for yet
                raise UsageError(
                    f"deps= failed for the case {id!r}: {type(error).__name__}: {error}",
                    "Let it return an async context manager that gives the dependencies of one rollout",
                ) from error
            return await discover(self._agent, deps)

    async def run(self, candidate: Candidate, case: Case) -> object:
        """Run the agent on the case's inputs."""
        with boundary(f"agent {self._agent.name}"):
            if self._deps is None:
                return await self._run(candidate, case, None)
            async with self._deps(self._cases[case.id]) as deps:
                return await self._run(candidate, case, deps)

    async def _run(self, candidate: Candidate, case: Case, deps: object) -> object:
        with wearing(candidate), Watch(self._watched), rehearsing(case.id):
            return (await self._agent.run(cast("str", case.inputs), deps=deps)).output

    def fingerprints(self) -> Mapping[str, str]:
        """Return the agent's model."""
        return _of_agents(self.agents)


class FactorySubject:
    """A sync function that builds an agent: it is called once, before the run, and once for each rollout."""

    def __init__(
        self,
        factory: Callable[[], object],
        deps: DepsFor | None,
        *,
        cases: Mapping[str, TheirCase[Any, Any, Any]],
        listed: Sequence[AbstractAgent[Any, Any]] = (),
    ) -> None:
        self._factory = factory
        self._deps = deps
        self._cases = cases
        self._listed = listed
        self._watched = tuple(decorate(agent).unreached for agent in listed)
        self._sample = self._built()
        distinct(self.agents)

    @property
    def agents(self) -> Sequence[AbstractAgent[Any, Any]]:
        """An agent as the factory builds it, and those that the factory was said to use."""
        return (*self._sample.agents, *self._listed)

    def _built(self) -> AgentSubject:
        agent = self._factory()
        if not isinstance(agent, AbstractAgent):
            raise UsageError(
                f"the factory {_name(self._factory)!r} returned {type(agent).__name__}, not an Agent",
                "Return an Agent; make a program async",
            )
        return AgentSubject(cast("AbstractAgent[Any, Any]", agent), self._deps, self._cases)

    async def components(self) -> Sequence[Component]:
        """Discover the components of an agent that the factory builds, and of those that it uses."""
        used = [component for agent in self._listed for component in await discover(agent)]
        built = await self._sample.components()
        known = {component.id for component in built}
        return (*built, *used, *(each for each in _in_code(self.agents) if each.id not in known))

    async def run(self, candidate: Candidate, case: Case) -> object:
        """Build an agent and run it on the case's inputs."""
        with boundary(f"factory {_name(self._factory)}"):
            agent = self._built()
        with Watch(self._watched):
            return await agent.run(candidate, case)

    def fingerprints(self) -> Mapping[str, str]:
        """Return the models of an agent that the factory builds, and of those that it uses."""
        return _of_agents(self.agents)


class ProgramSubject:
    """An async function that takes a case's inputs and uses several agents."""

    def __init__(self, program: Callable[[Any], Awaitable[object]], agents: Sequence[AbstractAgent[Any, Any]]) -> None:
        distinct(agents)
        self._watched = tuple(decorate(agent).unreached for agent in agents)
        self._program = program
        self._agents = tuple(agents)

    @property
    def agents(self) -> Sequence[AbstractAgent[Any, Any]]:
        """The agents whose texts are evolved."""
        return self._agents

    async def components(self) -> Sequence[Component]:
        """Discover the components of all its agents, and the texts of the user's own code."""
        found = [component for agent in self._agents for component in await discover(agent)]
        return (*found, *_in_code(self._agents))

    async def run(self, candidate: Candidate, case: Case) -> object:
        """Call the program with the case's inputs as its one positional argument."""
        with (
            boundary(f"program {_name(self._program)}"),
            wearing(candidate),
            Watch(self._watched),
            rehearsing(case.id),
        ):
            return await self._program(case.inputs)

    def fingerprints(self) -> Mapping[str, str]:
        """Return the models of its agents."""
        return _of_agents(self._agents)


class OwnSubject:
    """A Subject of the user's own, which knows no agents of pydantic-ai that we could dress or ask for their models."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    @property
    def agents(self) -> Sequence[AbstractAgent[Any, Any]]:
        """None that we know of."""
        return ()

    async def components(self) -> Sequence[Component]:
        """Return what the subject says."""
        return await self._subject.components()

    async def run(self, candidate: Candidate, case: Case) -> object:
        """Try a candidate, and tell whose fault a failure is."""
        with boundary(f"subject {type(self._subject).__name__}"), rehearsing(case.id):
            return await self._subject.run(candidate, case)

    def fingerprints(self) -> Mapping[str, str]:
        """Return what the subject says."""
        return self._subject.fingerprints()


PydanticSubject: TypeAlias = AgentSubject | FactorySubject | ProgramSubject | OwnSubject


def subject_of(subject: object, deps: DepsFor | None, cases: Mapping[str, TheirCase[Any, Any, Any]]) -> PydanticSubject:
    """Return the Subject for what a user hands over. Raises UsageError for anything that cannot be optimized."""
    if isinstance(subject, AbstractAgent):
        agent = cast("AbstractAgent[Any, Any]", subject)
        _check_agent(agent, deps, cases)
        return AgentSubject(agent, deps, cases)
    if isinstance(subject, Subject):
        return OwnSubject(subject)
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
    if definition.kind == "factory":
        made = FactorySubject(subject, deps, cases=cases, listed=definition.agents)
        _check_agent(made.agents[0], deps, cases)
        return made
    if deps is not None:
        raise UsageError(
            f"deps= was given for the program {_name(subject)!r}, which makes its agents' dependencies itself",
            "Leave deps= out",
        )
    return ProgramSubject(cast("Callable[[Any], Awaitable[object]]", subject), definition.agents)


def _check_agent(
    agent: AbstractAgent[Any, Any], deps: DepsFor | None, cases: Mapping[str, TheirCase[Any, Any, Any]]
) -> None:
    """Raise UsageError where an agent lacks its dependencies, or cannot be asked what the cases hold."""
    if deps is None and agent.deps_type not in (object, type(None)):
        raise UsageError(
            f"the agent {agent.name!r} has dependencies of type {agent.deps_type.__name__}, and no deps= was given",
            "Pass deps=lambda case: <async context manager>, which gives each rollout its own",
        )
    for id, case in cases.items():
        if not isinstance(case.inputs, str | Sequence | None):
            raise UsageError(
                f"the inputs of the case {id!r} are {type(case.inputs).__name__}, which no agent takes as a prompt",
                "Give a text or a sequence of contents, or decorate a program that makes a prompt of the inputs",
            )


def _of_agents(agents: Sequence[AbstractAgent[Any, Any]]) -> Mapping[str, str]:
    return {f"model of {agent.name}": model_id(agent.model) for agent in agents}


def _in_code(agents: Sequence[AbstractAgent[Any, Any]]) -> Sequence[Component]:
    return texts_in_code([agent.name or "" for agent in agents])


def _name(function: object) -> str:
    return getattr(function, "__name__", repr(function))
