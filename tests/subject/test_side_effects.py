"""While an agent is tried, its tools do what `optimizable(tools=)` says: a real customer is never refunded."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, DeferredToolRequests, RunContext, Tool, ToolReturn
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.exceptions import ApprovalRequired, ModelRetry, ToolFailed
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel
from pydantic_ai.tools import DeferredToolResults, ToolDefinition
from pydantic_ai.toolsets import AbstractToolset, FunctionToolset, PrefixedToolset, ToolsetTool
from pydantic_core import SchemaValidator, core_schema

from spanwright import CandidateFailed, RehearsedCall, Tools, UsageError, UserBug, WorldFailed, optimizable, rehearsing
from spanwright.subject import discover
from spanwright.telemetry import SpanRecorder

REFUND = ToolCallPart("refund", {"order": "7"})


@dataclass
class Bank:
    """What must not happen while an agent is tried."""

    refunded: list[str] = field(default_factory=list)

    def refund(self, order: str, amount: int = 5) -> str:
        """Refund an order."""
        self.refunded.append(order)
        return f"refund {len(self.refunded)} of {order}"

    def search(self, query: str) -> list[str]:
        """Search."""
        return [query, query]


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "calls" / "tools.jsonl"


def heard(messages: list[ModelMessage]) -> list[tuple[str, object]]:
    """What the model heard of its calls."""
    return [
        (part.outcome, part.content)
        for message in messages
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, ToolReturnPart)
    ]


def making(calls: tuple[ToolCallPart, ...]) -> FunctionModel:
    async def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        turn = sum(isinstance(message, ModelResponse) for message in messages)
        return ModelResponse(parts=[calls[turn]] if turn < len(calls) else [TextPart("done")])

    async def stream(messages: list[ModelMessage], info: AgentInfo):
        part = (await reply(messages, info)).parts[0]
        if isinstance(part, ToolCallPart):
            yield {0: DeltaToolCall(name=part.tool_name, json_args=part.args_as_json_str(), tool_call_id="c")}
        else:
            yield "done"

    return FunctionModel(reply, stream_function=stream)


def calling(*calls: ToolCallPart, tools: object, fakes: Any = None, of: Any = (), **more: Any) -> Agent[Any, Any]:
    """An agent that makes these calls, one after the other, and then is done."""
    agent = Agent(making(calls), name="desk", tools=of, retries=3, **more)
    return optimizable(agent, tools=tools, fakes=fakes)


async def by_run(agent: Agent[Any, Any]) -> list[ModelMessage]:
    return (await agent.run("go")).all_messages()


async def by_iter(agent: Agent[Any, Any]) -> list[ModelMessage]:
    async with agent.iter("go") as run:
        async for _ in run:
            pass
    assert run.result is not None
    return run.result.all_messages()


async def by_stream(agent: Agent[Any, Any]) -> list[ModelMessage]:
    async with agent.run_stream("go") as streamed:
        await streamed.get_output()
        return streamed.all_messages()


async def by_thread(agent: Agent[Any, Any]) -> list[ModelMessage]:
    return await asyncio.to_thread(lambda: asyncio.run(by_run(agent)))


WAYS: dict[str, Callable[[Agent[Any, Any]], Awaitable[list[ModelMessage]]]] = {
    "run": by_run,
    "iter": by_iter,
    "run_stream": by_stream,
    "a loop in a thread": by_thread,
}


class Server(AbstractToolset[Any]):
    """Tools as an MCP server offers them: known by their JSON schemas alone, and called by name."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank

    @property
    def id(self) -> str:
        return "server"

    async def get_tools(self, ctx: RunContext[Any]) -> dict[str, ToolsetTool[Any]]:
        schema = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}
        definition = ToolDefinition(name="refund", parameters_json_schema=schema)
        any_json = SchemaValidator(core_schema.dict_schema())
        return {"refund": ToolsetTool(toolset=self, tool_def=definition, max_retries=1, args_validator=any_json)}

    async def call_tool(self, name: str, tool_args: dict[str, Any], ctx: RunContext[Any], tool: Any) -> object:
        return self.bank.refund(**tool_args)


