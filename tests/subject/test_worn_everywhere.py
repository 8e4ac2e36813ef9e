"""Every text of an agent can be worn, through every way to run it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field
from pydantic_ai import Agent, NativeOutput, PromptedOutput, RunContext, ToolOutput
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import InstructionPart, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.toolsets import FunctionToolset, PrefixedToolset

from spanwright.core.candidate import Candidate
from spanwright.subject import decorate, discover, optimizable, wearing
from spanwright.telemetry import SpanRecorder


class City(BaseModel):
    """A city."""

    name: str = Field(description="its name")
    country: str


def wears(texts: dict[str, str]) -> AbstractContextManager[None]:
    return wearing(Candidate(texts=texts))


@dataclass
class Louder(AbstractCapability[Any]):
    """A capability of the user's that rewrites descriptions, too."""

    seen: list[str | None] = field(default_factory=list)

    async def prepare_tools(self, ctx: RunContext[Any], tool_defs: list[ToolDefinition]) -> list[ToolDefinition]:
        self.seen.extend(tool.description for tool in tool_defs)
        return [replace(tool, description="LOUD") for tool in tool_defs]


async def test_several_static_instructions_are_one_text_and_named_ones_have_their_own(mirror) -> None:
    crm = FunctionToolset[object](id="crm", instructions="Use the CRM.")
    agent = optimizable(
        Agent(
            mirror.model, name="a", instructions=["One.", "Two.", InstructionPart("Calm.", name="tone")], toolsets=[crm]
        )
    )

    @agent.instructions
    def today() -> str:
        return "It is Friday."

    found = {component.id: component.text for component in await discover(agent)}
    with wears({"a/instructions": "I", "a/instructions:agent:tone": "T", "a/instructions:toolset:crm": "C"}):
        await agent.run("x")

    assert "One.\n\nTwo." == found["a/instructions"]
    assert "Calm." == found["a/instructions:agent:tone"]
    assert "Use the CRM." == found["a/instructions:toolset:crm"]
    assert ["I", "T", "C", "It is Friday."] == mirror.instructions


async def test_an_empty_text_takes_instructions_away_and_keeps_dynamic_ones(mirror) -> None:
    agent = optimizable(Agent(mirror.model, name="a", instructions="Be kind."))

    @agent.instructions
    def today() -> str:
        return "It is Friday."

    with wears({"a/instructions": ""}):
        await agent.run("x")

    assert ["It is Friday."] == mirror.instructions


async def test_system_prompts_are_worn_by_their_place_and_dynamic_ones_are_left_alone(mirror) -> None:
    agent = optimizable(Agent(mirror.model, name="a", system_prompt=["First.", "Second."]))

    @agent.system_prompt(dynamic=True)
    def now() -> str:
        return "Noon."

    found = {component.id: component.text for component in await discover(agent)}
    with wears({"a/system_prompt": "1", "a/system_prompt:1": "2"}):
        result = await agent.run("x")

    assert ("First.", "Second.") == (found["a/system_prompt"], found["a/system_prompt:1"])
    assert ["1", "2", "Noon."] == mirror.system_prompts
    assert "First." == result.all_messages()[0].parts[0].content, "the history keeps what the agent was made with"


async def test_a_history_is_continued_with_the_texts_that_are_worn_now(mirror) -> None:
    agent = optimizable(Agent(mirror.model, name="a", system_prompt="First.", instructions="Be kind."))
    with wears({"a/system_prompt": "old", "a/instructions": "old"}):
        earlier = await agent.run("x")

    with wears({"a/system_prompt": "new", "a/instructions": "new"}):
        await agent.run("y", message_history=earlier.all_messages())

    assert ["new"] == mirror.system_prompts
    assert ["new"] == mirror.instructions


async def test_tools_of_toolsets_are_worn_by_the_name_that_the_model_sees(mirror) -> None:
    shop = FunctionToolset[object]()

    @shop.tool_plain
    def find(query: Annotated[str, Field(description="words")], city: City | None = None) -> str:
        """Find."""
        return query

    agent = optimizable(Agent(mirror.model, name="a", toolsets=[PrefixedToolset(shop, "shop")]))
    with wears({"a/tool:shop_find": "F", "a/tool:shop_find/query": "Q", "a/tool:shop_find/$City/country": "C"}):
        await agent.run("x")

    (tool,) = mirror.requests[-1].function_tools
    schema = tool.parameters_json_schema
    assert "F" == tool.description
    assert "Q" == schema["properties"]["query"]["description"]
    assert {"name": "its name", "country": "C"} == {
        name: each["description"] for name, each in schema["$defs"]["City"]["properties"].items()
    }


