"""Every kind of component, in every way to run an agent, wherever it runs: found, worn, accounted for, and never mixed.

One agent has all kinds at once, and answers with nothing but what it was shown. Candidates give each component a text
that names it and the candidate, so a text that is in the wrong place or of another candidate cannot pass.
"""

import asyncio
import re
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import Annotated, Any, Literal, TypeAlias, cast
from unittest.mock import ANY

import pytest
from fastmcp import FastMCP
from pydantic import BaseModel, Field
from pydantic_ai import Agent, NativeOutput, RunContext, TemplateStr, ToolOutput
from pydantic_ai.capabilities import Capability
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.messages import (
    InstructionPart,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel
from pydantic_ai.toolsets import AbstractToolset, FunctionToolset, PrefixedToolset

from spanwright.core.candidate import Candidate, Component, Kind
from spanwright.subject import discover, optimizable, wearing
from spanwright.telemetry import SpanRecorder

_APPENDED = re.compile(r"<context id=[^>]*>\n(.*)\n</context>(?:\n.*)?", re.DOTALL)
"""What pydantic-ai puts around instructions that may change in the middle of a conversation, as those of servers."""
_SKILLS = re.compile(r"The following capabilities are deferred.*\n- refunds: (.*)", re.DOTALL)
"""What pydantic-ai puts before the description of a skill."""
_LOADED = re.compile(r"<context id=\"capability:refunds\">\n(.*)\n</context>", re.DOTALL)
BODY = "boss/skill:refunds/body"
"""It is not read before the skill is loaded, which the first answer does."""
DYNAMIC = "It is Friday."
CANDIDATES = 60


class Place(BaseModel):
    """A place."""

    city: str = Field(description="its city")
    zip: str = ""


class ByCard(BaseModel):
    """By card."""

    number: str = Field(description="its number")


class ByTransfer(BaseModel):
    """By transfer."""

    account: str = Field(description="the account")


class Order(BaseModel):
    """An order."""

    places: list[Place] = Field(description="where to")
    prices: dict[str, Annotated[float, Field(description="a price")]] = Field(default_factory=dict)
    pay: ByCard | ByTransfer | None = None
    corner: tuple[Annotated[int, Field(description="left")], Annotated[int, Field(description="top")]] = (0, 0)
    kind: Literal["gift", "other"] = "other"


class Line(BaseModel):
    """A line."""

    amount: float = Field(description="how much")


class Answer(BaseModel):
    """The answer."""

    lines: list[Line] = Field(description="the lines")
    total: float = 0


class Verdict(BaseModel):
    """A verdict."""

    right: bool = Field(description="whether it is right")


@dataclass(frozen=True)
class Desk:
    owner: str


DESK = Desk("Ada")


@dataclass
class Shown:
    """What the models of one agent were shown, by the prompt of the run."""

    calls: Sequence[ToolCallPart]
    answer: Callable[[AgentInfo], ToolCallPart | TextPart]
    texts: defaultdict[str, list[list[str]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def model(self) -> FunctionModel:
        return FunctionModel(self.reply, stream_function=self.stream)

    async def reply(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.texts[_prompt(messages)].append(sorted(_texts(messages, info.model_request_parameters)))
        await asyncio.sleep(0)
        if any(isinstance(message, ModelResponse) for message in messages):
            return ModelResponse(parts=[self.answer(info)])
        shown = [tool.name for tool in info.function_tools]
        return ModelResponse(parts=[_renamed(call, shown) for call in self.calls] or [self.answer(info)])

    async def stream(self, messages: list[ModelMessage], info: AgentInfo) -> Any:
        for index, part in enumerate((await self.reply(messages, info)).parts):
            if isinstance(part, TextPart):
                yield part.content
            elif isinstance(part, ToolCallPart):
                yield {index: DeltaToolCall(part.tool_name, part.args_as_json_str(), tool_call_id=part.tool_call_id)}


def _renamed(call: ToolCallPart, shown: Sequence[str]) -> ToolCallPart:
    return replace(call, tool_name=next(name for name in shown if name.startswith(call.tool_name)))


def _prompt(messages: list[ModelMessage]) -> str:
    (prompt,) = (part.content for part in messages[0].parts if isinstance(part, UserPromptPart))
    return str(prompt)


def _texts(messages: list[ModelMessage], parameters: ModelRequestParameters) -> Iterator[str]:
    """Yield all words of a request that are not said in the conversation."""
    assert isinstance(messages[0], ModelRequest)
    yield from (part.content for part in messages[0].parts if isinstance(part, SystemPromptPart))
    yield from (_SKILLS.sub(r"\1", _APPENDED.sub(r"\1", part.content)) for part in parameters.instruction_parts or ())
    yield from (found[1] for message in messages for part in message.parts if (found := _loaded(part)))
    for tool in (*parameters.function_tools, *parameters.output_tools):
        yield tool.description or ""
        yield from [tool.name] if tool in parameters.function_tools else []
        yield from _descriptions(tool.parameters_json_schema)
    if parameters.output_object is not None and not parameters.output_tools:
        yield parameters.output_object.description or ""
        yield from _descriptions(parameters.output_object.json_schema)


def _loaded(part: object) -> re.Match[str] | None:
    """Return the body of a skill in a message."""
    content = part.content if isinstance(part, UserPromptPart | SystemPromptPart) else None
    return _LOADED.search(content) if isinstance(content, str) else None


def _descriptions(schema: object) -> Iterator[str]:
    """Yield the descriptions below a schema, without knowing where JSON schemas may have them."""
    for key, below in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if key == "description" and isinstance(below, str):
            yield below
        elif isinstance(below, dict | list):
            yield from _descriptions(below)


@dataclass
class Office:
    """An agent that has every kind of component, the agent it asks, and what the models of both were shown."""

    boss: Agent[Desk, Answer]
    helper: Agent[None, Verdict]
    shown: dict[str, Shown]
    recorder: SpanRecorder

    @classmethod
    @contextmanager
    def open(cls, stock: Callable[[], AbstractToolset[Desk]] | None = None) -> Generator["Office"]:
        """Open an office. Each run connects to a server that has the stock, unless another toolset is given."""
        with SpanRecorder.attach() as recorder:
            yield cls.staffed(recorder, stock or (lambda: MCPToolset(_server(), id="stock", include_instructions=True)))

    @classmethod
    def staffed(cls, recorder: SpanRecorder, stock: Callable[[], AbstractToolset[Desk]]) -> "Office":
        helper_shown = Shown((), lambda _: TextPart('{"right": true}'))
        helper = optimizable(
            Agent(helper_shown.model, name="helper", instructions="Check.", output_type=NativeOutput(Verdict))
        )
        calls = [
            ToolCallPart("delegate", {}, "1"),
            ToolCallPart("price", {"order": {"places": []}}, "2"),
            ToolCallPart("post_weigh", {"grams": 1}, "3"),
            ToolCallPart("stock", {"item": "pen"}, "4"),
            ToolCallPart("load_capability", {"id": "refunds"}, "6"),
        ]
        answer = {"lines": [], "total": 1}
        boss_shown = Shown(calls, lambda info: ToolCallPart(info.output_tools[0].name, answer, "5"))
        boss = optimizable(
            Agent(
                boss_shown.model,
                name="boss",
                deps_type=Desk,
                system_prompt=["You lead.", "You are kind."],
                instructions=[
                    "Lead.",
                    InstructionPart("Calmly.", name="tone"),
                    TemplateStr("You work for {{owner}}.", deps_type=Desk),
                ],
                output_type=ToolOutput(Answer, name="answer"),
                toolsets=[_crm(), PrefixedToolset(_scales(), "post")],
                capabilities=[
                    Capability(id="refunds", description="Pay back.", instructions="Ask first.", defer_loading=True)
                ],
            )
        )

        @boss.instructions
        def today() -> str:
            return DYNAMIC

        @boss.toolset(per_run_step=False, id="stock")
        def in_stock(ctx: RunContext[Desk]) -> AbstractToolset[Desk]:
            return stock()

        @boss.tool
        async def delegate(ctx: RunContext[Desk]) -> bool:
            """Ask the helper."""
            assert isinstance(ctx.prompt, str)
            return (await helper.run(ctx.prompt, usage=ctx.usage)).output.right

        @boss.tool_plain
        def price(order: Order) -> float:
            """Price an order.

            Args:
                order: What was ordered.
            """
            return 1.0

        return cls(boss, helper, {"boss": boss_shown, "helper": helper_shown}, recorder)

    async def components(self) -> tuple[Component, ...]:
        return (*await discover(self.boss, DESK), *await discover(self.helper))


def _crm() -> FunctionToolset[Desk]:
    crm = FunctionToolset[Desk](id="crm", instructions="Use the CRM.")

    @crm.tool_plain
    def customer(name: Annotated[str, Field(description="who")]) -> str:
        """Find a customer."""
        return name

    return crm


def _scales() -> FunctionToolset[Desk]:
    scales = FunctionToolset[Desk]()

    @scales.tool_plain
    def weigh(grams: Annotated[int, Field(description="in grams")]) -> int:
        """Weigh."""
        return grams

    return scales


def _paper_stock() -> FunctionToolset[Desk]:
    """Say the same as the server does."""
    paper = FunctionToolset[Desk](id="stock", instructions="Ask the stock last.")

    @paper.tool_plain
    def stock(item: Annotated[str, Field(description="an item")]) -> int:
        """Count what is in stock."""
        return len(item)

    return paper


def _server() -> "FastMCP[Any]":
    server = FastMCP[Any]("stock", instructions="Ask the stock last.")

    @server.tool
    def stock(item: Annotated[str, Field(description="an item")]) -> int:
        """Count what is in stock."""
        return len(item)

    return server


def _worn(component: Component, number: int) -> str:
    if component.kind is Kind.TOOL_NAME:
        return f"{component.text}_{number}"
    owner = " {{owner}}" if component.id == "boss/instructions:template" else ""
    return f"{component.id} of {number}{owner}"


async def _run(agent: Agent[Desk, Answer], prompt: str) -> None:
    await agent.run(prompt, deps=DESK)


async def _run_stream(agent: Agent[Desk, Answer], prompt: str) -> None:
    async with agent.run_stream(prompt, deps=DESK) as streamed:
        await streamed.get_output()


async def _run_stream_events(agent: Agent[Desk, Answer], prompt: str) -> None:
    async with agent.run_stream_events(prompt, deps=DESK) as events:
        async for _ in events:
            pass


async def _iter(agent: Agent[Desk, Answer], prompt: str) -> None:
    async with agent.iter(prompt, deps=DESK) as run:
        async for _ in run:
            pass


Entry: TypeAlias = Callable[[Agent[Desk, Answer], str], Awaitable[None]]
Position: TypeAlias = Callable[["Office", Entry, str], Awaitable[None]]


async def _on_top(office: "Office", entry: Entry, prompt: str) -> None:
    await entry(office.boss, prompt)


async def _in_a_tool(office: "Office", entry: Entry, prompt: str) -> None:
    manager = Agent(FunctionModel(_ask_once), name="manager")

    @manager.tool_plain
    async def ask() -> str:
        """Ask."""
        await entry(office.boss, prompt)
        return "asked"

    await manager.run("Go.")


def _ask_once(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
    return ModelResponse(parts=[TextPart("done") if len(messages) > 1 else ToolCallPart("ask", {})])


async def _on_a_thread(office: "Office", entry: Entry, prompt: str) -> None:
    await asyncio.to_thread(lambda: asyncio.run(cast("Coroutine[Any, Any, None]", entry(office.boss, prompt))))


async def _blocking(office: "Office", _entry: Entry, prompt: str) -> None:
    def run() -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)  # pydantic-ai would make one and leave it open
        try:
            office.boss.run_sync(prompt, deps=DESK)
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    await asyncio.to_thread(run)


ENTRIES = (_run, _run_stream, _run_stream_events, _iter)
WAYS = [
    *((position, entry) for position in (_on_top, _in_a_tool, _on_a_thread) for entry in ENTRIES),
    (_blocking, _run),
]


async def _try(office: Office, components: Sequence[Component], way: tuple[Position, Entry], number: int) -> None:
    """Run the boss as one candidate, and see to it that the models were shown its texts, all of them, and no others."""
    position, entry = way
    texts = {each.id: _worn(each, number) for each in components if not each.dynamic}
    async with office.recorder.recording({}) as recording:
        with wearing(Candidate(texts=texts)):
            await position(office, entry, str(number))

    for agent, shown in office.shown.items():
        wanted = [text.replace("{{owner}}", DESK.owner) for id, text in texts.items() if id.startswith(f"{agent}/")]
        wanted += [DYNAMIC] if agent == "boss" else []
        requests = shown.texts[str(number)]
        assert 2 - (agent == "helper") == len(requests)
        later = [text for text in wanted if not text.startswith(BODY)]
        assert [sorted(later), sorted(wanted)][: len(requests)] == requests
    assert texts.keys() == recording.trace.components


async def test_one_agent_has_every_kind_of_component() -> None:
    with Office.open() as office:
        found = {each.id: each.text for each in await office.components()}

    assert {
        "boss/system_prompt": "You lead.",
        "boss/system_prompt:1": "You are kind.",
        "boss/instructions": "Lead.",
        "boss/instructions:agent:tone": "Calmly.",
        "boss/instructions:template": "You work for {{owner}}.",
        "boss/instructions:toolset:crm": "Use the CRM.",
        "boss/instructions:toolset:stock": "Ask the stock last.",
        "boss/skill:refunds": "Pay back.",
        "boss/skill:refunds/body": "Ask first.",
        "boss/tool:load_capability": ANY,
        "boss/tool:load_capability/$": ANY,
        "boss/tool_name:load_capability": "load_capability",
        "boss/tool:load_capability/id": "The id of the capability to load.",
        "boss/tool:delegate": "Ask the helper.",
        "boss/tool_name:delegate": "delegate",
        "boss/tool:price": "Price an order.",
        "boss/tool_name:price": "price",
        "boss/tool:price/$": "An order.",
        "boss/tool:price/places": "where to",
        "boss/tool:price/prices": "",
        "boss/tool:price/prices/{}": "a price",
        "boss/tool:price/pay": "",
        "boss/tool:price/corner": "",
        "boss/tool:price/corner/[0]": "left",
        "boss/tool:price/corner/[1]": "top",
        "boss/tool:price/kind": "",
        "boss/tool:price/$ByCard": "By card.",
        "boss/tool:price/$ByCard/number": "its number",
        "boss/tool:price/$ByTransfer": "By transfer.",
        "boss/tool:price/$ByTransfer/account": "the account",
        "boss/tool:price/$Place": "A place.",
        "boss/tool:price/$Place/city": "its city",
        "boss/tool:price/$Place/zip": "",
        "boss/tool:customer": "Find a customer.",
        "boss/tool_name:customer": "customer",
        "boss/tool:customer/name": "who",
        "boss/tool:post_weigh": "Weigh.",
        "boss/tool_name:post_weigh": "post_weigh",
        "boss/tool:post_weigh/grams": "in grams",
        "boss/tool:stock": "Count what is in stock.",
        "boss/tool_name:stock": "stock",
        "boss/tool:stock/item": "an item",
        "boss/output:answer": "The answer.",
        "boss/output:answer/lines": "the lines",
        "boss/output:answer/total": "",
        "boss/output:answer/$Line": "A line.",
        "boss/output:answer/$Line/amount": "how much",
        "helper/instructions": "Check.",
        "helper/output:final_result": "A verdict.",
        "helper/output:final_result/right": "whether it is right",
    } == found


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.__name__.strip("_"))
@pytest.mark.parametrize("position", [_on_top, _in_a_tool, _on_a_thread], ids=lambda each: each.__name__.strip("_"))
async def test_every_kind_is_worn_and_accounted_for_wherever_an_agent_runs(position: Position, entry: Entry) -> None:
    with Office.open() as office:
        await _try(office, await office.components(), (position, entry), 7)


async def test_a_blocking_run_wears_every_kind() -> None:
    with Office.open() as office:
        await _try(office, await office.components(), (_blocking, _run), 7)


async def test_sixty_candidates_at_once_in_all_ways_are_never_mixed() -> None:
    server = MCPToolset[Desk](_server(), id="stock", include_instructions=True)

    def stock() -> AbstractToolset[Desk]:
        # A connection belongs to one event loop, and one for each of many runs would take ten times as long.
        return server if threading.current_thread() is threading.main_thread() else _paper_stock()

    with Office.open(stock) as office:
        async with server:
            components = await office.components()
            async with asyncio.TaskGroup() as group:
                for number, way in zip(range(CANDIDATES), cycle(WAYS), strict=False):
                    group.create_task(_try(office, components, way, number))
