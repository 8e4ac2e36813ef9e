"""Decorating changes nothing but that candidates can be worn: agents, programs and factories stay what they were."""

import functools
import inspect
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import dataclass

import anyio
import pytest
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EqualsExpected

from spanwright.core.candidate import Candidate
from spanwright.errors import UsageError
from spanwright.subject import decorate, definition_of, optimizable, wearable_of, wearing
from spanwright.telemetry import SpanRecorder


async def test_an_agent_comes_back_as_the_same_object(mirror) -> None:
    agent = Agent(mirror.model, name="a", instructions="Be kind.")

    decorated = optimizable(agent)

    assert agent is decorated
    assert Agent is type(decorated)
    assert agent == decorated


async def test_decorating_twice_adds_nothing(mirror) -> None:
    agent = optimizable(Agent(mirror.model, name="a"))
    shadow, wearable = agent.__dict__["iter"], wearable_of(agent)

    optimizable(agent)
    decorate(agent)

    assert shadow is agent.__dict__["iter"]
    assert wearable is wearable_of(agent)


async def test_tools_and_instructions_can_be_added_afterwards(mirror) -> None:
    agent = optimizable(Agent(mirror.model, name="a"))

    @agent.tool_plain
    def find(query: str) -> str:
        """Find."""
        return query

    with wearing(Candidate(texts={"a/tool:find": "F"})):
        await agent.run("x")

    assert {"find": "F"} == mirror.tools


async def test_a_bare_run_is_exactly_what_it_was(mirror) -> None:
    undecorated = Agent(mirror.model, name="a", instructions="Be kind.")
    agent = optimizable(Agent(mirror.model, name="a", instructions="Be kind."))
    await undecorated.run("x")
    with wearing(Candidate(texts={"a/instructions": "I"})):
        await agent.run("x")

    await agent.run("x")

    assert mirror.requests[0] == mirror.requests[2]
    assert mirror.messages[0][0].parts[0].content == mirror.messages[2][0].parts[0].content
    run = agent.iter("x")
    try:
        assert type(run) is type(undecorated.iter("x")), "outside of a rollout the agent's own context manager is used"
    finally:
        del run


async def test_override_still_works_on_a_decorated_agent(mirror) -> None:
    agent = optimizable(Agent(mirror.model, name="a", instructions="Be kind."))

    with agent.override(model=TestModel(custom_output_text="over")):
        result = await agent.run("x")

    assert "over" == result.output


@pytest.mark.parametrize(
    ("agent", "what"),
    [
        (Agent("test"), "an agent has no name, so its texts have no address"),
        (Agent("test", name="team/support"), "the name 'team/support' of an agent has a slash, which parts addresses"),
    ],
)
def test_an_agent_without_a_usable_name_is_refused(agent, what) -> None:
    with pytest.raises(UsageError) as refused:
        optimizable(agent)

    assert what == refused.value.what


async def test_a_program_comes_back_as_the_same_function_and_can_be_evaluated_as_ever(mirror) -> None:
    agent = Agent(mirror.model, name="a", instructions="Be kind.")

    async def handle(ticket: str) -> str:
        return (await agent.run(ticket)).output

    decorated = optimizable(agents=[agent])(handle)
    tickets = Dataset[str, str, None](
        name="tickets", cases=[Case(name="t", inputs="x", expected_output="done")], evaluators=[EqualsExpected()]
    )
    report = await tickets.evaluate(decorated, progress=False)

    assert handle is decorated
    assert [True] == [result.value for result in report.cases[0].assertions.values()]
    assert wearable_of(agent) is not None
    definition = definition_of(handle)
    assert definition is not None
    assert ("program", (agent,)) == (definition.kind, definition.agents)


def test_a_program_that_is_an_object_or_a_partial_is_one_too(mirror) -> None:
    agent = Agent(mirror.model, name="a")

    async def handle(prefix: str, ticket: str) -> str:
        return prefix + ticket

    @dataclass
    class Handler:
        async def __call__(self, ticket: str) -> str:
            return ticket

    partial = optimizable(functools.partial(handle, "a"), agents=[agent])
    handler = optimizable(Handler(), agents=[agent])

    assert "program" == definition_of(partial).kind
    assert "program" == definition_of(handler).kind


