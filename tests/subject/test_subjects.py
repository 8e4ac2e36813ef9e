"""Agents, factories and programs as subjects: each rollout has its own dependencies, and failures have a name."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from pydantic_ai import Agent, RunContext
from pydantic_ai.messages import ToolCallPart
from pydantic_evals import Case as TheirCase

from spanwright.core.candidate import Candidate
from spanwright.core.case import Case
from spanwright.errors import CandidateFailed, UsageError
from spanwright.subject import optimizable, subject_of, worn

THEIRS = {name: TheirCase(name=name, inputs=f"ticket {name}") for name in ("one", "two")}
CASES = {name: Case(id=name, inputs=case.inputs) for name, case in THEIRS.items()}
NOTHING = Candidate(texts={})


@dataclass
class Shops:
    """Opens a shop for a case, and remembers it."""

    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    worn: list[bool] = field(default_factory=list)

    @asynccontextmanager
    async def of(self, case: TheirCase) -> AsyncGenerator[str]:
        self.opened.append(case.name)
        self.worn.append(worn() is not None)
        yield f"shop of {case.name}"
        self.closed.append(case.name)


async def test_each_rollout_of_an_agent_has_its_own_dependencies(mirror) -> None:
    mirror.calls = (ToolCallPart("where", {}),)
    agent = optimizable(Agent(mirror.model, name="a", deps_type=str))
    seen: list[str] = []

    @agent.tool
    def where(ctx: RunContext[str]) -> str:
        """Where."""
        seen.append(ctx.deps)
        return ctx.deps

    shops = Shops()
    subject = subject_of(agent, shops.of, THEIRS)
    await subject.components()
    outputs = [await subject.run(NOTHING, case) for case in CASES.values()]

    assert ["done", "done"] == outputs
    assert ["shop of one", "shop of two"] == seen
    assert ["one", "one", "two"] == shops.opened == shops.closed
    assert not any(shops.worn), "dependencies are the user's own: they wear nothing"


async def test_a_factory_builds_a_fresh_agent_for_each_rollout_that_wears(mirror) -> None:
    built: list[Agent[object, str]] = []
    helper = Agent(mirror.model, name="helper", instructions="Help.")

    @optimizable(agents=[helper])
    def make() -> Agent[object, str]:
        built.append(Agent(mirror.model, name="a", instructions="Be kind."))
        return built[-1]

    subject = subject_of(make, None, THEIRS)
    components = await subject.components()
    for text in ("I", "J"):
        await subject.run(Candidate(texts={"a/instructions": text}), CASES["one"])

        assert [text] == mirror.instructions
    assert 3 == len({id(agent) for agent in built}), "one to look at, and one for each rollout"
    assert ["a/instructions", "helper/instructions"] == [component.id for component in components]
    assert ["a", "helper"] == [agent.name for agent in subject.agents]


async def test_a_program_gets_the_inputs_as_its_one_argument_and_wears(mirror) -> None:
    agent = Agent(mirror.model, name="a", instructions="Be kind.")

    @optimizable(agents=[agent])
    async def program(ticket: str) -> tuple[str, str]:
        return ticket, (await agent.run(ticket)).output

    subject = subject_of(program, None, THEIRS)
    output = await subject.run(Candidate(texts={"a/instructions": "I"}), CASES["one"])

    assert ("ticket one", "done") == output
    assert ["I"] == mirror.instructions
    assert {"model of a": "function:function:reply:stream"} == subject.fingerprints()


async def test_an_exception_of_a_program_is_the_candidates_failure_at_first(mirror) -> None:
    @optimizable(agents=[Agent(mirror.model, name="a")])
    async def program(ticket: str) -> str:
        raise LookupError(ticket)

    subject = subject_of(program, None, THEIRS)
    failures = []
    for case in CASES.values():
        with pytest.raises(CandidateFailed) as failed:
            await subject.run(NOTHING, case)
        failures.append(failed.value)

    assert ["LookupError: ticket one", "LookupError: ticket two"] == [failure.message for failure in failures]
    assert 1 == len({failure.signature for failure in failures}), "from one place, so of one kind"


@asynccontextmanager
async def broken(case: TheirCase) -> AsyncGenerator[str]:
    raise LookupError(case.name)
    yield "never"


async def test_dependencies_that_fail_are_said_before_money_is_spent(mirror) -> None:
    subject = subject_of(optimizable(Agent(mirror.model, name="a", deps_type=str)), broken, THEIRS)

    with pytest.raises(UsageError, match="deps= failed for the case 'one': LookupError: one"):
        await subject.components()
    with pytest.raises(CandidateFailed):
        await subject.run(NOTHING, CASES["one"])


def undecorated(ticket: str) -> str:
    return ticket


@optimizable
def not_an_agent() -> str:
    return "agent"


@pytest.mark.parametrize(
    ("subject", "deps", "what"),
    [
        (42, None, "42 cannot be optimized"),
        (undecorated, None, "the function 'undecorated' is not decorated, so its agents are unknown"),
        (not_an_agent, None, "the factory 'not_an_agent' returned str, not an Agent"),
        (
            optimizable(Agent("test", name="a", deps_type=str)),
            None,
            "the agent 'a' has dependencies of type str, and no deps= was given",
        ),
        (
            optimizable(lambda: Agent("test", name="a", deps_type=str)),
            None,
            "the agent 'a' has dependencies of type str, and no deps= was given",
        ),
        (Agent("test"), None, "an agent has no name, so its texts have no address"),
    ],
)
def test_what_cannot_be_optimized_is_refused(subject, deps, what) -> None:
    with pytest.raises(UsageError) as refused:
        subject_of(subject, deps, THEIRS)

    assert what == refused.value.what


def test_dependencies_for_a_program_are_refused(mirror) -> None:
    @optimizable(agents=[Agent(mirror.model, name="a")])
    async def program(ticket: str) -> str:
        return ticket

    with pytest.raises(UsageError, match="deps= was given for the program 'program'"):
        subject_of(program, broken, THEIRS)


def test_inputs_that_are_no_prompt_are_refused_for_an_agent_and_taken_by_a_program(mirror) -> None:
    agent = optimizable(Agent(mirror.model, name="a"))
    numbers = {"n": TheirCase(name="n", inputs=7)}

    @optimizable(agents=[agent])
    async def program(number: int) -> int:
        return number

    assert subject_of(program, None, numbers)
    assert subject_of(agent, None, {"p": TheirCase(name="p", inputs=["a", "b"]), "n": TheirCase(name="n", inputs=None)})
    with pytest.raises(UsageError, match="the inputs of the case 'n' are int, which no agent takes as a prompt"):
        subject_of(agent, None, numbers)
