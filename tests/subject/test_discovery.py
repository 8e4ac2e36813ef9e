"""Components are found without calling a model, whatever an agent's instructions need."""

from dataclasses import dataclass

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel
from pydantic_ai import Agent, InstrumentationSettings, RunContext, WebSearchTool
from pydantic_ai.capabilities import NativeTool
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.toolsets import FunctionToolset

from spanwright.core.candidate import Kind
from spanwright.errors import UsageError
from spanwright.subject import chosen, discover, optimizable
from spanwright.telemetry import SpanRecorder


@dataclass
class Shop:
    name: str
    open: bool = True


class Answer(BaseModel):
    """An answer."""

    total: float


def never(_messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
    raise AssertionError("the model was called")


MODEL = FunctionModel(never)


async def test_every_kind_of_text_is_found_in_the_order_in_which_a_model_reads_it() -> None:
    agent = optimizable(
        Agent(MODEL, name="a", system_prompt="System.", instructions="Be kind.", output_type=Answer, deps_type=Shop)
    )

    @agent.tool
    def find(ctx: RunContext[Shop], query: str) -> str:
        """Find.

        Args:
            query: What to look for.
        """
        raise AssertionError("the tool was called")

    found = await discover(agent)

    assert [
        ("a/system_prompt", Kind.SYSTEM_PROMPT, "System."),
        ("a/instructions", Kind.INSTRUCTIONS, "Be kind."),
        ("a/tool:find", Kind.TOOL, "Find."),
        ("a/tool_name:find", Kind.TOOL_NAME, "find"),
        ("a/tool:find/query", Kind.PARAMETER, "What to look for."),
        ("a/output:final_result", Kind.OUTPUT, "An answer."),
        ("a/output:final_result/total", Kind.OUTPUT_FIELD, ""),
    ] == [(component.id, component.kind, component.text) for component in found]
    assert {"a"} == {component.agent for component in found}
    assert all(component.reach for component in found)


async def test_an_agent_without_instructions_could_have_some() -> None:
    found = await discover(optimizable(Agent(MODEL, name="a")))

    assert [("a/instructions", "")] == [(component.id, component.text) for component in found]


async def test_instructions_that_need_dependencies_are_met_with_a_stand_in() -> None:
    agent = optimizable(Agent(MODEL, name="a", deps_type=Shop, instructions="Be kind."))

    @agent.instructions(name="greeting")
    async def greet(ctx: RunContext[Shop]) -> str:
        shop = ctx.deps
        if shop.open:
            return f"Welcome to {shop.name.upper():>10}: {', '.join(shop.name)} {shop.name[0]} {len(shop.name)}"
        return ""

    @agent.instructions
    async def fetched(ctx: RunContext[Shop]) -> str:
        rows = await ctx.deps.database.fetch("orders")  # pyright: ignore[reportAttributeAccessIssue]
        return f"{rows} orders"

    found = {component.id: component for component in await discover(agent)}

    assert "Be kind." == found["a/instructions"].text
    assert ["a/instructions"] == [component.id for component in chosen(tuple(found.values()), "all")]


async def test_with_real_dependencies_dynamic_parts_show_their_text_and_are_not_evolved() -> None:
    agent = optimizable(Agent(MODEL, name="a", deps_type=Shop))

    @agent.instructions(name="greeting")
    def greet(ctx: RunContext[Shop]) -> str:
        return f"Welcome to {ctx.deps.name}."

    found = {component.id: component for component in await discover(agent, Shop("Ulm"))}

    greeting = found["a/instructions:agent:greeting"]
    assert ("Welcome to Ulm.", True) == (greeting.text, greeting.dynamic)
    assert not found["a/instructions"].dynamic


async def test_toolsets_that_are_made_at_run_time_are_found() -> None:
    agent = optimizable(Agent(MODEL, name="a", deps_type=Shop))

    @agent.toolset
    def tools(ctx: RunContext[Shop]) -> FunctionToolset[Shop]:
        def close() -> str:
            """Close."""
            return ctx.deps.name

        return FunctionToolset([close])

    found = [component.id for component in await discover(agent, Shop("Ulm"))]

    assert "a/tool:close" in found


async def test_tools_of_the_provider_do_not_stand_in_the_way() -> None:
    agent = optimizable(Agent(MODEL, name="a", instructions="Search.", capabilities=[NativeTool(WebSearchTool())]))

    assert ["a/instructions"] == [component.id for component in await discover(agent)]


async def test_an_agent_that_cannot_be_started_is_refused_with_what_it_raised() -> None:
    agent = optimizable(Agent(MODEL, name="a", deps_type=Shop))

    @agent.instructions
    def broken(ctx: RunContext[Shop]) -> str:
        raise LookupError("no shop")

    with pytest.raises(UsageError, match="the agent 'a' could not be previewed: LookupError: no shop"):
        await discover(agent)


async def test_inside_a_recording_a_preview_leaves_nothing_at_the_users_backend() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    agent = optimizable(Agent(MODEL, name="a"))
    agent.instrument = InstrumentationSettings(tracer_provider=provider)

    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}):
            await discover(agent)

    assert () == exporter.get_finished_spans()