class Desk:
    async def handle(self, ticket: str) -> str:
        return ticket


@pytest.mark.parametrize(
    ("decorate_it", "what"),
    [
        (lambda a, _: optimizable(Desk.handle), "the program 'handle' names no agents"),
        (
            lambda a, b: optimizable(agents=[a, b])(Desk.handle),
            "two agents are named 'a', so their texts would share addresses",
        ),
        (lambda a, _: optimizable(agents=[a])(Desk().handle), "'handle' takes no attributes"),
        (lambda a, _: optimizable(42), "42 cannot be decorated"),
    ],
)
def test_a_program_that_cannot_be_decorated_is_refused(mirror, decorate_it, what) -> None:
    agents = Agent(mirror.model, name="a"), Agent(mirror.model, name="a")

    with pytest.raises(UsageError) as refused:
        decorate_it(*agents)

    assert what == refused.value.what


async def test_the_same_agent_may_be_named_twice(mirror) -> None:
    agent = Agent(mirror.model, name="a")

    assert optimizable(agents=[agent, agent])(Desk.handle)
    del Desk.handle.__spanwright__


async def test_a_factory_builds_agents_that_wear(mirror) -> None:
    @optimizable
    def make(instructions: str = "Be kind.") -> Agent[object, str]:
        """Build an agent."""
        return Agent(mirror.model, name="a", instructions=instructions)

    with wearing(Candidate(texts={"a/instructions": "I"})):
        await make().run("x")
        worn = mirror.instructions
        await make("Be quick.").run("x")
    again = mirror.instructions
    await make("Be quick.").run("x")

    assert (["I"], ["I"], ["Be quick."]) == (worn, again, mirror.instructions)
    assert ("make", "Build an agent.", ["instructions"]) == (
        make.__name__,
        make.__doc__,
        [*inspect.signature(make).parameters],
    )
    assert "factory" == definition_of(make).kind
    assert make() is not make()


@pytest.mark.parametrize("inside", [lambda agent: agent, optimizable], ids=["plain", "decorated inside"])
async def test_agents_of_one_factory_share_what_they_wear_for_good(mirror, inside) -> None:
    @optimizable
    def make() -> Agent[object, str]:
        return inside(Agent(mirror.model, name="a", instructions="Be kind."))

    early = make()
    wearable_of(make()).base = Candidate(texts={"a/instructions": "champion"})

    await early.run("x")
    first = mirror.instructions
    await make().run("x")

    assert (["champion"], ["champion"]) == (first, mirror.instructions)


@pytest.mark.parametrize(
    "worn", [nullcontext(), wearing(Candidate(texts={"a/instructions": "I"}))], ids=["bare", "worn"]
)
async def test_inside_a_recording_requests_and_streams_are_retried(
    mirror, worn, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses = [503, 429]

    async def flaky(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if statuses:
            raise ModelHTTPError(statuses.pop(), "gpt")
        return await mirror.reply(messages, info)

    async def flaky_stream(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        await flaky(messages, info)
        yield "streamed"

    async def sleep(seconds: float) -> None:
        pass

    monkeypatch.setattr(anyio, "sleep", sleep)
    agent = optimizable(Agent(FunctionModel(flaky, stream_function=flaky_stream), name="a", instructions="Be kind."))
    with SpanRecorder.attach() as recorder, worn:
        async with recorder.recording({}) as recording:
            answered = await agent.run("x")
            statuses[:] = [500]
            async with agent.run_stream("x") as streamed:
                text = await streamed.get_output()

    assert ("done", "streamed") == (answered.output, text)
    assert 2 == recording.trace.usage.requests
    assert ["", ""] == [call.error for call in recording.trace.model_calls]
    statuses[:] = [503]
    with pytest.raises(ModelHTTPError):
        await agent.run("outside of a recording the run is the user's own affair")


async def test_a_recording_instruments_and_counts_a_decorated_agent_that_wears_nothing(mirror) -> None:
    agent = optimizable(Agent(mirror.model, name="a", instructions="Be kind."))

    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            await agent.run("x")

    (call,) = recording.trace.model_calls
    assert ("a", "Be kind.", ()) == (call.agent, call.instructions, call.components)
    assert 1 == recording.trace.usage.requests
