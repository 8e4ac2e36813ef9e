"""What is recovered of the recorded spans of every dialect, as they came and as they may come."""

import random
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spanwright.telemetry.facts import facts_of, folded

SOME = settings(
    deadline=None, max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def test_the_facts_of_a_file_are_recovered(file, spans_of, expected_of, recovered, differences):
    assert [] == differences(expected_of(file), recovered(spans_of(file)))


@SOME
@given(seed=st.integers(0, 10_000))
def test_neither_order_nor_repeated_delivery_nor_unknown_attributes_matter(
    file, seed, spans_of, expected_of, recovered, differences
):
    chance = random.Random(seed)
    spans = [*spans_of(file)]
    again = [span for span in spans if chance.random() < 0.4]
    strange = [
        replace(
            span, attributes=dict(chance.sample([*span.attributes.items(), ("x.strange", 7)], len(span.attributes) + 1))
        )
        for span in spans + again
    ]
    chance.shuffle(strange)
    expected = expected_of(file)
    if again and "duplicate_spans" not in expected["hazards"]:
        expected["hazards"] = recovered(strange)["hazards"]

    assert [] == differences(expected, recovered(strange))


def test_a_root_that_comes_last_changes_nothing(file, spans_of, recovered):
    spans = spans_of(file)
    late = sorted(spans, key=lambda span: not span.parent_id)

    assert recovered(spans) == recovered(late)


def test_without_a_root_the_model_calls_and_tools_are_still_told(file, spans_of, expected_of, recovered, differences):
    spans = [span for span in spans_of(file) if span.parent_id]
    expected, actual = expected_of(file), recovered(spans)
    calls = [call for agent in expected["agents"] for call in agent["model_calls"]]
    told = [call for agent in actual["agents"] for call in agent["model_calls"]]
    prompts = [agent["system_prompt"] for agent in expected["agents"]]
    tools = [{**tool, "agent": None} for tool in expected["tool_calls"]]

    assert "missing_root" in actual["hazards"] or not told
    assert [] == differences(calls, told)
    assert prompts == [agent["system_prompt"] for agent in actual["agents"]]
    assert [] == differences(tools, [{**tool, "agent": None} for tool in actual["tool_calls"]])
    assert expected["final_output"] == actual["final_output"]


def test_no_token_is_counted_twice(file, spans_of, expected_of):
    calls = [call for agent in expected_of(file)["agents"] for call in agent["model_calls"]]
    (used, *others) = [trace.usage for trace in folded(spans_of(file)) if trace.usage.requests] or [None]

    assert [] == others
    assert len(calls) == (used.requests if used else 0)
    assert sum(call["input_tokens"] for call in calls) == (used.input_tokens if used else 0)
    assert sum(call["output_tokens"] for call in calls) == (used.output_tokens if used else 0)


def test_the_notes_are_those_that_are_given(spans_of):
    assert ("look",) == facts_of(spans_of("mcp.orders.jsonl"), ["look"]).notes
