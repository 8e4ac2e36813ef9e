"""What is told of tools: only what is known, from where it is known, and in little room however many there are."""

from types import SimpleNamespace

import pytest

from spanwright.core.candidate import Candidate, Component, Kind
from spanwright.core.case import Case
from spanwright.core.context import Example, ReflectionContext
from spanwright.core.rollout import Observed, Purpose, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.core.tokens import tokens
from spanwright.core.tools_used import Calls, Known, ToolsUsed, ToolsWanted
from spanwright.core.trace import AgentRun, Message, ModelCall, Part, ToolCall, ToolDefinition, Trace
from spanwright.reflection import render_prompt
from spanwright.reflection.tool_use import tools_so_far
from spanwright.telemetry import blame, tool_evidence, tools_used

OFFERED = tuple(ToolDefinition(name=name) for name in ("refund", "credit", "lookup"))


def call(name, at=1.0, *, arguments="{}", result="Done.", error="", retry=""):
    return ToolCall(
        span_id="t", agent="desk", name=name, arguments=arguments, result=result, error=error, retry=retry, ended=at
    )


def said(at, text):
    answer = Message(role="assistant", parts=(Part(kind="text", text=text),))
    asked = Message(role="user", parts=(Part(kind="text", text="About order 7001."),))
    return ModelCall(span_id="m", agent="desk", tools=OFFERED, messages=(asked,), answer=answer, started=at)


def trace(*calls, final="All done."):
    return Trace(agents=(AgentRun(span_id="a", name="desk"),), model_calls=(said(9.0, final),), tool_calls=calls)


def rollout(number, case, score, *calls, wanted=None):
    used = ToolsUsed(calls=dict.fromkeys(calls, Calls()), wanted=wanted)
    key = RolloutKey(candidate="c", case=case, repeat=number)
    return Rollout(number=number, key=key, purpose=Purpose.MINIBATCH, score=Score(value=score), tools=used)


def by_case(*tools):
    return ToolsWanted(source=Known.CASE, should=tools, allowed=tools)


@pytest.mark.parametrize("metadata", [{"expected_tools": ["credit"]}, SimpleNamespace(expected_tools=("credit",))])
def test_a_case_says_which_tools_it_takes(metadata):
    used = tools_used(trace(call("refund")), Score(value=0.0), metadata)

    assert used.wanted == by_case("credit")
    assert used.confused(used.wanted) == (("refund", "credit"),)


@pytest.mark.parametrize(
    ("feedback", "missed", "needless"),
    [
        ("The agent should have called `credit`.", ("credit",), ()),
        ("credit was never called; the customer is angry", ("credit",), ()),
        ("It should not have used refund, expected a call of credit", ("credit",), ("refund",)),
        ("The refund should be 12.50, the credit was late", (), ()),
        ("no tool is named", (), ()),
    ],
)
def test_feedback_that_names_a_tool_is_understood_and_no_other(feedback, missed, needless):
    used = tools_used(trace(call("refund")), Score(value=0.0, feedback=feedback))

    assert (missed, needless) == (used.missed(used.wanted), used.needless(used.wanted))


def test_a_successful_run_of_the_same_case_tells_which_tools_it_takes_and_of_other_cases_nothing_is_known():
    evidence = tool_evidence(
        [
            rollout(1, "a", 1.0, "lookup", "credit"),
            rollout(2, "a", 0.0, "lookup", "refund"),
            rollout(3, "b", 0.0, "refund"),
        ]
    )

    assert evidence.confused == {("refund", "credit"): 1}
    assert evidence.known == {Known.SUCCESS: 2}
    assert evidence.unknown == 1
    assert evidence.tools["refund"].needless == evidence.tools["credit"].missed == 1
    assert evidence.tools["lookup"].faults == 0


def test_several_tools_are_paired_by_their_order_or_not_at_all():
    wanted = by_case("lookup", "credit", "refund")

    assert rollout(1, "a", 0.0, "x", "credit", "y").tools.confused(wanted) == (("x", "lookup"), ("y", "refund"))
    assert rollout(1, "a", 0.0, "x").tools.confused(wanted) == ()


