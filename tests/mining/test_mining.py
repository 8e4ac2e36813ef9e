"""Mining: what failed, each kind with its share, nearly equal inputs once."""

import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_evals import Dataset

from spanwright.core.trace import AgentRun, Evaluation, Message, ModelCall, Part, ToolCall, Trace
from spanwright.mining import Kind, dataset_of, failures, harvest, page_of, question
from spanwright.mining.likeness import Alike, likeness, words
from spanwright.mining.pages import write_dataset


def said(text: str, role: str = "user") -> Message:
    return Message(role=role, parts=(Part(kind="text", text=text),))


def trace(
    id: str, asked: str = "Where is it?", *, agent: str = "", model: str = "", finish: str = "stop", tools=(), judged=()
) -> Trace:
    call = ModelCall(
        span_id="2", agent="desk", model="m", messages=(said(asked),), finish_reason=finish, error=model, started=1.0
    )
    run = AgentRun(span_id="1", name="desk", error=agent, final=None if agent else "here", started=0.0)
    return Trace(id=id, agents=(run,), model_calls=(call,), tool_calls=tuple(tools), evaluations=tuple(judged))


def tool(error: str = "", retry: str = "", name: str = "search") -> ToolCall:
    return ToolCall(span_id="3", agent="desk", name=name, error=error, retry=retry, started=2.0)


def judged(value: float | None = None, label: str = "", error: str = "") -> Evaluation:
    return Evaluation(span_id="1", name="helpful", value=value, label=label, explanation="rude", error=error)


@pytest.mark.parametrize(
    ("failed", "expected"),
    [
        (trace("t", tools=[tool("TimeoutError: 30 s")]), (Kind.ERROR, "tool search")),
        (trace("t", model="overloaded"), (Kind.ERROR, "model m")),
        (trace("t", agent="too many steps"), (Kind.ERROR, "agent desk")),
        (trace("t", tools=[tool("no such order", "model_retry")]), (Kind.RETRY, "tool search")),
        (trace("t", judged=[judged(0.2)]), (Kind.LOW_SCORE, "helpful")),
        (trace("t", judged=[judged(label="Fail")]), (Kind.LOW_SCORE, "helpful")),
        (trace("t", finish="length"), (Kind.LENGTH, "agent desk")),
    ],
)
def test_what_went_wrong_has_a_kind_and_a_place(failed, expected):
    (failure,) = failures(failed)

    assert expected == (failure.kind, failure.place)


@pytest.mark.parametrize(
    "fine", [trace("t"), trace("t", judged=[judged(0.9)]), trace("t", judged=[judged(0.1, error="judge is down")])]
)
def test_what_went_well_is_no_failure_nor_is_a_judge_that_failed(fine):
    assert () == failures(fine)


def test_an_error_that_ends_its_agent_is_one_failure():
    assert 1 == len(failures(trace("t", agent="boom", tools=[tool("boom")])))


def test_the_gravest_failure_comes_first():
    worst = failures(trace("t", finish="length", tools=[tool("again", "validation"), tool("down")]))

    assert [Kind.ERROR, Kind.LENGTH, Kind.RETRY] == [failure.kind for failure in worst]


def test_failures_that_differ_in_numbers_and_names_are_one_cluster():
    found = harvest(trace(f"t{n}", tools=[tool(f"KeyError: 'A-{n}' in row {n}")]) for n in range(7))

    ((name, some),) = found.clusters
    assert "error · tool search · KeyError: … in row …" == name
    assert 7 == len(some)


def test_the_question_is_the_last_of_the_user_to_the_outermost_agent():
    inner = ModelCall(span_id="1", agent="helper", messages=(said("look it up"),), started=0.5)
    outer = ModelCall(
        span_id="2", agent="desk", messages=(said("Hi"), said("Hello!", "assistant"), said("Why?")), started=1.0
    )
    runs = (AgentRun(span_id="0", name="desk"), AgentRun(span_id="9", name="helper", parent_agent="desk"))

    assert "Why?" == question(Trace(id="t", agents=runs, model_calls=(inner, outer)))


def test_nearly_equal_inputs_are_one_case_that_names_the_others():
    asked = "My parcel to <email-1> has not arrived since last Monday, where is it now"
    found = harvest([trace("a", asked, agent="x"), trace("b", asked.replace("-1", "-2") + " please", agent="y")])

    (case,) = found.cases
    assert ("a", ["b"]) == (case.trace, [other.trace for other in case.alike])
    assert 2 == len(harvest([trace("a", "one", agent="x"), trace("b", "two", agent="x")]).cases)


