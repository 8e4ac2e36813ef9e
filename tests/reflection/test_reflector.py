"""One consultation: what is asked, how often, and what is remembered."""

import json
from dataclasses import replace

import pytest
from reflection_fixtures import long_trace, one_component, proposed, refused, tool_and_parameter, two_agents
from reflection_wire import GOOD, Series, reflector

from spanwright.core.proposal import Proposal, Refusal, RefusalReason
from spanwright.core.tokens import tokens
from spanwright.errors import UserBug, WorldFailed
from spanwright.reflection import Rung, render_prompt
from spanwright.telemetry import SpanRecorder
from spanwright.testing.simulated.answers import Question
from spanwright.testing.simulated.canned import Canned
from spanwright.testing.simulated.faults import Fault, FaultKind
from spanwright.testing.simulated.refusals import context_window, without_tools
from spanwright.testing.simulated.request import ApiError
from spanwright.testing.simulated.wire import ChatReply


def good(request):
    asked = Question.of(request)
    return asked.said(asked.good)


def said(text):
    return lambda request: ChatReply(text=text)


def served(log):
    return sum(log.page(0).served.values())


async def test_a_good_answer_is_a_proposal_with_diagnosis_reasons_and_lessons():
    context = tool_and_parameter()
    reflecting, log = reflector(GOOD)

    reflection = await reflecting.reflect(context)

    proposal = proposed(reflection.result)
    assert (context.parent.id,) == proposal.parents
    assert {"support/instructions"} == set(proposal.edits)
    assert proposal.edits["support/instructions"].startswith("Help the customer.\n\nCheck")
    assert "The texts do not say what the tool results show." == proposal.diagnosis
    assert "support/instructions: the examples show it" == proposal.rationale
    assert ["A step that was not checked went wrong."] == [lesson.text for lesson in proposal.lessons]
    assert 1 == served(log)
    assert "diagnosis" in reflection.answer


async def test_what_is_sent_is_the_rendered_prompt_with_one_system_message():
    context = tool_and_parameter()
    model = Series(good)
    reflecting, _ = reflector(model, allowance=9_000)

    reflection = await reflecting.reflect(context)

    [request] = model.requests
    assert ["system", "user"] == [message.role for message in request.messages]
    assert render_prompt(context, 9_000) == "\n\n".join(message.content for message in request.messages)
    assert reflection.prompt == render_prompt(context, 9_000)
    assert ["propose"] == [tool.name for tool in request.tools]
    assert request.temperature is None


async def test_one_repair_is_asked_for_and_told_what_was_wrong():
    model = Series(said("I would improve the refund tool."), good)
    reflecting, log = reflector(model)

    reflection = await reflecting.reflect(tool_and_parameter())

    assert isinstance(reflection.result, Proposal)
    assert 2 == served(log)
    repair = model.requests[1].messages[-1].content
    assert repair.startswith(model.requests[0].messages[-1].content)
    assert "No edit could be found in it." in repair
    assert "I would improve the refund tool." in repair
    assert "I would improve the refund tool." in reflection.answer


async def test_after_a_useless_repair_the_answer_is_refused():
    reflecting, log = reflector(Canned([ChatReply(text="I would improve the refund tool.")]))

    reflection = await reflecting.reflect(tool_and_parameter())

    assert RefusalReason.MALFORMED == refused(reflection.result).reason
    assert 2 == served(log)


@pytest.mark.parametrize("text", ['{"diagnosis": "all is well", "edits": []}', "I'm sorry, I can't help with that."])
async def test_a_model_that_will_not_edit_is_not_pressed(text):
    reflecting, log = reflector(Canned([ChatReply(text=text)]))

    await reflecting.reflect(tool_and_parameter())

    assert 1 == served(log)


async def test_a_rung_on_which_two_answers_are_unreadable_is_left_for_the_next():
    bad = said("no form at all")
    reflecting, _ = reflector(Series(bad, bad, good))

    first = await reflecting.reflect(tool_and_parameter())
    rung = reflecting.rung
    second = await reflecting.reflect(tool_and_parameter())

    assert isinstance(first.result, Refusal)
    assert Rung.NATIVE == rung
    assert isinstance(second.result, Proposal)
    assert Rung.NATIVE == reflecting.rung


async def test_a_model_that_needs_a_repair_each_time_is_asked_otherwise_soon():
    bad = said("no form at all")
    reflecting, _ = reflector(Series(bad, good, bad, good))

    await reflecting.reflect(tool_and_parameter())
    await reflecting.reflect(tool_and_parameter())

    assert Rung.NATIVE == reflecting.rung


async def test_the_lowest_rung_is_not_left():
    reflecting, _ = reflector(Canned([ChatReply(text="no form at all")]), rung=Rung.TAGGED)

    for _ in range(4):
        await reflecting.reflect(tool_and_parameter())

    assert Rung.TAGGED == reflecting.rung


async def test_a_prompt_that_overflows_the_context_window_is_rendered_smaller():
    reflecting, _ = reflector(GOOD, refusals=[context_window(4_500)])

    reflection = await reflecting.reflect(long_trace())

    assert isinstance(reflection.result, Proposal)
    assert len(reflection.prompt) < 4_500 * 4


