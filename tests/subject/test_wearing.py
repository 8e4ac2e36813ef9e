"""Agents wear candidates: what reaches the model, and that nothing else changes."""

import anyio
from pydantic import BaseModel, Field
from pydantic_ai import Agent, RunContext
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from spanwright.core.candidate import Candidate
from spanwright.core.trace import Trace
from spanwright.subject import discover, optimizable, wearing
from spanwright.telemetry import SpanRecorder


class Place(BaseModel):
    """Where it is."""

    city: str = Field(description="the town")
    country: str


def _weather_agent() -> Agent[None, str]:
    """An agent that calls its tool once and then tells all that it was told."""

    def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if len(messages) == 1:
            return ModelResponse(parts=[ToolCallPart("weather", {"place": {"city": "Ulm", "country": "DE"}})])
        tool = info.function_tools[0]
        docs = tool.parameters_json_schema["$defs"]["Place"]["properties"]
        told = [info.instructions or "", tool.description or "", *(doc.get("description", "") for doc in docs.values())]
        return ModelResponse(parts=[TextPart(" | ".join(told))])

    agent = optimizable(Agent(FunctionModel(reply), name="guide", instructions="Be kind.", deps_type=type(None)))

    @agent.instructions
    def today() -> str:
        return "It is Friday."

    @agent.tool_plain
    def weather(place: Place, days: int = 1) -> str:
        """Weather."""
        return f"sun in {place.city} for {days}"

    return agent


def _dressed(mark: str) -> Candidate:
    return Candidate(
        texts={
            "guide/instructions": f"instructions {mark}",
            "guide/tool:weather": f"tool {mark}",
            "guide/tool:weather/$Place/country": f"country {mark}",
        }
    )


async def test_discovery_finds_every_text_without_calling_the_model() -> None:
    found = {component.id: component for component in await discover(_weather_agent())}

    assert found["guide/instructions"].text == "Be kind."
    assert found["guide/tool:weather"].text == "Weather."
    assert found["guide/tool:weather/$Place/city"].text == "the town"
    assert not found["guide/tool:weather/$Place/country"].text


async def test_a_worn_candidate_reaches_instructions_tools_and_nested_parameters() -> None:
    agent = _weather_agent()

    with wearing(_dressed("x")):
        worn = await agent.run("hello")
    bare = await agent.run("hello")

    assert worn.output == "instructions x\n\nIt is Friday. | tool x | the town | country x"
    assert bare.output == "Be kind.\n\nIt is Friday. | Weather. | the town | "


async def test_an_agent_without_instructions_can_be_given_some() -> None:
    def reply(_messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[TextPart(info.instructions or "none")])

    agent = optimizable(Agent(FunctionModel(reply), name="plain"))

    with wearing(Candidate(texts={"plain/instructions": "Be brief."})):
        result = await agent.run("hello")

    assert result.output == "Be brief."


async def test_a_hundred_and_fifty_concurrent_rollouts_of_thirty_candidates_do_not_mix() -> None:
    agent = _weather_agent()
    outputs: dict[int, str] = {}
    traces: dict[int, Trace] = {}

    with SpanRecorder.attach() as recorder:

        async def rollout(number: int) -> None:
            async with recorder.recording({"spanwright.rollout": str(number)}) as recording:
                with wearing(_dressed(f"c{number % 30}.")):
                    outputs[number] = (await agent.run("hello")).output
            traces[number] = recording.trace

        async with anyio.create_task_group() as group:
            for number in range(150):
                group.start_soon(rollout, number)

    for number in range(150):
        mark = f"c{number % 30}."
        assert outputs[number] == f"instructions {mark}\n\nIt is Friday. | tool {mark} | the town | country {mark}"
        trace = traces[number]
        assert len(trace.model_calls) == 2
        assert all(f"instructions {mark}" in call.instructions for call in trace.model_calls)
        assert all(call.tools[0].description == f"tool {mark}" for call in trace.model_calls)
        assert trace.components == frozenset(_dressed(mark).texts)
        assert len(trace.tool_calls) == 1
    assert (await agent.run("hello")).output == "Be kind.\n\nIt is Friday. | Weather. | the town | "


async def test_a_sub_agent_wears_its_own_part_and_streams_work() -> None:
    def told(_messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[TextPart(info.instructions or "")])

    helper = optimizable(Agent(FunctionModel(told), name="helper", instructions="help"))

    def ask(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        if len(messages) == 1:
            return ModelResponse(parts=[ToolCallPart("delegate", {})])
        returned = messages[-1].parts[0]
        assert isinstance(returned, ToolReturnPart)
        return ModelResponse(parts=[TextPart(str(returned.content))])

    boss = optimizable(Agent(FunctionModel(ask), name="boss", instructions="boss"))

    @boss.tool
    async def delegate(ctx: RunContext[object]) -> str:
        """Ask for help."""
        return (await helper.run("please", usage=ctx.usage)).output

    with wearing(Candidate(texts={"boss/instructions": "B", "helper/instructions": "H"})):
        result = await boss.run("go")

    assert result.output == "H"
