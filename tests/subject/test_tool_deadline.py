"""A tool has its deadline where a run gives it one; what it waits for by our rules is no work of its own."""

import time

import anyio
import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from spanwright import Candidate, CandidateFailed, optimizable, wearing
from spanwright.core.limits import Deadlines
from spanwright.models import Terms, Traffic, WorkingTime, boundary, waiting
from spanwright.testing.virtual import run_virtual

SEED = Candidate(texts={"worker/instructions": "Work."})


async def call_it(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    returned = [part for part in messages[-1].parts if isinstance(part, ToolReturnPart)]
    if returned:
        return ModelResponse(parts=[TextPart(str(returned[0].content))])
    return ModelResponse(parts=[ToolCallPart("work", {})])


def ended(works: float, *, waits: float = 0.0, limit: float | None = 5.0) -> tuple[str, float]:
    """Return what an agent says whose tool works and waits for so long, and when it has ended."""
    agent = optimizable(Agent(FunctionModel(call_it), name="worker"))

    @agent.tool_plain
    async def work() -> str:
        """Work."""
        with waiting():
            await anyio.sleep(waits)
        await anyio.sleep(works)
        return "done"

    async def main() -> tuple[str, float]:
        traffic = Traffic(Terms(deadlines=Deadlines(tool_call=limit)))
        with traffic.flowing(), wearing(SEED), WorkingTime(traffic.pulse).at_work(), boundary():
            said = (await agent.run("Work.")).output
        return said, anyio.current_time()

    return run_virtual(main())


def test_a_tool_within_its_deadline_answers() -> None:
    assert ("done", 4.9) == ended(4.9)


def test_a_tool_over_its_deadline_is_cut_then_and_it_is_the_candidates_failure() -> None:
    with pytest.raises(CandidateFailed, match="work took longer than 5 s") as failed:
        ended(1_000.0)

    assert ("tool", "deadline of work") == (failed.value.boundary, failed.value.signature)


def test_what_a_tool_waits_for_by_our_rules_does_not_count() -> None:
    assert ("done", 1_004.0) == ended(4.0, waits=1_000.0)


def test_without_a_deadline_a_tool_takes_as_long_as_it_wants() -> None:
    assert ("done", 1_000.0) == ended(1_000.0, limit=None)


def test_each_of_several_calls_has_its_own_deadline() -> None:
    agent = optimizable(Agent(FunctionModel(call_twice), name="worker"))

    @agent.tool_plain
    async def work() -> str:
        """Work."""
        await anyio.sleep(4.0)
        return "done"

    async def main() -> str:
        traffic = Traffic(Terms(deadlines=Deadlines(tool_call=5.0)))
        with traffic.flowing(), wearing(SEED), WorkingTime(traffic.pulse).at_work():
            return (await agent.run("Work.")).output

    assert "done twice" == run_virtual(main())


async def call_twice(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    if len(messages) < 5:
        return ModelResponse(parts=[ToolCallPart("work", {})])
    return ModelResponse(parts=[TextPart("done twice")])


async def test_the_deadline_of_a_sync_tool_is_noticed_when_it_returns() -> None:
    agent = optimizable(Agent(FunctionModel(call_it), name="worker"))

    @agent.tool_plain
    def work() -> str:
        """Work."""
        time.sleep(0.1)
        return "done"

    traffic = Traffic(Terms(deadlines=Deadlines(tool_call=0.05)))
    working = WorkingTime(traffic.pulse)
    raises = pytest.raises(CandidateFailed, match="work took longer than")
    with traffic.flowing(), wearing(SEED), working.at_work(), raises, boundary():
        await agent.run("Work.")
