"""Inside a recording an agent's runs get spans and words, from one capability where nothing can come between them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pydantic_ai import Agent, InstrumentationSettings, RunContext
from pydantic_ai.agent import AbstractAgent, WrapperAgent
from pydantic_ai.capabilities import AbstractCapability, Instrumentation
from pydantic_ai.messages import ToolCallPart
from pydantic_ai.models import ModelRequestContext

from spanwright.core.candidate import Candidate
from spanwright.core.trace import Trace
from spanwright.subject import optimizable, wearing
from spanwright.telemetry import SpanRecorder

WORN = Candidate(texts={"a/instructions": "I", "a/tool:find": "F", "a/tool:find/query": "Q"})


async def recorded(agent: AbstractAgent[Any, Any], capabilities: Sequence[AbstractCapability[Any]] = ()) -> Trace:
    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            with wearing(WORN):
                await agent.run("x", capabilities=capabilities or None)
    return recording.trace


def agent_of(mirror, kinds: list[str], *capabilities: AbstractCapability[Any]) -> Agent[object, str]:
    mirror.calls = (ToolCallPart("find", {"query": "shoes"}),)
    agent = Agent(mirror.model, name="a", instructions="Be kind.", capabilities=capabilities)

    @agent.tool
    def find(ctx: RunContext[object], query: str) -> str:
        """Find."""
        kinds[:] = sorted(type(each).__name__ for each in ctx.capabilities.values())
        return query

    return agent


@dataclass
class Polite(AbstractCapability[Any]):
    """Has instructions of its own and changes nothing."""

    id: str | None = "polite"

    def get_instructions(self) -> str:
        return "Say please."


@dataclass
class Late(AbstractCapability[Any]):
    """Changes what is said right before each request."""

    id: str | None = "late"

    async def before_model_request(
        self, ctx: RunContext[Any], request_context: ModelRequestContext
    ) -> ModelRequestContext:
        parameters = request_context.model_request_parameters
        said = [replace(part, content="Late.") for part in parameters.instruction_parts or ()]
        request_context.model_request_parameters = replace(parameters, instruction_parts=said)
        return request_context


@dataclass
class Turncoat(AbstractCapability[Any]):
    """Is somebody else in each run."""

    id: str | None = "turncoat"

    async def for_run(self, ctx: RunContext[Any]) -> AbstractCapability[Any]:
        return Late()


async def test_a_plain_agent_gets_one_capability_for_spans_and_words(mirror) -> None:
    before, kinds = list[str](), list[str]()
    await agent_of(mirror, before).run("x")

    trace = await recorded(optimizable(agent_of(mirror, kinds)))

    assert sorted([*before, "WornInstrumentation"]) == kinds
    assert (["I"], {"find": "F"}) == (mirror.instructions, mirror.tools)
    assert WORN.texts.keys() == trace.components
    assert ["I", "I"] == [call.instructions for call in trace.model_calls]
    assert ["a", "find"] == [*(run.name for run in trace.agents), *(call.name for call in trace.tool_calls)]


async def test_a_capability_that_changes_no_request_stands_between_nothing(mirror) -> None:
    kinds = list[str]()

    await recorded(optimizable(agent_of(mirror, kinds, Polite())))

    assert "WornInstrumentation" in kinds
    assert {"I", "Say please."} == set(mirror.instructions)


@pytest.mark.parametrize("late", [Late(), Turncoat()], ids=["late", "turncoat"])
async def test_what_another_capability_says_late_is_still_reworded(mirror, late) -> None:
    kinds = list[str]()

    trace = await recorded(optimizable(agent_of(mirror, kinds, late)))

    assert {"Wearable", "Instrumentation"} < set(kinds)
    assert ["I"] == mirror.instructions
    assert WORN.texts.keys() == trace.components
    assert 1 == len(trace.agents)


async def test_what_a_capability_of_the_caller_says_late_is_still_reworded(mirror) -> None:
    await recorded(optimizable(agent_of(mirror, [])), [Late()])

    assert ["I"] == mirror.instructions


async def test_an_agent_that_makes_spans_itself_or_by_override_makes_them_once(mirror) -> None:
    own = optimizable(agent_of(mirror, [], Instrumentation(settings=InstrumentationSettings(version=5))))
    other = optimizable(agent_of(mirror, []))

    with other.override(spec={"capabilities": ["Instrumentation"]}):
        overridden = await recorded(other)

    assert [1, 1] == [len((await recorded(own)).agents), len(overridden.agents)]
    assert (["I"], {"find": "F"}) == (mirror.instructions, mirror.tools)


async def test_an_agent_that_everybody_instruments_makes_its_spans_once(mirror) -> None:
    agent = optimizable(agent_of(mirror, []))
    agent.instrument = True

    assert 1 == len((await recorded(agent)).agents)


async def test_an_agent_that_wraps_a_decorated_one_wears_once(mirror) -> None:
    inner = optimizable(agent_of(mirror, []))

    trace = await recorded(optimizable(WrapperAgent(inner)))

    assert (1, 2) == (len(trace.agents), len(trace.model_calls))
    assert (["I"], {"find": "F"}) == (mirror.instructions, mirror.tools)
