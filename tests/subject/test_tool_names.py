"""Names of tools: the model knows another one, and everybody else goes on with the first."""

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart, ToolReturnPart
from pydantic_ai.settings import ModelSettings, ToolOrOutput

from spanwright import Components, rehearsing
from spanwright.core.breaches import breach, clash
from spanwright.core.candidate import Candidate, Kind
from spanwright.core.proposal import Refusal, RefusalReason
from spanwright.errors import CandidateFailed
from spanwright.subject import Tools, chosen, discover, optimizable, wearing
from spanwright.telemetry import SpanRecorder

NEW = {"a/tool_name:find": "search_orders", "a/tool_name:drop": "find"}


def desk(mirror: Any, **terms: Any) -> Agent[None, str]:
    agent = Agent(mirror.model, name="a")

    @agent.tool_plain
    def find(query: str) -> str:
        """Find."""
        return f"found {query}"

    @agent.tool_plain
    def drop(order: str) -> str:
        """Drop."""
        return f"dropped {order}"

    return optimizable(agent, **terms)


async def _run(agent: Agent[None, str], **more: Any) -> Any:
    return await agent.run("x", **more)


async def _stream(agent: Agent[None, str], **more: Any) -> Any:
    async with agent.run_stream("x", **more) as streamed:
        await streamed.get_output()
        return streamed


@pytest.mark.parametrize("entry", [_run, _stream])
async def test_the_model_sees_the_new_name_and_the_tool_the_trace_and_the_history_the_first_one(mirror, entry) -> None:
    mirror.calls = (ToolCallPart("search_orders", {"query": "q"}, "c"), ToolCallPart("find", {"order": "7"}, "c"))
    agent = desk(mirror)

    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            with wearing(Candidate(texts=NEW)):
                result = await entry(agent)

    assert {"search_orders": "Find.", "find": "Drop."} == mirror.tools
    assert ["search_orders", "find"] == _called(mirror.messages[-1])
    assert ["search_orders", "find"] == [part.tool_name for part in _parts(mirror.messages[-1], ToolReturnPart)]
    assert ["find", "drop"] == _called(result.all_messages())
    assert ["found q", "dropped 7"] == [part.content for part in _parts(result.all_messages(), ToolReturnPart)]
    assert ["find", "drop"] == [call.name for call in recording.trace.tool_calls]
    assert {"find", "drop"} == {tool.name for call in recording.trace.model_calls for tool in call.tools}
    assert NEW.keys() == recording.trace.components


async def test_a_history_of_other_names_is_continued_in_the_names_that_are_worn_now(mirror) -> None:
    mirror.calls = (ToolCallPart("search_orders", {"query": "q"}, "c"),)
    agent = desk(mirror)
    with wearing(Candidate(texts=NEW)):
        earlier = (await agent.run("x")).all_messages()

    with wearing(Candidate(texts={"a/tool_name:find": "look_up"})):
        await agent.run("y", message_history=earlier)

    assert ["look_up"] == _called(mirror.messages[-1])


async def test_what_a_retry_lists_and_what_settings_choose_are_in_the_models_words(mirror) -> None:
    mirror.calls = (ToolCallPart("nothing", {}, "c"),)

    with wearing(Candidate(texts={"a/tool_name:find": "search_orders"})):
        await desk(mirror).run("x", model_settings=ModelSettings(tool_choice=ToolOrOutput(["find", "drop"])))

    assert ToolOrOutput(["search_orders", "drop"]) == mirror.settings[-1]["tool_choice"]

    (refused,) = _parts(mirror.messages[-1], ToolReturnPart)
    assert "Unknown tool name: 'nothing'. Available tools: 'drop', 'search_orders'" == refused.content


async def test_recordings_are_kept_and_replayed_under_the_first_name(mirror, tmp_path) -> None:
    recordings = tmp_path / "tools.jsonl"
    mirror.calls = (ToolCallPart("find", {"query": "q"}, "c"),)
    with rehearsing("case"):
        await desk(mirror, tools=Tools("live", recordings=recordings)).run("x")

    mirror.calls = (ToolCallPart("search_orders", {"query": "q"}, "c"),)
    with rehearsing("case"), wearing(Candidate(texts=NEW)):
        result = await desk(mirror, tools=Tools("replay", recordings=recordings)).run("x")

    assert ["found q"] == [part.content for part in _parts(result.all_messages(), ToolReturnPart)]


async def test_names_stay_unless_they_are_asked_for(mirror) -> None:
    found = await discover(desk(mirror))

    def names(choice: Any) -> list[str]:
        return [each.id for each in chosen(found, choice) if each.kind is Kind.TOOL_NAME]

    assert [] == names(None) == names("all") == names("a/tool*") == names(lambda _: True)
    assert ["a/tool_name:find", "a/tool_name:drop"] == names("*/tool_name:*")
    assert ["a/tool_name:find"] == names(Components(["a/instructions", "a/tool_name:find"]))


@pytest.mark.parametrize("name", ["", "two words", "7up", "a" * 65, "`search`", "find/orders"])
async def test_what_no_provider_takes_as_a_name_is_refused(mirror, name) -> None:
    (component, _) = chosen(await discover(desk(mirror)), "*/tool_name:*")

    refusal = breach(component, name)

    assert refusal is not None
    assert RefusalReason.FORMAT is refusal.reason


async def test_a_name_that_another_tool_or_output_has_is_refused(mirror) -> None:
    found = await discover(desk(mirror))
    one = chosen(found, "a/tool_name:find")
    both = chosen(found, "a/tool_name:*")
    texts = {each.id: each.text for each in both}

    assert isinstance(breach(one[0], "drop"), Refusal)
    assert breach(one[0], "search") is None
    assert isinstance(clash(both, {**texts, "a/tool_name:find": "drop"}), Refusal)
    assert clash(both, {**texts, **NEW}) is None


async def test_a_champion_that_names_two_tools_alike_fails_before_the_model_is_asked(mirror) -> None:
    with wearing(Candidate(texts={"a/tool_name:find": "drop"})), pytest.raises(CandidateFailed, match="named 'drop'"):
        await desk(mirror).run("x")

    assert [] == mirror.requests


def _parts(messages: Sequence[ModelMessage], kind: type[Any]) -> list[Any]:
    return [part for message in messages for part in message.parts if isinstance(part, kind)]


def _called(messages: Sequence[ModelMessage]) -> list[str]:
    assert any(isinstance(message, ModelResponse) for message in messages)
    return [part.tool_name for part in _parts(messages, ToolCallPart)]