def test_a_common_failure_does_not_crowd_out_the_rare_ones():
    common = [trace(f"common {n}", f"question {n}", tools=[tool("down")]) for n in range(50)]
    rare = [trace("cut", "long one", finish="length"), trace("low", "odd one", judged=[judged(0.0)])]
    found = harvest([*common, *rare], most=4)

    assert {"cut", "low", "common 0", "common 1"} == {case.trace for case in found.cases}
    assert 52 == found.failed


def test_traces_without_content_are_counted_and_make_no_case():
    found = harvest([Trace(id="t", agents=(AgentRun(span_id="1", name="desk", error="x"),))])

    assert (1, 1, ()) == (found.failed, found.silent, found.cases)
    assert "do not tell what was asked" in page_of(found)


def test_the_dataset_is_read_back_with_the_trace_of_each_case(tmp_path):
    found = harvest([trace("a", 'Say: "no"\n- yes', agent="boom"), trace("b", "other words", finish="length")])
    write_dataset(found, tmp_path / "mined.yaml")
    read = Dataset[str, Any, dict[str, Any]].from_file(tmp_path / "mined.yaml")

    assert dataset_of(found).cases == read.cases
    assert {"a": "error", "b": "length stop"} == {case.metadata["trace"]: case.metadata["kind"] for case in read.cases}
    assert all(case.expected_output is None for case in read.cases)


def test_what_traces_say_is_no_markup_on_the_page():
    page = page_of(harvest([trace("a", "`code` [x](http://evil)", tools=[tool("<script>|[a](b)")])]))

    assert "| 1 | error · tool search · \\<script\\>\\|\\[a\\](b) |" in page
    assert "`ˋcodeˋ [x](http://evil)`" in page


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(string.ascii_lowercase[:8])).map(" ".join), max_size=12), st.floats(0.1, 1.0))
def test_the_index_finds_what_comparing_all_pairs_finds(texts, least):
    near, taken = Alike(texts, least), list[str]()
    for text in texts:
        expected = next((n for n, other in enumerate(taken) if likeness(words(text), words(other)) >= least), None)
        assert expected == near.place(text)
        if expected is None:
            taken.append(text)


def corrected(name="correction", label="", explanation="In Lyon."):
    return Evaluation(span_id="1", name=name, label=label, explanation=explanation)


@pytest.mark.parametrize(
    "correction",
    [
        corrected(),
        corrected("Expected-Output"),
        corrected("ground_truth", label="In Lyon.", explanation=""),
        corrected("anything", label="expectation"),
    ],
)
def test_what_somebody_wrote_down_as_right_is_the_expected_output(correction, tmp_path):
    found = harvest([trace("t", judged=[correction])])
    write_dataset(found, tmp_path / "mined.yaml")

    (case,) = Dataset[str, Any, Any].from_file(tmp_path / "mined.yaml").cases
    assert "In Lyon." == case.expected_output
    assert f"recorded as {correction.name!r}" == case.metadata["expected"]
    assert ("corrected", "should have been: In Lyon.") == (case.metadata["kind"], case.metadata["message"])
    assert "1 of the cases have an expected output" in page_of(found)


def test_an_answer_that_is_as_expected_is_no_failure():
    assert () == failures(trace("t", judged=[corrected(explanation=" here\n")]))


def test_where_nobody_wrote_it_down_file_and_page_say_so(tmp_path):
    found = harvest([trace("t", judged=[judged(0.1), corrected("note")])])
    write_dataset(found, tmp_path / "mined.yaml")

    (case,) = Dataset[str, Any, Any].from_file(tmp_path / "mined.yaml").cases
    assert case.expected_output is None
    assert "expected: 'none is known: add expected_output" in (tmp_path / "mined.yaml").read_text()
    assert "Of 1 none is known: add `expected_output`" in page_of(found)


def test_what_another_trace_should_have_said_is_not_expected_of_one_that_was_asked_nearly_the_same():
    one = trace("one", "Where is my order number 1 now?", tools=[tool("down")])
    other = trace("other", "Where is my order number 2 now?", judged=[judged(0.1), corrected()])
    found = harvest([one, other], alike=0.7)

    (mined,) = found.cases
    assert (mined.trace == "other") is (mined.wanted is not None)
