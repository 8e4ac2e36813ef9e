"""An agent with dozens of texts, through the one door."""

from api_world import words
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.tools import Tool

from spanwright import optimizable, optimize


async def test_where_many_texts_may_change_they_are_dealt_out_to_several_calls_and_that_is_said(world) -> None:
    def tool(place: int) -> Tool[object]:
        def act(word: str) -> str:
            return word

        return Tool(act, name=f"tool_{place}", description=f"Does the thing with the number {place}.")

    agent = optimizable(
        Agent(world.task.model, instructions="Answer.", name="workshop", tools=[tool(place) for place in range(30)])
    )
    asked: list[ModelMessage] = []

    def reflect(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        asked.append(messages[-1])
        return ModelResponse(parts=[TextPart("I do not know.")])

    common = {**world.options(rollouts=400), "reflection_model": FunctionModel(reflect)}
    result = await optimize(agent, words(40), **common)

    assert any("31 texts may change: an attempt looks at 8 cases" in remark for remark in result.remarks)
    assert len(asked) > result.reflections
