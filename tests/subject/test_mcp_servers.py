"""Tools of real MCP servers, a child process and one on a port: found, worn, and kept from doing harm."""

import runpy
import socket
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import uvicorn
from fastmcp.client.transports import StdioTransport
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.messages import ToolCallPart, ToolReturnPart

from spanwright import rehearsing
from spanwright.core.candidate import Candidate
from spanwright.errors import UsageError, UserBug
from spanwright.subject import Tools, chosen, discover, optimizable, preview_of, wearing
from spanwright.telemetry import SpanRecorder

SERVER = Path(__file__).parent / "servers" / "shop.py"
TEXTS = {
    "shop/instructions:toolset:till": "Refund nobody twice.",
    "shop/tool:refund": "Refund an order.",
    "shop/tool:refund/order": "which order",
    "shop/tool:refund/reasons": "why",
    "shop/tool:price": "Look up a price.",
    "shop/tool:price/item": "an item",
}
REFUND = ToolCallPart("refund", {"order": "7", "reasons": [{"code": "late"}]}, "1")


class Shop:
    """Where the server is, and the refunds that it made."""

    def __init__(self, client: object, ledger: Path) -> None:
        self.client = client
        self.ledger = ledger

    @property
    def refunds(self) -> list[str]:
        return self.ledger.read_text().split() if self.ledger.exists() else []

    def agent(self, mirror: Any, id: str | None = "till", **terms: Any) -> Agent[None, str]:
        till = MCPToolset[None](self.client, id=id, include_instructions=True, init_timeout=60)
        return optimizable(Agent(mirror.model, name="shop", toolsets=[till]), **terms)


@asynccontextmanager
async def _child(ledger: Path) -> AsyncGenerator[Shop]:
    transport = StdioTransport(sys.executable, [str(SERVER)], env={"SHOP_LEDGER": str(ledger)})
    yield Shop(transport, ledger)
    await transport.close()


@contextmanager
def _serving(app: Any) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(params=["child process", "port"])
async def shop(request, tmp_path):
    ledger = tmp_path / "ledger"
    if request.param == "child process":
        async with _child(ledger) as shop:
            yield shop
    else:
        module = runpy.run_path(str(SERVER))
        module["refund"].__globals__["LEDGER"] = ledger
        with _serving(module["server"].http_app()) as port:
            yield Shop(f"http://127.0.0.1:{port}/mcp", ledger)


async def test_a_servers_texts_are_found_worn_and_accounted_for_and_its_tools_run(shop, mirror) -> None:
    mirror.calls = (REFUND,)
    agent = shop.agent(mirror)

    found = {each.id: each.text for each in await discover(agent)}
    new = {id: f"new {id}" for id in found if id != "shop/instructions"}
    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            with wearing(Candidate(texts=new)):
                result = await agent.run("x")

    assert found.items() >= TEXTS.items()
    (tool, _) = mirror.requests[-1].function_tools
    assert "new shop/tool:refund" == tool.description
    assert "new shop/tool:refund/order" == tool.parameters_json_schema["properties"]["order"]["description"]
    assert any("new shop/instructions:toolset:till" in text for text in mirror.instructions)
    assert new.keys() == recording.trace.components
    assert ["7"] == shop.refunds
    assert "done" == result.output


async def test_in_replay_a_servers_tool_answers_from_its_recording_and_is_not_called(shop, mirror, tmp_path) -> None:
    mirror.calls = (REFUND,)
    recordings = tmp_path / "tools.jsonl"
    with rehearsing("case"):
        live = await shop.agent(mirror, tools=Tools("live", recordings=recordings)).run("x")

    with rehearsing("case"):
        replayed = await shop.agent(mirror, tools=Tools("replay", recordings=recordings)).run("x")

    assert ["7"] == shop.refunds, "it was called once, when it was recorded"
    assert _returned(live) == _returned(replayed)


async def test_in_the_sandbox_a_servers_tool_is_not_called_and_its_word_that_it_only_reads_is_not_taken(
    shop, mirror
) -> None:
    for call in (REFUND, ToolCallPart("price", {"item": "pen"}, "1")):
        mirror.calls = (call,)
        with pytest.raises(UserBug, match=f"tool {call.tool_name} of agent shop failed"), rehearsing("case"):
            await shop.agent(mirror, tools="sandbox").run("x")

    mirror.calls = (REFUND,)
    with rehearsing("case"):
        faked = await shop.agent(
            mirror, tools="sandbox", fakes={"refund": lambda order, reasons: f"as if {order}"}
        ).run("x")

    assert [] == shop.refunds
    assert ["as if 7"] == _returned(faked)


async def test_instructions_of_a_server_without_an_id_are_named_as_out_of_reach(mirror, tmp_path) -> None:
    async with _child(tmp_path / "ledger") as shop:
        preview = await preview_of(shop.agent(mirror, id=None))

    (lost,) = preview.out_of_reach
    assert ("shop", "instructions 'Refund nobody twice.'") == (lost.agent, lost.what)
    assert "without an id: give it one" in lost.why
    assert {"shop/instructions", "shop/tool:refund", "shop/tool:price"} == {
        each.id for each in chosen(tuple(preview.components.values()), None)
    }


async def test_a_server_that_is_down_is_named_before_anything_is_paid_for(mirror) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    agent = Shop(f"http://127.0.0.1:{port}/mcp", Path()).agent(mirror)

    with pytest.raises(UsageError, match=r"'shop' could not be previewed: .*a server has to be up"):
        await discover(agent)


def _returned(result: Any) -> list[object]:
    return [part.content for each in result.all_messages() for part in each.parts if isinstance(part, ToolReturnPart)]
