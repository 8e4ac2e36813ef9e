"""Recorded traces as evidence: which join, which are left out, and what cannot teach anything is refused."""

from dataclasses import replace

import pytest

from spanwright import Case, Component, Kind, Trace, UsageError
from spanwright.core.trace import AgentRun, Evaluation, Message, ModelCall, Part, ToolCall
from spanwright.mining import evidence_of

GREET = Component(id="desk/instructions", kind=Kind.INSTRUCTIONS, agent="desk", text="Help the customer.")
COMPONENTS = (GREET,)


def trace(id, asked="Where is my order?", *, error="", instructions=GREET.text, agent="desk", score=None):
    message = Message(role="user", parts=(Part(kind="text", text=asked),))
    call = ModelCall(span_id="2", agent=agent, instructions=instructions, messages=(message,), started=1.0)
    tools = (ToolCall(span_id="3", agent=agent, name="find", error=error, started=2.0),) if error else ()
    judged = (Evaluation(span_id="1", name="helpful", value=score, explanation="rude"),) if score is not None else ()
    run = AgentRun(span_id="1", name=agent, started=0.0)
    return Trace(id=id, agents=(run,), model_calls=(call,), tool_calls=tools, evaluations=judged)


def held_out(id="v", inputs="Cancel it.", metadata=None):
    return Case(id=id, inputs=inputs, metadata=metadata)


def ids(given, *cases):
    return [each.trace.id for each in evidence_of(given, COMPONENTS, cases).recorded]


def test_failing_traces_come_first_and_say_what_was_wrong():
    found = evidence_of([trace("fine"), trace("down", error="is down"), trace("rude", score=0.1)], COMPONENTS, ())

    assert {"down", "rude"} == {each.trace.id for each in found.recorded[:2]}
    assert {"error, tool find: is down", "low score, helpful: rude"} == {
        line for each in found.recorded for line in each.complaints
    }
    assert ((GREET.id,), ()) == (found.recorded[2].about, found.recorded[2].complaints)


def test_a_rare_failure_is_not_crowded_out():
    found = ids([*(trace(f"{n}", error="is down") for n in range(300)), trace("rude", score=0.1)])

    assert 200 == len(found)
    assert "rude" == found[0]


def test_traces_of_other_texts_are_left_out_and_it_is_said():
    found = evidence_of([trace("old", instructions="Be terse."), trace("now")], COMPONENTS, ())

    assert ["now"] == [each.trace.id for each in found.recorded]
    assert ("evidence: 1 trace left out that carry no text that may change as it is now",) == found.remarks


def test_what_a_trace_says_itself_of_its_components_is_not_believed():
    other = trace("other", instructions="Be terse.")
    claiming = replace(other, model_calls=(replace(other.model_calls[0], components=(GREET.id,)),))

    assert ["now"] == ids([claiming, trace("now")])


@pytest.mark.parametrize(
    "case",
    [
        held_out(inputs="where is my ORDER"),
        held_out(id="asked"),
        held_out(metadata={"trace": "asked"}),
        held_out(metadata={"trace": "x", "alike": ["y", "asked"]}),
    ],
)
def test_what_a_held_out_case_asks_no_reflector_sees(case):
    assert ["other"] == ids([trace("asked"), trace("other", asked="Send me another mug, please")], case)


def test_a_held_out_question_is_known_with_its_placeholders():
    asked = "Where is the order of ada@example.com, please?"

    assert ["other"] == ids([trace("a", asked=asked), trace("other", asked="Send a mug")], held_out(inputs=asked))


def test_secrets_and_addresses_are_taken_out():
    found = evidence_of([trace("t", asked="I am ada@example.com", error="no ada@example.com")], COMPONENTS, ())

    assert "example.com" not in repr(found)
    assert ("error, tool find: no <email-1>",) == found.recorded[0].complaints


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "evidence holds no traces"),
        (["a"], r"holds a str, which is no Trace.*read_spans"),
        ([trace("t", agent="clerk")], r"none of the 1 traces.*agents 'clerk'.*belong to the agents 'desk'"),
        ("no/such/file.jsonl", "cannot be read"),
    ],
)
def test_what_can_teach_nothing_is_refused(given, said):
    with pytest.raises(UsageError, match=said):
        evidence_of(given, COMPONENTS, ())


def test_traces_without_content_name_the_switch():
    silent = replace(trace("t"), without_content=True, model_calls=())

    with pytest.raises(UsageError, match="carries a text that may change"):
        evidence_of([silent], COMPONENTS, ())


def test_when_held_out_cases_ask_it_all_nothing_is_left():
    with pytest.raises(UsageError, match="all traces given as evidence ask what a validation or test case asks"):
        evidence_of([trace("v")], COMPONENTS, [held_out()])