def in_toolset(bank: Bank) -> dict[str, Any]:
    return {"toolsets": [FunctionToolset([bank.refund])]}


def prefixed(bank: Bank) -> dict[str, Any]:
    def und(order: str) -> str:
        return bank.refund(order)

    return {
        "toolsets": [PrefixedToolset(FunctionToolset([Tool(und, name="und")]), "ref").renamed({"refund": "ref_und"})]
    }


def prepared(bank: Bank) -> dict[str, Any]:
    async def other(ctx: RunContext[Any], definition: ToolDefinition) -> ToolDefinition:
        definition.description = "prepared"
        return definition

    return {"tools": [Tool(bank.refund, prepare=other)]}


KINDS: dict[str, Callable[[Bank], dict[str, Any]]] = {
    "a function": lambda bank: {"tools": [bank.refund]},
    "a toolset": in_toolset,
    "a prefixed toolset": prefixed,
    "a prepared tool": prepared,
    "a server": lambda bank: {"toolsets": [Server(bank)]},
    "a dynamic toolset": lambda bank: {"toolsets": [lambda _: FunctionToolset([bank.refund])]},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("recorded", [False, True], ids=["bare", "recorded in spans"])
async def test_a_tool_in_replay_mode_is_never_called(kind: str, way: str, recorded: bool, bank, file) -> None:
    def agent(tools: Tools) -> Agent[Any, Any]:
        return optimizable(Agent(making((REFUND,)), name="desk", **KINDS[kind](bank)), tools=tools)

    with rehearsing("case 1"):
        before = await WAYS[way](agent(Tools("live", recordings=file)))
    assert ["7"] == bank.refunded
    bank.refunded.clear()
    again = agent(Tools("replay", recordings=file))
    with SpanRecorder.attach() as recorder:
        if recorded:
            async with recorder.recording({}):
                with rehearsing("case 1"):
                    after = await WAYS[way](again)
        else:
            with rehearsing("case 1"):
                after = await WAYS[way](again)

    assert [] == bank.refunded
    assert [("success", "refund 1 of 7")] == heard(before) == heard(after)


async def test_outside_of_a_rehearsal_a_decorated_agent_serves_as_it_is(bank, file) -> None:
    agent = calling(REFUND, tools=Tools("replay", recordings=file), of=[bank.refund])

    await agent.run("go")

    assert ["7"] == bank.refunded


@pytest.mark.parametrize(
    ("on_missing", "error"), [("error", UserBug), ("world", WorldFailed)], ids=["the run stops", "no score"]
)
async def test_a_call_without_a_recording_is_not_the_candidates_fault(on_missing, error, bank, file) -> None:
    with rehearsing("case 1"):
        await calling(REFUND, tools=Tools("live", recordings=file), of=[bank.refund]).run("go")
    bank.refunded.clear()
    agent = calling(
        ToolCallPart("refund", {"order": "8"}),
        tools=Tools("replay", recordings=file, on_missing=on_missing),
        of=[bank.refund],
    )

    with (
        pytest.raises(error, match=r"tool refund of agent desk.*\"order\":\"8\".*not among the recordings.*case 1"),
        rehearsing("case 1"),
    ):
        await agent.run("go")
    assert [] == bank.refunded


async def test_a_missing_recording_shows_even_where_a_program_swallows_it(bank, file) -> None:
    file.parent.mkdir()
    file.write_text("")
    agent = calling(REFUND, tools=Tools("replay", recordings=file), of=[bank.refund])

    async def program() -> None:
        with rehearsing("case 1"), suppress(UserBug):
            await agent.run("go")

    with pytest.raises(UserBug, match="Record it"):
        await program()


async def test_a_function_of_the_users_answers_calls_without_a_recording(bank, file) -> None:
    file.parent.mkdir()
    file.write_text("")
    asked: list[RehearsedCall] = []

    async def answer(call: RehearsedCall) -> str:
        asked.append(call)
        return "no such order"

    agent = calling(REFUND, tools=Tools("replay", recordings=file, on_missing=answer), of=[bank.refund])
    with rehearsing("case 1"):
        messages = await by_run(agent)

    assert [("success", "no such order")] == heard(messages)
    assert [("desk", "refund", {"order": "7", "amount": 5}, "case 1")] == [
        (call.agent, call.tool, call.arguments, call.case) for call in asked
    ]


@pytest.mark.parametrize("tools", ["replay", "sandbox"])
async def test_a_fake_answers_in_place_of_its_tool(tools, bank, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".spanwright").mkdir()
    (tmp_path / ".spanwright" / "tools.jsonl").write_text("")

    async def refund(ctx: RunContext[Any], order: str, amount: int = 5) -> str:
        return f"{ctx.tool_name} of {order}: {amount}"

    agent = calling(REFUND, tools=tools, fakes={"refund": refund}, of=[bank.refund])
    with rehearsing():
        messages = await by_run(agent)

    assert [("success", "refund of 7: 5")] == heard(messages)
    assert [] == bank.refunded


async def test_a_sandbox_runs_what_only_reads_and_refuses_the_rest_before_it_runs(bank) -> None:
    def lookup(order: str) -> str:
        return f"order {order}"

    looking = (ToolCallPart("search", {"query": "q"}), ToolCallPart("lookup", {"order": "7"}))
    agent = calling(
        *looking,
        REFUND,
        tools=Tools("sandbox", read_only={"sea*"}),
        of=[bank.refund, bank.search, Tool(lookup, metadata={"read_only": True})],
    )

    with pytest.raises(UserBug, match=r"nothing may answer in its place.*fakes=\{'refund': \.\.\.\}"), rehearsing():
        await agent.run("go")
    assert [] == bank.refunded


async def test_equal_calls_are_replayed_in_their_order_by_each_of_many_rollouts(bank, file) -> None:
    twice = calling(REFUND, REFUND, tools=Tools("live", recordings=file), of=[bank.refund])
    with rehearsing("case 1"):
        await twice.run("go")
    agent = calling(REFUND, REFUND, tools=Tools("replay", recordings=file), of=[bank.refund])

    async def rollout() -> list[object]:
        with rehearsing("case 1"):
            return [content for _, content in heard(await by_run(agent))]

    everything = await asyncio.gather(*(rollout() for _ in range(20)))

    assert [["refund 1 of 7", "refund 2 of 7"]] * 20 == everything
    assert ["7", "7"] == bank.refunded
    thrice = calling(REFUND, REFUND, REFUND, tools=Tools("replay", recordings=file), of=[bank.refund])
    with pytest.raises(UserBug, match="not among the recordings"), rehearsing("case 1"):
        await thrice.run("go")


async def test_what_always_came_to_the_same_is_repeated(bank, file) -> None:
    search = ToolCallPart("search", {"query": "q"})
    with rehearsing("case 1"):
        await calling(search, tools=Tools("live", recordings=file), of=[bank.search]).run("go")
    agent = calling(search, search, search, tools=Tools("replay", recordings=file), of=[bank.search])

    with rehearsing("case 1"):
        messages = await by_run(agent)

    assert [("success", ["q", "q"])] * 3 == heard(messages)


@pytest.mark.parametrize("per_case", [True, False])
async def test_a_recording_holds_for_its_case_unless_said_otherwise(per_case, bank, file) -> None:
    with rehearsing("case 1"):
        await calling(REFUND, tools=Tools("live", recordings=file, per_case=per_case), of=[bank.refund]).run("go")
    agent = calling(REFUND, tools=Tools("replay", recordings=file, per_case=per_case), of=[bank.refund])

    if per_case:
        with pytest.raises(UserBug, match="case 2"), rehearsing("case 2"):
            await agent.run("go")
    else:
        with rehearsing("case 2"):
            assert [("success", "refund 1 of 7")] == heard(await by_run(agent))


class Order(BaseModel):
    id: str


def look(order: Order) -> object:
    """Answer as the order says."""
    match order.id:
        case "retry":
            raise ModelRetry("say which one")
        case "failed":
            raise ToolFailed("the shop is closed")
        case "picture":
            return BinaryContent(b"png", media_type="image/png")
        case "more":
            return ToolReturn("short", content=["long"], metadata={"k": 1})
        case _:
            return Order(id="7")


@pytest.mark.parametrize("id", ["retry", "failed", "picture", "more", "model"])
async def test_a_model_hears_the_same_in_replay_whatever_a_tool_came_to(id, file) -> None:
    call = ToolCallPart("look", {"id": id})
    with rehearsing():
        before = await by_run(calling(call, tools=Tools("live", recordings=file), of=[look]))
    with rehearsing():
        after = await by_run(calling(call, tools=Tools("replay", recordings=file), of=[look]))

    def sent(messages: list[ModelMessage]) -> list[object]:
        parts = [part for message in messages if isinstance(message, ModelRequest) for part in message.parts]
        return [part.model_response_str() if isinstance(part, ToolReturnPart) else part.part_kind for part in parts]

    assert [outcome for outcome, _ in heard(before)] == [outcome for outcome, _ in heard(after)]
    assert sent(before) == sent(after)
    assert {"id": id} == json.loads(file.read_text())["arguments"]


async def test_an_exception_of_a_tool_is_replayed_as_one_and_an_outage_is_not_recorded(file) -> None:
    def look(order: str) -> str:
        raise ConnectionError("down") if order == "outage" else ValueError("no such order")

    for order in ("outage", "7"):
        call = ToolCallPart("look", {"order": order})
        with pytest.raises((ConnectionError, ValueError)), rehearsing():
            await calling(call, tools=Tools("live", recordings=file), of=[look]).run("go")
    agent = calling(ToolCallPart("look", {"order": "7"}), tools=Tools("replay", recordings=file), of=[look])

    with pytest.raises(CandidateFailed, match="tool look of agent desk: ValueError: no such order"), rehearsing():
        await agent.run("go")
    assert 1 == len(file.read_text().splitlines())


async def test_a_deferred_call_is_replayed_as_deferred_and_its_approved_run_after_it(bank, file) -> None:
    def refund(ctx: RunContext[Any], order: str) -> str:
        if not ctx.tool_call_approved:
            raise ApprovalRequired
        return bank.refund(order)

    async def approved(tools: Tools) -> list[tuple[str, object]]:
        agent = calling(REFUND, tools=tools, of=[refund], output_type=[str, DeferredToolRequests])
        with rehearsing():
            asked = await agent.run("go")
            assert isinstance(asked.output, DeferredToolRequests)
            (call,) = asked.output.approvals
            results = DeferredToolResults(approvals={call.tool_call_id: True})
            done = await agent.run(message_history=asked.all_messages(), deferred_tool_results=results)
        return heard(done.all_messages())

    first = await approved(Tools("live", recordings=file))
    bank.refunded.clear()

    assert [("success", "refund 1 of 7")] == first == await approved(Tools("replay", recordings=file))
    assert [] == bank.refunded


@pytest.mark.parametrize("way", ["told", "inherited"])
async def test_the_tools_of_a_sub_agent_are_kept_from_running_too(way, bank) -> None:
    sub = Agent(making((REFUND,)), name="sub", tools=[bank.refund])
    optimizable(sub, tools="sandbox" if way == "told" else None)

    async def delegate(order: str) -> str:
        return (await sub.run(order)).output

    call = ToolCallPart("delegate", {"order": "7"})
    agent = calling(call, tools=Tools("sandbox", read_only={"delegate"}), of=[delegate])

    with pytest.raises(UserBug, match="tool refund of agent sub"), rehearsing():
        await agent.run("go")
    assert [] == bank.refunded


@dataclass
class Repeating(AbstractCapability[Any]):
    """A capability of the user's that makes of each tool one that it calls in its own way."""

    def get_wrapper_toolset(self, toolset: AbstractToolset[Any]) -> AbstractToolset[Any]:
        return toolset.renamed({"pay_back": "refund"})


async def test_what_other_capabilities_make_of_a_tool_does_not_get_around_the_rules(bank) -> None:
    agent = calling(
        ToolCallPart("pay_back", {"order": "7"}), tools="sandbox", of=[bank.refund], capabilities=[Repeating()]
    )

    async def recorded() -> None:
        with SpanRecorder.attach() as recorder:
            async with recorder.recording({}):
                with rehearsing():
                    await agent.run("go")

    with pytest.raises(UserBug, match="tool refund of agent desk"):
        await recorded()
    assert [] == bank.refunded


async def test_recordings_are_for_their_owner_and_hold_no_secret_that_is_to_be_redacted(file) -> None:
    def owner(order: str) -> str:
        """Tell the owner's address."""
        return f"{order}: jo@shop.example"

    def mail(to: str) -> str:
        """Send a mail."""
        return f"sent to {to}"

    calls = (ToolCallPart("owner", {"order": "7"}), ToolCallPart("mail", {"to": "jo@shop.example"}))
    with rehearsing():
        await calling(*calls, tools=Tools("live", recordings=file, redact="personal"), of=[owner, mail]).run("go")
    told = Tools("replay", recordings=file)
    with rehearsing():
        in_clear = heard(await by_run(calling(*calls, tools=told, of=[owner, mail])))
    as_replayed = ToolCallPart("mail", {"to": "<email-1>"})
    with rehearsing():
        again = heard(await by_run(calling(calls[0], as_replayed, tools=told, of=[owner, mail])))

    assert 0o600 == file.stat().st_mode & 0o777
    assert "jo@" not in file.read_text()
    assert [("success", "7: <email-1>"), ("success", "sent to <email-1>")] == in_clear == again


def no_order(amount: int = 1) -> str:
    return ""


def demanding(order: str, why: str, amount: int = 1) -> str:
    return ""


def other_type(order: int, amount: int = 1) -> str:
    return ""


@pytest.mark.parametrize(
    ("tools", "fakes", "message"),
    [
        ("sandbox", {"refund": no_order}, "lacks order"),
        ("sandbox", {"refund": demanding}, "demands why"),
        ("sandbox", {"refund": other_type}, "its order is of type integer, the tool's of type string"),
        ("sandbox", {"refund": "nothing"}, "the fake for 'refund' is 'nothing'"),
        ("live", {"refund": no_order}, 'not used where tools are "live"'),
        (None, {"refund": no_order}, "nothing says when they are used"),
        ("dry", None, "tools='dry' is unknown"),
        (Tools("sandbox", recordings="x"), None, "does not use recordings"),
        (Tools("sandbox", read_only="search"), None, "is a text"),
        (Tools("sandbox", on_missing="score"), None, "on_missing='score' is unknown"),
    ],
)
def test_what_cannot_work_is_said_when_the_agent_is_decorated(tools, fakes, message, bank) -> None:
    with pytest.raises(UsageError, match=message):
        calling(tools=tools, fakes=fakes, of=[bank.refund])


LATER = '{"schema": "spanwright.tool-call/9", "agent": "a", "tool": "x", "arguments": {}, "outcome": {"came": "retry"}}'


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (None, "there are no recordings at"),
        ('{"tool": "x"}', "line 1 of .* is no recorded call"),
        (LATER, "this version reads"),
    ],
)
async def test_recordings_that_cannot_be_read_are_refused_before_a_model_is_asked(line, message, bank, file) -> None:
    if line is not None:
        file.parent.mkdir()
        file.write_text(line)
    agent = calling(REFUND, tools=Tools("replay", recordings=file), of=[bank.refund])

    with pytest.raises(UsageError, match=message):
        await discover(agent)


async def test_a_fake_for_a_servers_tool_is_checked_in_the_preview(bank) -> None:
    agent = calling(tools="sandbox", fakes={"refund": no_order}, toolsets=[Server(bank)])

    with pytest.raises(UsageError, match="lacks order"):
        await discover(agent)
