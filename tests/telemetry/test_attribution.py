"""Whom the evidence of a failed rollout points at."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanwright.core.candidate import Component, Kind
from spanwright.core.score import Score
from spanwright.core.trace import AgentRun, Message, ModelCall, Part, ToolCall, ToolDefinition, Trace
from spanwright.telemetry.attribution import attributed, blame, governing

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "ref": {"type": "string", "description": 'The order\'s "reference".'},
            "amount": {"type": "number", "description": "How much."},
        },
    }
)
REFUND = ToolDefinition(name="refund", description="Refund.", parameters=SCHEMA)
SHIPPING = ToolDefinition(name="track_parcel", description="Say where a parcel is on its way.")
CALL = ModelCall(span_id="m", agent="support", tools=(REFUND, SHIPPING), instructions="Help  the\ncustomer. Be kind.")


def component(place: str, kind: Kind, agent: str = "support") -> Component:
    return Component(id=f"{agent}/{place}", kind=kind, agent=agent, text="")


INSTRUCTIONS = component("instructions", Kind.INSTRUCTIONS)
COMPONENTS = (
    INSTRUCTIONS,
    component("tool:refund", Kind.TOOL),
    component("tool:refund/ref", Kind.PARAMETER),
    component("tool:refund/amount", Kind.PARAMETER),
    component("tool:track_parcel", Kind.TOOL),
    component("output:final_result", Kind.OUTPUT),
    component("instructions", Kind.INSTRUCTIONS, "helper"),
)


def trace(*calls: ToolCall) -> Trace:
    return Trace(agents=(AgentRun(span_id="a", name="support"),), model_calls=(CALL,), tool_calls=calls)


def refund(error: str = "") -> ToolCall:
    return ToolCall(span_id="t", agent="support", name="refund", error=error)


def most_blamed(trace: Trace, score: Score) -> str:
    weights = blame(trace, score, COMPONENTS)
    return max(weights, key=lambda key: weights[key])


def test_without_any_evidence_all_are_equal():
    weights = blame(Trace(), Score(value=0.0), COMPONENTS)

    assert {component.id: 1 / 7 for component in COMPONENTS} == weights


def test_an_agent_that_did_not_run_is_not_to_blame():
    assert 0.0 == blame(trace(refund()), Score(value=0.0), COMPONENTS)["helper/instructions"]


def test_the_instructions_stand_first_when_no_call_failed():
    assert "support/instructions" == most_blamed(trace(refund()), Score(value=0.0, feedback="wrong tone"))


def test_a_tool_that_failed_stands_first():
    assert "support/tool:refund" == most_blamed(trace(refund("the order is locked")), Score(value=0.0))


@pytest.mark.parametrize(
    "error",
    [
        '[{"type":"float_parsing","loc":["amount"],"msg":"Input should be a number","input":"ref"}]',
        "amount must be positive",
    ],
)
def test_a_parameter_that_the_error_names_stands_before_its_tool(error):
    weights = blame(trace(refund(error)), Score(value=0.0), COMPONENTS)
    amount, ref, tool = (weights[f"support/tool:refund{place}"] for place in ("/amount", "/ref", ""))

    assert "support/tool:refund/amount" == most_blamed(trace(refund(error)), Score(value=0.0))
    assert amount > tool > ref


def test_a_tool_that_was_called_is_suspected_more_than_one_that_was_not():
    weights = blame(trace(refund()), Score(value=0.0, feedback="wrong"), COMPONENTS)

    assert weights["support/tool:refund"] > weights["support/tool:track_parcel"] == 0.0


def test_a_tool_that_was_never_called_is_suspected_when_the_feedback_speaks_of_it():
    silent = blame(trace(), Score(value=0.0, feedback="wrong"), COMPONENTS)
    named = blame(trace(), Score(value=0.0, feedback="the parcel was not tracked: track it"), COMPONENTS)
    described = blame(trace(), Score(value=0.0, feedback="it did not say where it is on its way"), COMPONENTS)

    assert 0.0 == silent["support/tool:track_parcel"]
    assert named["support/tool:track_parcel"] > described["support/tool:track_parcel"] > 0.0


def test_what_an_evaluator_points_at_stands_first():
    score = Score(value=0.0, blame={"support/tool:track_parcel": "it promises delivery times", "unknown/x": ""})

    assert "support/tool:track_parcel" == most_blamed(trace(refund()), score)
    assert {"support/tool:track_parcel"} == {key for key, weight in blame(Trace(), score, COMPONENTS).items() if weight}


@pytest.mark.parametrize("name", ["final_result", "output"])
def test_an_output_that_was_refused_points_at_its_description(name):
    refused = ToolCall(span_id="t", agent="support", name=name, error="too short", retry="model_retry")

    assert "support/output:final_result" == most_blamed(trace(refused), Score(value=0.0))


def test_the_same_tool_of_another_agent_is_not_meant():
    other = replace(refund("no"), agent="helper")

    assert 0.0 == blame(trace(other), Score(value=0.0), COMPONENTS)["support/tool:refund"]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([refund(), refund("amount is wrong"), refund("no")]), max_size=4),
    st.text(max_size=40),
    st.lists(st.sampled_from(COMPONENTS), min_size=1, unique=True),
)
def test_every_failure_has_the_same_say(calls, feedback, components):
    weights = blame(trace(*calls), Score(value=0.0, feedback=feedback), components)

    assert {component.id for component in components} == set(weights)
    assert 1.0 == pytest.approx(sum(weights.values()))
    assert all(weight >= 0 for weight in weights.values())


def test_a_call_is_governed_by_the_texts_that_stand_in_it():
    system = Message(role="system", parts=(Part(kind="text", text="You are a desk."),))
    texts = {
        "support/instructions": "Help the customer.",
        "support/system": "You are a desk.",
        "support/tool:refund": "Refund.",
        "support/tool:refund/ref": 'The order\'s "reference".',
        "support/tool:refund/amount": "In cents.",
        "support/tool:track_parcel": "Refund.",
        "support/empty": " ",
        "helper/instructions": "Help the customer.",
    }

    assert (
        "support/instructions",
        "support/system",
        "support/tool:refund",
        "support/tool:refund/ref",
    ) == governing(replace(CALL, messages=(system,)), texts)


def test_a_call_that_names_its_prompt_template_is_governed_by_that():
    texts = {
        "support/instructions": "Help the customer.",
        "support/system": "Be kind.",
        "support/tool:refund": "Refund.",
    }

    assert ("support/instructions", "support/tool:refund") == governing(replace(CALL, prompt="instructions@c1"), texts)
    assert ("support/system", "support/tool:refund") == governing(replace(CALL, prompt="support/system"), texts)
    assert tuple(texts) == governing(replace(CALL, prompt="of-somebody-else@7"), texts)


@pytest.mark.parametrize(
    "sent",
    [
        "Help the customer Ada, who is in Bern. You are an agent. Your internal name is support.",
        "Today is Monday.\n\nHELP the customer  Ada,\nwho is in Bern.",
    ],
)
def test_sentences_around_a_text_and_filled_placeholders_do_not_hide_it(sent):
    texts = {"support/instructions": "Help the customer {name}, who is in ${city}.", "support/system": "{a} is {b}"}

    assert ("support/instructions",) == governing(replace(CALL, instructions=sent), texts)


def test_another_text_with_placeholders_does_not_govern():
    texts = {"support/instructions": "Help the customer {name}, who is in {city}."}

    assert () == governing(replace(CALL, instructions="Who is in Bern? Help the customer Ada."), texts)


def test_a_call_without_a_name_of_its_agent_is_governed_by_the_texts_alone():
    call = replace(CALL, agent="")

    assert ("support/tool:refund",) == governing(
        call, {"support/tool:refund": "Refund.", "support/tool:send": "Refund."}
    )


def test_a_trace_is_attributed_where_its_spans_do_not_say_it():
    texts = {"support/instructions": "Be kind.", "support/tool:refund": "Refund."}
    marked = replace(CALL, span_id="n", components=("support/other",))
    told = attributed(Trace(model_calls=(CALL, marked)), texts)

    assert [("support/instructions", "support/tool:refund"), ("support/other",)] == [
        call.components for call in told.model_calls
    ]
