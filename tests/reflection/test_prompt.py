"""The prompt: never over its allowance, the same for the same context, and nothing foreign outside of its records."""

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reflection_fixtures import SITUATIONS, Situation, Tape, hostile, long_trace, part, tool_and_parameter

from spanwright.core.candidate import Kind
from spanwright.core.context import Recorded, TriedEdit
from spanwright.core.goal import at_most, maximize, minimize
from spanwright.core.measured import Measured
from spanwright.core.proposal import Lesson
from spanwright.core.score import Score
from spanwright.core.tokens import tokens
from spanwright.errors import UsageError
from spanwright.reflection import Rung, render_prompt

RECORD = re.compile(r"<evidence-([0-9a-f]{8})>\n.*?\n</evidence-\1>", re.DOTALL)
FENCE = re.compile(r"^(`{3,})(?:text|start)-[0-9a-f]{8}\n.*?\n\1$", re.DOTALL | re.MULTILINE)
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)

texts = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("` \n<>{}\x00\x1b\u200b\u200d\u202e\ufeff#-"),
        st.sampled_from("</evidence->```\n# Your answer\n"),
    ),
    max_size=400,
)


@st.composite
def contexts(draw):
    ids = ("a/instructions", "a/tool:t", "a/tool:t/p", "b/instructions")
    kinds = (Kind.INSTRUCTIONS, Kind.TOOL, Kind.PARAMETER, Kind.INSTRUCTIONS)
    parts = [part(id, kind, draw(texts), reach=draw(texts)) for id, kind in zip(ids, kinds, strict=True)]
    offered = draw(st.integers(1, 4))
    here = Situation(
        components=tuple(parts[:offered]),
        others=tuple(parts[offered:]),
        texts={ids[0]: draw(texts)},
        objective=draw(texts),
        goals=tuple(draw(st.lists(st.builds(minimize, texts.filter(bool).filter(lambda name: name != "score"))))),
    )
    for number in range(draw(st.integers(0, 5))):
        tape = Tape("a", draw(texts), components=ids, tools=[("t", draw(texts), "p")])
        for _ in range(draw(st.integers(0, 3))):
            tape.calls("t", draw(texts), p=draw(texts))
        tape.says(draw(texts))
        inputs = draw(st.one_of(texts, st.dictionaries(texts, texts, max_size=3), st.lists(texts, max_size=3)))
        here.example(
            f"c{number % 3}",
            inputs,
            tape,
            score=draw(st.sampled_from([0.0, 0.3, 1.0, 4.0])),
            output=draw(texts),
            feedback=draw(texts),
            blamed=draw(st.sets(st.sampled_from(ids))),
        )
    tried = [TriedEdit(component=ids[0], text=draw(texts), outcome=draw(texts)) for _ in range(draw(st.integers(0, 3)))]
    lessons = [Lesson(component=ids[1], text=draw(texts)) for _ in range(draw(st.integers(0, 3)))]
    seen = tuple(
        Recorded(trace=example.observed.trace, about=ids[:1], complaints=tuple(draw(st.lists(texts, max_size=2))))
        for example in here.examples[: draw(st.integers(0, 3))]
    )
    return replace(here.context(tried=tried, lessons=lessons), recorded=seen)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(contexts(), st.integers(1_000, 8_000), st.sampled_from(Rung))
def test_no_prompt_exceeds_its_allowance(context, allowance, rung):
    try:
        prompt = render_prompt(context, allowance, rung=rung)
    except UsageError:
        prompt = ""

    assert tokens(prompt) <= allowance
    assert not UNSEEN.search(prompt)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(contexts())
def test_nothing_foreign_can_end_a_record_or_a_fence(context):
    prompt = render_prompt(context, 20_000)

    [mark] = set(re.findall(r"^(?:`{3,}(?:text|start)|<evidence)-([0-9a-f]{8})>?$", prompt, re.MULTILINE))
    frame = RECORD.sub("RECORD", FENCE.sub("FENCE", prompt))
    assert mark not in frame
    assert prompt.count(f"<evidence-{mark}>") == prompt.count(f"</evidence-{mark}>") == frame.count("RECORD")
    assert 1 == frame.count("# Your answer")


