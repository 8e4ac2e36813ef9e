"""What is told of tools: only what is known, from where it is known, and in little room however many there are."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from spanwright import optimizable
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
from spanwright.telemetry import SpanRecorder, blame, tool_evidence, tools_used

OFFERED = tuple(ToolDefinition(name=name) for name in ("refund", "credit", "lookup"))


def call(name, at=1.0, *, agent="desk", arguments="{}", result="Done.", error="", retry=""):
    return ToolCall(
        span_id="t", agent=agent, name=name, arguments=arguments, result=result, error=error, retry=retry, ended=at
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
    assert used.confused(used.wanted) == (("desk/refund", "credit"),)


@pytest.mark.parametrize(
    ("feedback", "missed", "needless"),
    [
        ("The agent should have called `credit`.", ("credit",), ()),
        ("credit was never called; the customer is angry", ("credit",), ()),
        ("It should not have used refund, expected a call of credit", ("credit",), ("desk/refund",)),
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


def test_a_tool_of_the_same_name_that_another_agent_has_is_another_tool():
    right = tools_used(trace(call("ask"), call("lookup", agent="helper")), None)
    wrong = tools_used(trace(call("ask"), call("lookup")), None)
    successes = [replace(rollout(1, "a", 1.0), tools=right), replace(rollout(2, "a", 0.0), tools=wrong)]

    evidence = tool_evidence(successes)

    assert evidence.confused == {("desk/lookup", "helper/lookup"): 1}
    assert {name: (each.needless, each.missed) for name, each in evidence.tools.items()} == {
        "desk/lookup": (1, 0),
        "helper/lookup": (0, 1),
        "ask": (0, 0),
    }


@pytest.mark.parametrize(
    ("expected", "missed", "needless"),
    [
        ("lookup", (), ()),
        ("desk/lookup", ("desk/lookup",), ("helper/lookup",)),
        ("helper/lookup", (), ()),
    ],
)
def test_an_expected_tool_is_any_agents_or_one_agents(expected, missed, needless):
    used = tools_used(trace(call("lookup", agent="helper")), Score(value=0.0), {"expected_tools": [expected]})

    assert (missed, needless) == (used.missed(used.wanted), used.needless(used.wanted))


def test_feedback_may_name_the_tool_of_one_agent():
    seen = trace(call("lookup", agent="helper"), call("lookup"))

    used = tools_used(seen, Score(value=0.0, feedback="It should not have called helper/lookup."))

    assert used.needless(used.wanted) == ("helper/lookup",)


def test_the_agent_whose_tool_was_missed_is_blamed_and_not_its_namesake():
    components = [Component(id=f"{agent}/tool:lookup", kind=Kind.TOOL, agent=agent, text="") for agent in ("desk", "b")]
    seen = replace(trace(), model_calls=(said(9.0, ""), replace(said(9.0, ""), agent="b")))
    used = tools_used(seen, Score(value=0.0), {"expected_tools": ["b/lookup"]})

    assert blame(seen, Score(value=0.0), components, used) == {"desk/tool:lookup": 0.0, "b/tool:lookup": 1.0}


def test_tools_without_an_agent_are_counted_as_those_with_one():
    before = rollout(1, "a", 0.0, "lookup", "refund")
    after = replace(rollout(2, "a", 1.0), tools=tools_used(trace(call("lookup")), None))

    evidence = tool_evidence([before, after])

    assert {name: (each.called, each.needless) for name, each in evidence.tools.items()} == {
        "lookup": (2, 0),
        "refund": (1, 1),
    }


def test_a_skill_that_is_loaded_counts_as_a_tool():
    load = call("load_capability", arguments='{"id": "refunds"}')
    skills = [("desk/skill:refunds", Kind.SKILL), ("desk/skill:refunds/body", Kind.SKILL_BODY)]
    skills += [("desk/skill:credits", Kind.SKILL), ("desk/skill:credits/body", Kind.SKILL_BODY)]
    components = [Component(id=id, kind=kind, agent="desk", text="") for id, kind in skills]

    used = tools_used(trace(load), Score(value=0.0), {"expected_tools": ["skill:credits"]})
    weights = blame(trace(load), Score(value=0.0), components, used)

    assert used.confused(used.wanted) == (("desk/skill:refunds", "skill:credits"),)
    assert sorted(weights, key=lambda id: -weights[id])[:2] == ["desk/skill:credits", "desk/skill:refunds"]
    assert weights["desk/skill:credits/body"] == 0.0 < weights["desk/skill:refunds/body"]


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

    assert used.calls["desk/refund"] == Calls(count=2, refused=1, raised=1)
    assert used.calls["desk/lookup"].ignored == 1
    assert used.calls["desk/credit"].ignored == 0
    read = trace(call("lookup", result='{"total":"99.50"}'), final="It is $99.50.")
    assert tools_used(read, None).calls["desk/lookup"].ignored == 0


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

    assert [(len(name), name[:10], calls.raised) for name, calls in used.calls.items()] == [(133, "desk/?[31m", 1)]


async def test_a_sub_agents_tool_of_the_same_name_is_told_apart_in_a_real_delegation():
    def work(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        tool = "ask" if any(tool.name == "ask" for tool in info.function_tools) else "lookup"
        return ModelResponse(parts=[TextPart("done") if len(messages) > 1 else ToolCallPart(tool, {})])

    helper = optimizable(Agent(FunctionModel(work), name="helper"))
    boss = optimizable(Agent(FunctionModel(work), name="boss"))

    @boss.tool_plain(name="lookup")
    @helper.tool_plain(name="lookup")
    def look_up() -> str:
        return "found"

    @boss.tool_plain
    async def ask() -> str:
        return (await helper.run("Look it up.")).output

    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            await boss.run("Go.")
    used = tools_used(recording.trace, Score(value=0.0), {"expected_tools": ["boss/lookup"]})

    assert {"boss/ask": 1, "helper/lookup": 1} == {name: calls.count for name, calls in used.calls.items()}
    assert (("boss/lookup",), ("boss/ask", "helper/lookup")) == (used.missed(used.wanted), used.needless(used.wanted))