def test_wrong_arguments_and_exceptions_and_unused_results_are_counted():
    used = tools_used(
        trace(
            call("refund", error="Give cents.", retry="model_retry"),
            call("refund", error="OSError: gone", result=None),
            call("lookup", arguments='{"id":"7001"}', result='{"id":"7001","total":"99.50"}'),
            call("credit", result="Done."),
        ),
        Score(value=0.0),
    )

    assert used.calls["refund"] == Calls(count=2, refused=1, raised=1)
    assert used.calls["lookup"].ignored == 1
    assert used.calls["credit"].ignored == 0
    read = trace(call("lookup", result='{"total":"99.50"}'), final="It is $99.50.")
    assert tools_used(read, None).calls["lookup"].ignored == 0


def test_a_tool_that_is_known_to_be_missed_is_blamed_before_all_others():
    kinds = {"instructions": Kind.INSTRUCTIONS, **{f"tool:{each.name}": Kind.TOOL for each in OFFERED}}
    components = [Component(id=f"desk/{place}", kind=kind, agent="desk", text="") for place, kind in kinds.items()]
    seen = trace(call("refund"))
    used = tools_used(seen, Score(value=0.0), {"expected_tools": ["credit"]})

    weights = blame(seen, Score(value=0.0), components, used)

    assert sorted(weights, key=lambda id: -weights[id])[:2] == ["desk/tool:credit", "desk/tool:refund"]
    assert weights["desk/tool:lookup"] == 0


def example(each):
    observed = Observed(rollout=each, trace=trace(*map(call, each.tools.calls)), output="Done.")
    return Example(case=Case(id=each.key.case, inputs="Please."), observed=observed)


def test_the_reflector_is_told_in_each_try_and_over_all():
    examples = [
        example(rollout(1, "a", 0.0, "refund", wanted=by_case("credit"))),
        example(rollout(2, "b", 0.0, "lookup")),
    ]
    component = Component(id="desk/tool:refund", kind=Kind.TOOL, agent="desk", text="Refund.")
    context = ReflectionContext(
        attempt=1,
        parent=Candidate(texts={component.id: "Refund."}),
        components=(component,),
        examples=tuple(examples),
    )

    prompt = render_prompt(context, 8_000)

    assert "; should have called `credit`, should not have called `refund`" in prompt
    assert "- `credit`: not called in 1 where it should be, but `refund` (1) in its place" in prompt
    assert "For 1 more it is not known." in prompt


def test_where_nothing_is_known_the_reflector_is_told_so_and_no_fault_is_no_section():
    refused = ToolsUsed(calls={"refund": Calls(count=2, refused=1)})
    key = RolloutKey(candidate="c", case="a")
    unknown = Rollout(number=1, key=key, purpose=Purpose.MINIBATCH, score=Score(value=0.0), tools=refused)

    told = tools_so_far([example(unknown)], 1_000)

    assert "is not known; this is how the calls went" in told
    assert "- `refund`: refused its arguments in 1 of 2 calls" in told
    assert tools_so_far([example(rollout(1, "a", 0.0, "refund"))], 1_000) == ""


@pytest.mark.parametrize("allowance", [150, 300, 600])
def test_forty_tools_take_no_more_than_the_allowance(allowance):
    several = [
        example(rollout(n, f"case {n}", 0.0, f"a_tool_that_is_called_{n}", wanted=by_case(f"the_right_tool_{n}")))
        for n in range(40)
    ]

    told = tools_so_far(several, allowance)

    assert tokens(told) <= allowance
    assert "more tools with fewer faults" in told


def test_the_matrix_has_a_row_for_what_was_called_and_a_column_for_what_should_be():
    wanted = by_case("credit")
    evidence = tool_evidence([rollout(n, f"{n}", 0.0, "refund" if n else "lookup", wanted=wanted) for n in range(3)])

    rows = [line.split() for line in evidence.matrix().splitlines()]

    assert rows == [["called", "/", "should", "credit"], ["lookup", "1"], ["refund", "2"]]


def test_a_name_that_a_model_made_up_is_kept_short_and_printable():
    used = tools_used(trace(call("\x1b[31m" + "x" * 500, error="no such tool", retry="unknown_tool")), Score(value=0.0))

    assert [(len(name), name[:5], calls.raised) for name, calls in used.calls.items()] == [(128, "?[31m", 1)]