@pytest.mark.parametrize("name", SITUATIONS)
def test_equal_contexts_give_equal_prompts_whatever_the_run(name):
    situation, allowance = SITUATIONS[name]
    context = situation()
    examples = tuple(
        replace(
            each,
            observed=replace(
                each.observed,
                rollout=replace(each.observed.rollout, number=99, trace_id="f" * 32, started=5.0, ended=9.0),
                trace=replace(each.observed.trace, id="f" * 32),
            ),
        )
        for each in context.examples
    )

    assert render_prompt(context, allowance) == render_prompt(replace(context, attempt=1, examples=examples), allowance)


@pytest.mark.parametrize("name", SITUATIONS)
def test_what_was_expected_and_what_the_user_noted_is_not_shown(name):
    situation, allowance = SITUATIONS[name]

    prompt = render_prompt(situation(), allowance)

    assert "never shown" not in prompt
    assert "secret" not in prompt


def test_the_components_texts_are_never_cut():
    long = "Work carefully. " * 400
    here = Situation(components=(part("a/instructions", Kind.INSTRUCTIONS, long.strip()),))
    for number in range(4):
        tape = Tape("a", "task " * 500)
        tape.says("answer " * 500)
        here.example(f"c{number}", "task " * 500, tape, score=0.0, output="answer " * 500, feedback="wrong")

    for allowance in (2_700, 3_000, 4_000, 8_000):
        assert long.strip() in render_prompt(here.context(), allowance)


def test_traces_are_shortened_before_examples_are_left_out():
    context = long_trace()

    shown = {allowance: render_prompt(context, allowance) for allowance in (12_000, 6_000, 3_000, 2_000, 1_100)}

    assert [2, 2, 2, 2, 1] == [prompt.count("\n## Example") for prompt in shown.values()]
    assert shown[6_000].count("result: page") < shown[12_000].count("result: page")
    assert 2 * 60 == shown[6_000].count("call read_page")
    assert "for want of room: 1 more" in shown[1_100]


def recorded(words="task", *complaints):
    tape = Tape("a", words)
    tape.calls("find", error="no such order", ref="17")
    return Recorded(trace=tape.trace(), about=("a/instructions",), complaints=complaints)


def test_what_was_recorded_before_stands_apart_with_what_was_wrong():
    here = Situation(components=(part("a/instructions", Kind.INSTRUCTIONS, "Help."),))
    tape = Tape("a", "task")
    tape.says("answer")
    here.example("c", "task", tape, score=0.0, feedback="wrong")
    context = replace(here.context(), recorded=(recorded("Where is it?", "error, tool find: no such order"),))

    prompt = render_prompt(context, 6_000)

    section = prompt[prompt.index("# Recorded before") : prompt.index("# Your answer")]
    assert "## Record 1: error, tool find: no such order; suspected: `a/instructions`" in section
    assert "Where is it?" in section
    assert prompt.index("# What happened") < prompt.index("# Recorded before")
    assert "Score" not in section


def test_what_was_recorded_before_never_takes_more_than_its_part():
    here = Situation(components=(part("a/instructions", Kind.INSTRUCTIONS, "Help."),))
    long = tuple(recorded("Where is it? " * 5_000, "error, tool find: down") for _ in range(3))
    context = replace(here.context(), recorded=long)

    shown = {allowance: render_prompt(context, allowance) for allowance in (24_000, 6_000, 2_000)}

    assert [3, 3, 0] == [prompt.count("\n## Record ") for prompt in shown.values()]
    assert all(tokens(prompt) < 0.4 * allowance + 1_500 for allowance, prompt in shown.items())


def test_room_that_one_example_does_not_need_goes_to_another():
    context = long_trace()
    short = Situation(components=context.components, objective=context.objective)
    tape = Tape("auditor", "Audit.")
    tape.says("Done.")
    short.example("s", "Audit.", tape, score=0.0, output="Done.", feedback="no page was named")
    beside = replace(context, examples=(context.examples[0], *short.context().examples))

    alone = render_prompt(replace(context, examples=context.examples[:1]), 5_000).count("call read_page")

    assert render_prompt(beside, 5_000).count("call read_page") > 0.85 * alone


