"""Odd, broken and hostile attributes in the spans of every dialect: nothing crashes, and no other span suffers."""

import random
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spanwright.core.trace import Span
from spanwright.telemetry.diagnoses import check
from spanwright.telemetry.facts import facts_json, facts_of, folded
from spanwright.telemetry.render import render

DEEP = "[" * 5_000 + "]" * 5_000
ODD = [
    "",
    "null",
    "{}",
    "[]",
    "[null, 3, [], {}]",
    '{"messages": 3, "choices": [[]], "output": {"a": []}, "data": 7, "kwargs": [], "args": 2}',
    '[{"role": [], "content": {"type": {}}, "parts": 7, "tool_calls": {"id": 1}}]',
    '[{"role": "assistant", "parts": [{"type": "tool_call"}, {"type": "text", "content": [1]}, 5, null]}]',
    '{"message": {"message": {"message": []}}, "lc": 1, "id": [[]], "kwargs": {"content": []}}',
    '{"generations": [[{"message": 1}]], "usage": {"output_tokens": "many"}}',
    '{"error": {"data": []}, "result": null, "value": {}}',
    '"\\ud800"',
    "\ud800 lone",
    "\x00\u202e",
    '{"a": 1e999, "b": -0.0, "c": 123456789012345678901234567890}',
    "[{",
    DEEP,
    '{"a":' * 3_000 + "1" + "}" * 3_000,
    "{'a': ({1, 2}, [" + "(" * 200,
    7,
    -1,
    True,
    float(2**70),
    (),
    ("[", "x"),
    (1, 2),
    (True,),
]
SOME = settings(
    deadline=None, max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def whole(spans: list[Span]) -> str:
    """Go the whole way that spans go."""
    traces = folded(spans)
    check(traces)
    for trace in traces:
        render(trace, allowance=2_000)
    return facts_json(facts_of(spans))


@SOME
@given(seed=st.integers(0, 100_000))
def test_no_attribute_of_any_dialect_is_so_odd_that_it_crashes(file, seed, spans_of):
    chance = random.Random(seed)
    spans = [
        replace(
            span,
            attributes={
                key: chance.choice(ODD) if chance.random() < 0.3 and "kind" not in key else value
                for key, value in span.attributes.items()
            },
            events=tuple(
                replace(event, attributes={key: chance.choice(ODD) for key in event.attributes})
                if chance.random() < 0.5
                else event
                for event in span.events
            ),
        )
        for span in spans_of(file)
    ]

    assert whole(spans).startswith("{")


@SOME
@given(seed=st.integers(0, 100_000))
def test_an_odd_model_call_takes_no_other_along(file, seed, spans_of, recovered):
    chance = random.Random(seed)
    spans = spans_of(file)
    before = recovered(spans)
    strange = Span(
        trace_id="2" * 32,
        span_id="3" * 16,
        name="chat",
        scope=chance.choice(spans).scope,
        started=1.0,
        ended=2.0,
        attributes={key: chance.choice(ODD) for span in spans for key in span.attributes},
    )
    after = recovered([*spans, strange])

    assert all(agent in after["agents"] for agent in before["agents"])
    assert all(tool in after["tool_calls"] for tool in before["tool_calls"])


def test_spans_that_are_their_own_ancestors_are_no_endless_loop(file, spans_of):
    spans = list(spans_of(file))
    circle = [replace(span, parent_id=spans[index - 1].span_id) for index, span in enumerate(spans)]
    selves = [replace(span, parent_id=span.span_id) for span in spans]

    assert whole(circle).startswith("{")
    assert whole(selves).startswith("{")


def test_times_that_make_no_sense_are_no_reason_to_crash(file, spans_of):
    spans = [replace(span, started=span.ended, ended=span.started) for span in spans_of(file)]
    never = [replace(span, started=0.0, ended=0.0) for span in spans]

    assert whole(spans).startswith("{")
    assert whole(never).startswith("{")
