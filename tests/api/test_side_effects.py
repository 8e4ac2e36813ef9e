"""`optimizable(tools=)` in whole runs: nothing is done for real, and what stops a run says what to do."""

import json

import pytest
from api_world import World, words
from pydantic_ai import Agent

from spanwright import Run, Tools, UsageError, UserBug, optimizable, optimize


class Shop:
    """An agent with a tool that must not be called."""

    def __init__(self, world: World, tools: object, *, faked: bool = False) -> None:
        self.called: list[str] = []
        self.faked: list[str] = []
        self.agent = optimizable(
            Agent(world.task.model, name="speaker", instructions="Say the word.", tools=[self.punctuate]),
            tools=tools,
            fakes={"punctuate": self.sign} if faked else None,
        )

    def punctuate(self, word: str) -> str:
        """Punctuate."""
        self.called.append(word)
        return f"{word}!"

    def sign(self, word: str) -> str:
        self.faked.append(word)
        return f"{word}!"

    def cancel(self, word: str) -> None:
        """Cancel."""
        self.called.append(word)


async def test_a_run_with_fakes_calls_no_tool_and_says_which_ones_it_would_refuse(world) -> None:
    shop = Shop(world, "sandbox", faked=True)
    shop.agent.tool_plain(shop.cancel)

    only = "speaker/tool:punctuate"
    result = await optimize(shop.agent, words(20), **world.options(rollouts=40), components=only)

    assert shop.faked
    assert [] == shop.called
    remark = "these tools are not run in the sandbox, and a call of one ends the run: speaker/cancel"
    assert remark in result.remarks


async def test_a_call_that_nothing_may_answer_stops_the_run_which_goes_on_when_a_fake_is_given(world) -> None:
    shop = Shop(world, "sandbox")
    with pytest.raises(UserBug, match=r"tool punctuate of agent speaker failed: it was called with .*Give a fake"):
        await optimize(shop.agent, words(20), **world.options(rollouts=60))

    faked = Shop(world, "sandbox", faked=True)
    await optimize(faked.agent, words(20), **world.options(rollouts=60))

    assert [] == shop.called == faked.called
    assert faked.faked


async def test_a_redacted_run_does_not_record_tools_in_clear(world, tmp_path) -> None:
    shop = Shop(world, Tools("live", recordings=tmp_path / "tools.jsonl"))
    how = Run(name="first", progress=False, redact="secrets")

    with pytest.raises(UsageError, match="the run is redacted, but calls of the tools of 'speaker' are recorded"):
        await optimize(shop.agent, words(20), **{**world.options(), "run": how})


async def test_a_live_run_records_calls_case_by_case_and_a_replay_takes_them_from_there(world, tmp_path) -> None:
    file = tmp_path / "tools.jsonl"
    live = Shop(world, Tools("live", recordings=file))
    first = await optimize(live.agent, words(20), **world.options(rollouts=60))
    replay = Shop(world, Tools("replay", recordings=file, on_missing="world"))
    second = await optimize(replay.agent, words(20), **world.options(run="second", rollouts=60))

    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert {f"w{line['arguments']['word'].removeprefix('word')}" == line["case"] for line in lines} == {True}
    assert live.called
    assert [] == replay.called
    assert first.best == second.best