async def test_a_schema_that_is_changed_in_its_place_between_requests_is_worn_as_it_is_now(mirror) -> None:
    agent = optimizable(Agent(mirror.model, name="a"))
    sizes: list[str] = []

    async def with_sizes(ctx: RunContext[object], tool: ToolDefinition) -> ToolDefinition:
        tool.parameters_json_schema["properties"]["size"]["enum"] = list(sizes)
        return tool

    @agent.tool_plain(prepare=with_sizes)
    def find(size: str) -> str:
        """Find."""
        return size

    with wears({"a/tool:find/size": "S"}):
        await agent.run("x")
        sizes.append("XL")
        await agent.run("x")

    before, after = (request.function_tools[0].parameters_json_schema["properties"] for request in mirror.requests)
    assert ({"enum": [], "description": "S"}, {"enum": ["XL"], "description": "S"}) == tuple(
        {key: each["size"][key] for key in ("enum", "description")} for each in (before, after)
    )


async def test_output_tools_are_worn_with_their_fields(mirror) -> None:
    mirror.answer = lambda info: ModelResponse(
        parts=[ToolCallPart(info.output_tools[0].name, {"name": "Ulm", "country": "DE"})]
    )
    agent = optimizable(
        Agent(mirror.model, name="a", output_type=ToolOutput(City, name="answer", description="The end."))
    )

    found = {component.id: component.text for component in await discover(agent)}
    with wears({"a/output:answer": "O", "a/output:answer/name": "N"}):
        result = await agent.run("x")

    (tool,) = mirror.requests[-1].output_tools
    assert "its name" == found["a/output:answer/name"]
    assert "The end" in found["a/output:answer"]
    assert ("O", "N") == (tool.description, tool.parameters_json_schema["properties"]["name"]["description"])
    assert City(name="Ulm", country="DE") == result.output


@pytest.mark.parametrize("output", [NativeOutput(City), PromptedOutput(City)], ids=["native", "prompted"])
async def test_output_objects_are_worn_with_their_fields(mirror, output) -> None:
    mirror.answer = lambda _: ModelResponse(parts=[TextPart('{"name": "Ulm", "country": "DE"}')])
    agent = optimizable(Agent(mirror.model, name="a", output_type=output))

    found = {component.id: component.text for component in await discover(agent)}
    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            with wears({"a/output:final_result": "O", "a/output:final_result/name": "N"}):
                result = await agent.run("x")

    shown = mirror.requests[-1].output_object
    assert shown is not None
    assert ("A city.", "its name") == (found["a/output:final_result"], found["a/output:final_result/name"])
    assert ("O", "N") == (shown.description, shown.json_schema["properties"]["name"]["description"])
    assert City(name="Ulm", country="DE") == result.output
    assert {"a/output:final_result", "a/output:final_result/name"} == recording.trace.components


async def test_what_reached_the_model_is_noted_and_nothing_else(mirror) -> None:
    agent = optimizable(Agent(mirror.model, name="a", instructions="Be kind."))

    @agent.tool_plain
    def find(query: str) -> str:
        """Find."""
        return query

    texts = {
        "a/instructions": "I",
        "a/instructions:agent:gone": "G",
        "a/tool:find": "F",
        "a/tool:find/query": "Q",
        "a/tool:find/typo": "T",
        "a/tool:gone": "G",
        "b/instructions": "B",
    }
    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            with wears(texts):
                await agent.run("x")

    assert {"a/instructions", "a/tool:find", "a/tool:find/query"} == recording.trace.components


async def _run(agent: Agent[object, str]) -> None:
    await agent.run("x")


async def _run_stream(agent: Agent[object, str]) -> None:
    async with agent.run_stream("x") as streamed:
        await streamed.get_output()


async def _run_stream_events(agent: Agent[object, str]) -> None:
    async with agent.run_stream_events("x") as events:
        async for _ in events:
            pass