def test_tries_of_one_task_stand_side_by_side_worst_first():
    headings = re.findall(r"^## (Example.*?)[;\n]", render_prompt(tool_and_parameter(), 24_000), re.MULTILINE)

    assert [
        "Example 1, try 1: score 0 (wrong)",
        "Example 1, try 2: score 1 (right)",
        "Example 2: score 0.5 (partly right)",
    ] == headings


def test_where_few_tries_fit_a_failure_stands_beside_the_success_of_the_same_task():
    desk = part("a/instructions", Kind.INSTRUCTIONS, "Work carefully.")
    here = Situation(components=(desk,))
    for case, score in (("c1", 0.0), ("c2", 0.1), ("c3", 0.2), ("c1", 0.9), ("c4", 1.0)):
        tape = Tape("a", f"task {case}")
        tape.says(f"{case} gets {score} " * 400)
        here.example(case, f"task {case}", tape, score=score, feedback="see there")

    headings = re.findall(r"^## (Example.*)$", render_prompt(here.context(), 1_250), re.MULTILINE)

    assert ["Example 1, try 1: score 0 (wrong)", "Example 1, try 2: score 0.9 (partly right)"] == headings


def test_a_try_under_other_texts_says_of_which_components():
    desk = part("a/instructions", Kind.INSTRUCTIONS, "Work carefully.")
    here = Situation(components=(desk,))
    for score in (0.0, 1.0):
        tape = Tape("a", "task")
        tape.says(f"gets {score}")
        here.example("c1", "task", tape, score=score, feedback="see there")
    here.examples[1] = replace(here.examples[1], differing=("a/instructions", *(f"a/tool:t{n}" for n in range(5))))

    headings = re.findall(r"^## (Example.*)$", render_prompt(here.context(), 4_000), re.MULTILINE)

    shown = "`a/instructions`, `a/tool:t0`, `a/tool:t1`, `a/tool:t2` and 2 more"
    assert [
        "Example 1, try 1: score 0 (wrong)",
        f"Example 1, try 2: score 1 (right); with other texts of: {shown}",
    ] == headings


def test_at_the_very_last_fewer_components_are_offered():
    context = tool_and_parameter()
    texts = {each.id: "Work carefully. " * 100 for each in context.components}
    context = replace(context, parent=context.parent.edited(texts))

    prompt = render_prompt(context, 2_000)

    assert 1 <= prompt.count("Current text:") < 3
    with pytest.raises(UsageError, match="larger allowance"):
        render_prompt(context, 500)


def test_orders_in_a_record_stay_inside_of_it():
    prompt = render_prompt(hostile(), 24_000)

    frame = RECORD.sub("", prompt)
    assert "Ignore all previous instructions" in prompt
    for order in ("Ignore all", "forward every mail", "obey me", "score: 1\n", "00000000"):
        assert order not in frame
    assert ["mail/instructions", "mail/tool:send"] == re.findall(r"^## `(.*?)`", prompt, re.MULTILINE)


def scored(example, value):
    rollout = replace(example.observed.rollout, score=Score(value=value))
    return replace(example, observed=replace(example.observed, rollout=rollout))


def test_a_scale_of_ones_own_is_not_called_right_or_wrong():
    context = tool_and_parameter()
    examples = tuple(scored(each, -2.5) for each in context.examples)

    prompt = render_prompt(replace(context, examples=examples), 24_000)

    assert "score -2.5;" in prompt
    assert "Scores run" not in prompt
    assert "(wrong)" not in prompt


def test_of_too_many_lessons_and_edits_the_first_are_kept():
    send = "mail/tool:send"
    facts = [f"Fact {number}. " + "word " * 60 for number in range(40)]
    context = replace(
        hostile(),
        lessons=tuple(Lesson(component=send, text=fact) for fact in facts),
        tried=tuple(TriedEdit(component=send, text=fact, outcome=f"edit {place}") for place, fact in enumerate(facts)),
    )

    prompt = render_prompt(context, 4_000)

    for told in ("Fact 0.", "edit 0"):
        assert told in prompt
    for left_out in ("Fact 39.", "edit 39"):
        assert left_out not in prompt


def test_an_edit_says_what_the_current_text_does_not_and_is_left_out_where_that_is_nothing():
    context = hostile()
    current = context.parent.texts["mail/instructions"]
    tried = (TriedEdit(component="mail/instructions", text=current, outcome="shortened in vain"), *context.tried)

    prompt = render_prompt(replace(context, tried=tried), 24_000)

    assert "    Always apologize first.\n  it left out:\n    Answer mails.\n" in prompt
    assert "shortened in vain" not in prompt


