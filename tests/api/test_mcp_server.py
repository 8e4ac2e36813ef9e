"""The tools of a real MCP server are optimized: first with the server at work, then from recordings of it alone."""

import sys
from pathlib import Path

import pytest
from api_world import ALWAYS, World, words
from fastmcp.client.transports import StdioTransport
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset

from spanwright import Result, Tools, optimizable, optimize

SERVER = Path(__file__).parent / "servers" / "marks.py"
TOOL = "speaker/tool:punctuate"


async def improved(world: World, tools: Tools, ledger: Path) -> Result:
    transport = StdioTransport(sys.executable, [str(SERVER)], env={"MARKS_LEDGER": str(ledger)})
    marks = MCPToolset[None](transport, id="marks", init_timeout=60)
    agent = optimizable(
        Agent(world.task.model, name="speaker", instructions="Say the word.", toolsets=[marks]), tools=tools
    )
    async with marks:  # one connection for all rollouts
        result = await optimize(agent, words(20), **world.options(run=tools.mode, rollouts=40), components=TOOL)
    await transport.close()
    return result


@pytest.mark.slow
async def test_a_servers_tool_gets_better_and_in_replay_the_server_is_never_called(world, tmp_path):
    recordings, ledger = tmp_path / "tools.jsonl", tmp_path / "ledger"

    live = await improved(world, Tools("live", recordings=recordings), ledger)
    called = ledger.read_text().split()
    replayed = await improved(
        world, Tools("replay", recordings=recordings, on_missing=lambda call: f"{call.arguments['word']}!"), ledger
    )

    assert ALWAYS == live.best.texts[TOOL] == replayed.best.texts[TOOL]
    assert called
    assert called == ledger.read_text().split(), "nothing was done for real but for the first run"
    assert live.tools.best.tools["punctuate"].calls > 0 < replayed.tools.best.tools["punctuate"].calls
