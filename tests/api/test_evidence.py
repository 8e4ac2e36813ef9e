"""Traces that were recorded before join what the reflector sees, and nothing else."""

from dataclasses import replace

import pytest
from api_world import CAPITALS, words

from spanwright import Run, RunMismatch, SqliteStore, UsageError, optimize
from spanwright.core.events import RolloutEnded
from spanwright.core.trace import AgentRun, Message, ModelCall, Part, Span, ToolCall, Trace
from spanwright.mining import Archive
from spanwright.telemetry.redaction import Redactor

SEED = "Say the word."


def seen(id, asked="Say hello, please", *, error="it was down"):
    message = Message(role="user", parts=(Part(kind="text", text=asked),))
    call = ModelCall(span_id="2", agent="speaker", instructions=SEED, messages=(message,), started=1.0)
    tool = ToolCall(span_id="3", agent="speaker", name="punctuate", error=error, started=2.0)
    return Trace(id=id, agents=(AgentRun(span_id="1", name="speaker"),), model_calls=(call,), tool_calls=(tool,))


async def test_recorded_traces_are_shown_for_texts_that_still_stand(world) -> None:
    given = [seen(f"{n}") for n in range(5)]
    result = await optimize(world.agent, words(20), evidence=given, **world.options())

    contexts = world.teacher.contexts
    assert result.components_changed
    assert {3} == {len(each.recorded) for each in contexts if each.parent == result.seed}
    assert {each.id for each in given} >= {each.trace.id for context in contexts for each in context.recorded}
    for context in contexts:
        standing = {id for id, text in context.parent.texts.items() if text == result.seed.texts[id]}
        assert all(standing.intersection(each.about) for each in context.recorded)
    assert any(CAPITALS in each.parent.texts.values() and not each.recorded for each in contexts)


async def test_they_cost_no_rollout_and_score_nothing(world) -> None:
    result = await optimize(world.agent, words(20), evidence=[seen("a" * 32)], **world.options(rollouts=60))
    rollouts = [
        event.rollout for event in SqliteStore(world.store).reader.events("first") if isinstance(event, RolloutEnded)
    ]

    assert 60 == result.rollouts == len(rollouts)
    assert "a" * 32 not in {rollout.trace_id for rollout in rollouts}


async def test_a_file_of_imported_traces_will_do(world, tmp_path) -> None:
    asked = '[{"role": "user", "parts": [{"type": "text", "content": "I am ada@example.com"}]}]'
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.agent.name": "speaker",
        "gen_ai.system_instructions": f'[{{"type": "text", "content": "{SEED}"}}]',
        "gen_ai.input.messages": asked,
        "gen_ai.response.finish_reasons": ("length",),
    }
    span = Span(trace_id="a" * 32, span_id="b" * 16, name="chat m", started=1.0, ended=2.0, attributes=told)
    with Archive(tmp_path / "store.traces.jsonl", Redactor()) as archive:
        archive.add([span])
    await optimize(world.agent, words(20), evidence=str(tmp_path / "store.traces.jsonl"), **world.options(rollouts=60))

    recorded = world.teacher.contexts[0].recorded
    assert [("a" * 32, ("length stop, agent speaker",))] == [(each.trace.id, each.complaints) for each in recorded]
    assert "<email-1>" in repr(recorded)


async def test_what_validation_asks_is_left_out_and_said(world) -> None:
    given = [seen("a"), *(seen(f"w{n}", f"word{n}") for n in range(20))]
    result = await optimize(world.agent, words(20), evidence=given, **world.options(rollouts=60))

    (remark,) = [each for each in result.remarks if "evidence" in each]
    assert "left out that ask what a validation or test case asks" in remark
    shown = {each.trace.id for context in world.teacher.contexts for each in context.recorded}
    trained = {example.case.id for context in world.teacher.contexts for example in context.examples}
    assert shown
    assert shown - {"a"} <= {f"w{n}" for n in range(20)} - validated(world)
    assert trained


def validated(world):
    events = SqliteStore(world.store).reader.events("first")
    return {
        event.rollout.key.case
        for event in events
        if isinstance(event, RolloutEnded) and event.rollout.purpose == "validation"
    }


async def test_what_can_teach_nothing_is_refused_before_a_model_is_asked(world) -> None:
    other = replace(seen("a"), model_calls=(), tool_calls=())
    with pytest.raises(UsageError, match="none of the 1 traces given as evidence carries a text that may change"):
        await optimize(world.agent, words(20), evidence=[other], **world.options())

    assert 0 == world.task.requests


async def test_a_run_is_not_resumed_with_other_evidence(world) -> None:
    await optimize(world.agent, words(20), evidence=[seen("a")], **world.options(rollouts=60))
    again = {**world.options(rollouts=90), "run": Run(name="first", progress=False)}
    with pytest.raises(RunMismatch, match="evidence"):
        await optimize(world.agent, words(20), evidence=[seen("b")], **again)