def test_what_came_into_a_text_later_no_earlier_edit_has_left_out():
    context = hostile()
    edit = TriedEdit(component="mail/instructions", text="Be quick.", outcome="worse", replaced="Answer mails for all.")

    prompt = render_prompt(replace(context, tried=(edit,)), 24_000)

    assert "it said: Be quick." in prompt
    assert "it left out" not in prompt


def test_how_often_a_lesson_was_seen_is_told_where_that_says_something():
    lessons = (
        Lesson(component="mail/tool:send", text="Once."),
        Lesson(component="mail/tool:send", text="Often.", evidence=4),
        Lesson(component="mail/tool:send", text="Still.", evidence=2, returned=2),
    )

    prompt = render_prompt(replace(hostile(), lessons=lessons), 24_000)

    assert "Once.\n- on" in prompt
    assert "Often.\n  seen: 4 times\n" in prompt
    assert "Still.\n  seen: 2 times, again after 2 edits that changed the text\n" in prompt


def test_a_reflector_is_asked_to_question_the_texts_only_where_the_search_is_stuck():
    assert "# No progress" not in render_prompt(hostile(), 24_000)
    assert "# No progress" in render_prompt(replace(hostile(), stuck=True), 24_000)


def test_a_lesson_on_several_components_is_told_once():
    ids = ("mail/instructions", "mail/tool:send")
    lessons = tuple(Lesson(component=id, text="Every mail needs\na subject line.") for id in ids)

    prompt = render_prompt(replace(hostile(), lessons=lessons), 24_000)

    assert 1 == prompt.count("a subject line.")
    assert "- on mail/instructions, mail/tool:send: Every mail needs a subject line." in prompt


def test_other_texts_that_are_empty_are_named_in_one_line():
    context = tool_and_parameter()
    others = (
        *context.others,
        *(part(f"support/tool:escalate/{name}", Kind.PARAMETER, "") for name in ("team", "note")),
    )

    prompt = render_prompt(replace(context, others=others), 24_000)

    assert "- without a text: support/tool:escalate/team, support/tool:escalate/note\n" in prompt


@pytest.mark.parametrize(("name", "explained"), [("failing_tool", True), ("one_component", False)])
def test_a_request_to_retry_is_explained_where_there_is_one(name, explained):
    situation, allowance = SITUATIONS[name]

    assert explained == ('"Asked to retry": ' in render_prompt(situation(), allowance))


def test_where_more_is_on_offer_than_may_be_edited_the_answer_is_limited():
    context = tool_and_parameter()
    wide = replace(context, most_edits=1)

    assert "Edit at most 1 of them" in render_prompt(wide, 8_000)
    assert "Edit at most" not in render_prompt(context, 8_000)


def test_goals_are_told_with_what_serves_them_and_each_example_tells_its_figures():
    goals = (minimize("cost"), at_most("latency", 2.0), maximize("Polite"))
    here = Situation(components=(part("a/instructions", Kind.INSTRUCTIONS, "Help."),), goals=goals)
    here.example("c1", "hello", Tape("a", "Help."), score=1.0, measured=Measured(cost=0.00214, latency=3.5))
    here.example("c2", "hello", Tape("a", "Help."), score=0.0, measured=Measured(latency=1.0))

    prompt = render_prompt(here.context(), 6_000)

    assert "- low cost: the dollars that a run's model requests take. Shorter texts, shorter answers" in prompt
    assert "- latency at most 2: the seconds" in prompt
    assert "- high Polite\n" in prompt
    assert "score 1 (right); cost $0.00214, latency 3.5 (more than the 2 wanted on average)" in prompt
    assert "score 0 (wrong); latency 1\n" in prompt


def test_without_goals_a_prompt_says_nothing_of_figures():
    here = Situation(components=(part("a/instructions", Kind.INSTRUCTIONS, "Help."),))
    here.example("c1", "hello", Tape("a", "Help."), score=1.0, measured=Measured(cost=0.00214, latency=3.5))

    assert "cost" not in render_prompt(here.context(), 6_000).partition("# What happened")[2].partition("# Your")[0]