@pytest.mark.parametrize(("window", "told"), [(9_000, 4_500), (400_000, 24_000), (None, 24_000)])
async def test_a_prompt_takes_at_most_half_of_the_context_window_that_the_model_tells(window, told):
    reflecting, _ = reflector(GOOD, window=window)

    reflection = await reflecting.reflect(long_trace())

    assert render_prompt(long_trace(), told) == reflection.prompt


async def test_after_an_overflow_later_prompts_are_small_at_once():
    reflecting, log = reflector(GOOD, refusals=[context_window(4_500)])

    first = await reflecting.reflect(long_trace())
    refused_first = len(log.page(0).calls) - served(log)
    second = await reflecting.reflect(long_trace())

    assert first.prompt == second.prompt
    assert 0 < refused_first == len(log.page(0).calls) - served(log)


async def test_a_repair_that_overflows_is_asked_for_with_less():
    bad = said("I would improve it. " * 40)
    alone = tokens(render_prompt(long_trace(), 6_000))
    seen = []

    def overflows(request):
        seen.append(request)
        return context_window(1)(request) if len(seen) == 2 else None

    reflecting, _ = reflector(Series(bad, good), refusals=[overflows], allowance=6_000)

    reflection = await reflecting.reflect(long_trace())

    assert isinstance(reflection.result, Proposal)
    assert 3 == len(seen)
    assert tokens(reflection.prompt) < 0.7 * alone


async def test_a_window_in_which_not_even_the_smallest_prompt_fits_is_named():
    reflecting, _ = reflector(GOOD, refusals=[context_window(300)])

    with pytest.raises(UserBug, match="maximum context length is 300"):
        await reflecting.reflect(long_trace())


async def test_texts_that_are_longer_than_the_window_are_a_named_refusal():
    context = one_component()
    [component] = context.components
    long = replace(context, parent=context.parent.edited({component.id: "Sort {customer} well. " * 2_000}))
    reflecting, _ = reflector(GOOD, refusals=[context_window(4_500)])

    reflection = await reflecting.reflect(long)

    assert RefusalReason.TOO_LONG == refused(reflection.result).reason


async def test_an_allowance_that_cannot_hold_one_component_is_a_named_refusal():
    reflecting, log = reflector(GOOD, allowance=300)

    reflection = await reflecting.reflect(one_component())

    assert RefusalReason.TOO_LONG == refused(reflection.result).reason
    assert 0 == served(log)


async def test_a_server_that_is_down_is_the_worlds_fault():
    reflecting, _ = reflector(GOOD, faults=[Fault(kind=FaultKind.UNAVAILABLE, probability=1.0)])

    with pytest.raises(WorldFailed):
        await reflecting.reflect(one_component())


async def test_a_server_that_fails_now_and_then_is_asked_again():
    reflecting, _ = reflector(GOOD, faults=[Fault(kind=FaultKind.RATE_LIMIT, probability=0.4)])

    reflection = await reflecting.reflect(one_component())

    assert isinstance(reflection.result, Proposal)


@pytest.mark.parametrize("status", [400, 401])
async def test_a_model_that_never_answers_is_a_users_bug(status):
    reflecting, _ = reflector(GOOD, refusals=[lambda request: ApiError(message="no", type="x", status=status)])

    with pytest.raises(UserBug):
        await reflecting.reflect(one_component())


async def test_a_request_that_is_rejected_after_others_were_answered_is_a_refusal():
    reflecting, _ = reflector(
        GOOD, refusals=[lambda request: ApiError(message="flagged", type="x") if "Halden" in str(request) else None]
    )
    await reflecting.reflect(tool_and_parameter())

    reflection = await reflecting.reflect(two_agents())

    assert RefusalReason.DECLINED == refused(reflection.result).reason
    assert Rung.TOOL == reflecting.rung


async def test_several_tool_calls_are_one_answer():
    def twice(request):
        [call] = good(request).calls
        answer = json.loads(call.arguments)
        other = {"component": "support/tool:refund", "why": "units", "text": "Refund an order, in cents."}
        more = {"diagnosis": "", "edits": [other], "lessons": []}
        return ChatReply(
            calls=(replace(call, arguments=json.dumps(answer)), replace(call, id="2", arguments=json.dumps(more)))
        )

    reflecting, _ = reflector(Series(twice))

    reflection = await reflecting.reflect(tool_and_parameter())

    assert {"support/instructions", "support/tool:refund"} == set(proposed(reflection.result).edits)


async def test_every_answered_request_is_counted_in_the_recording():
    reflecting, _ = reflector(Series(said("I would improve the refund tool."), good), refusals=[without_tools])

    with SpanRecorder.attach() as recorder:
        async with recorder.recording({"reflection": "1"}) as recording:
            reflection = await reflecting.reflect(tool_and_parameter())

    assert isinstance(reflection.result, Proposal)
    assert 2 == recording.trace.usage.requests
    assert recording.trace.usage.output_tokens > 0