async def _iter(agent: Agent[object, str]) -> None:
    async with agent.iter("x") as run:
        async for _ in run:
            pass


@pytest.mark.parametrize("entry", [_run, _run_stream, _run_stream_events, _iter])
async def test_every_way_to_run_an_agent_wears(mirror, entry: Callable[[Agent[object, str]], Awaitable[None]]) -> None:
    mirror.calls = (ToolCallPart("find", {"query": "x"}),)
    agent = optimizable(Agent(mirror.model, name="a", instructions="Be kind."))

    @agent.tool_plain
    def find(query: str) -> str:
        """Find."""
        return query

    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            with wears({"a/instructions": "I", "a/tool:find": "F"}):
                await entry(agent)

    assert 2 == len(mirror.requests)
    assert ["I"] == mirror.instructions
    assert {"find": "F"} == mirror.tools
    assert 2 == len(recording.trace.model_calls)
    assert ["find"] == [call.name for call in recording.trace.tool_calls]
    assert {"a/instructions", "a/tool:find"} == recording.trace.components


def test_a_blocking_run_wears(mirror) -> None:
    agent = optimizable(Agent(mirror.model, name="a", instructions="Be kind."))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)  # pydantic-ai would make one and leave it open

    try:
        with wears({"a/instructions": "I"}):
            agent.run_sync("x")
    finally:
        asyncio.set_event_loop(None)
        loop.close()

    assert ["I"] == mirror.instructions


async def test_sub_agents_wear_from_tools_on_worker_threads_and_in_tasks(mirror) -> None:
    helper = optimizable(Agent(mirror.model, name="helper", instructions="Help."))
    threads: list[threading.Thread] = []
    boss_mirror = type(mirror)(calls=(ToolCallPart("look", {}), ToolCallPart("delegate", {})))
    boss = optimizable(Agent(boss_mirror.model, name="boss", instructions="Lead."))

    @boss.tool
    def look(ctx: RunContext[object]) -> str:
        """Look."""
        threads.append(threading.current_thread())
        return "sync"

    @boss.tool
    async def delegate(ctx: RunContext[object]) -> str:
        """Delegate."""
        return (await helper.run("x", usage=ctx.usage)).output

    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            with wears({"boss/tool:look": "L", "boss/tool:delegate": "D", "helper/instructions": "H"}):
                await boss.run("x")

    assert [threading.main_thread()] != threads
    assert {"look": "L", "delegate": "D"} == boss_mirror.tools
    assert ["Lead."] == boss_mirror.instructions
    assert ["H"] == mirror.instructions
    assert {"boss/tool:look", "boss/tool:delegate", "helper/instructions"} == recording.trace.components
    assert [("boss", ""), ("helper", "boss")] == [(run.name, run.parent_agent) for run in recording.trace.agents]


async def test_what_is_worn_lies_over_the_champion_and_does_not_hide_the_rest_of_it(mirror) -> None:
    agent = optimizable(Agent(mirror.model, name="a", instructions="Be kind."))

    @agent.tool_plain
    def find(query: str) -> str:
        """Find."""
        return query

    decorate(agent).base = Candidate(texts={"a/instructions": "champion", "a/tool:find": "champion"})

    await agent.run("x")
    bare = (mirror.instructions, mirror.tools)
    with wears({"a/instructions": "I"}):
        await agent.run("x")

    assert (["champion"], {"find": "champion"}) == bare
    assert (["I"], {"find": "champion"}) == (mirror.instructions, mirror.tools)


async def test_capabilities_of_the_caller_stay_and_ours_has_the_last_word(mirror) -> None:
    louder = Louder()
    agent = optimizable(Agent(mirror.model, name="a"))

    @agent.tool_plain
    def find(query: str) -> str:
        """Find."""
        return query

    with wears({"a/tool:find": "F"}):
        await agent.run("x", capabilities=[louder])

    assert ["Find."] == louder.seen
    assert {"find": "F"} == mirror.tools


async def test_more_candidates_than_are_remembered_do_not_mix(mirror) -> None:
    agent = optimizable(Agent(mirror.model, name="a", instructions="Be kind."))

    for number in (*range(300), 3, 299):
        with wears({"a/instructions": f"text {number}"}):
            await agent.run("x")

        assert [f"text {number}"] == mirror.instructions
