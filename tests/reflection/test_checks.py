"""What makes an edit a proposal, and what it is refused for."""

from dataclasses import replace

import pytest
from reflection_fixtures import failing_tool, hostile, one_component, proposed, refused, tool_and_parameter

from spanwright.core.candidate import Kind
from spanwright.core.guard import Guard
from spanwright.core.proposal import Proposal, Refusal, RefusalReason
from spanwright.reflection import render_prompt
from spanwright.reflection.answer import Edit, Learned
from spanwright.reflection.checks import Ground, judged
from spanwright.reflection.prose import entries
from spanwright.reflection.reading import Reading

TRIAGE = "triage/instructions"


def judge(context, *edits, lessons=()):
    reading = Reading(
        diagnosis="d",
        edits=tuple(Edit(component=component, why="w", text=text) for component, text in edits),
        lessons=tuple(Learned(component=component, text=text) for component, text in lessons),
    )
    return judged(reading, Ground.of(context, context.components))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", RefusalReason.EMPTY),
        (" \u200b\n", RefusalReason.EMPTY),
        ("…", RefusalReason.EMPTY),
        ("the complete new text", RefusalReason.EMPTY),
        ("Sort the ticket of {customer} into a queue.", RefusalReason.UNCHANGED),
        ("Sort the ticket  of {customer}\ninto a queue.\u200b", RefusalReason.UNCHANGED),
        ("Sort the ticket of the customer.", RefusalReason.PLACEHOLDER),
        ("Sort the ticket of {{customer}}.", RefusalReason.PLACEHOLDER),
        ("{customer} " + "x" * 8_000, RefusalReason.TOO_LONG),
        ("Sort for {customer}.\n[rest of the instructions unchanged]", RefusalReason.MALFORMED),
        ("@@ -1 +1 @@\n-Sort\n+Sort {customer}", RefusalReason.MALFORMED),
        ("{customer}\n<evidence-12ab34cd>\ninput: x\n</evidence-12ab34cd>", RefusalReason.ECHO),
    ],
)
def test_an_edit_is_refused_by_name(text, reason):
    result = refused(judge(one_component(), (TRIAGE, text)))

    assert reason == result.reason
    assert TRIAGE in result.detail


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("```\nSort {customer}.\n```", "Sort {customer}."),
        ('"Sort {customer}."', "Sort {customer}."),
        ("Sort {customer}.\\nThen stop.\\nReally.", "Sort {customer}.\nThen stop.\nReally."),
        ("\x1b[1mSort {customer}.\x00\u202e", "Sort {customer}."),
        ('Say "hi" to {customer}, or "bye"', 'Say "hi" to {customer}, or "bye"'),
        ("Sort {customer}; leave other fields unchanged.", "Sort {customer}; leave other fields unchanged."),
        ("Split {customer} at \\n.", "Split {customer} at \\n."),
        ("Use this form:\n```\n{customer}\n```", "Use this form:\n```\n{customer}\n```"),
    ],
)
def test_a_text_is_bared_of_what_was_wrapped_around_it_and_no_more(said, text):
    result = proposed(judge(one_component(), (TRIAGE, said)))

    assert {TRIAGE: text} == result.edits


@pytest.mark.parametrize(
    "placeholder", ["{name}", "{{ name }}", "{total:.2f}", "{user.name}", "${name}", "%(name)s", "<name/>"]
)
def test_each_kind_of_placeholder_must_stay(placeholder):
    context = one_component()
    context = replace(context, parent=context.parent.edited({TRIAGE: f"Help {placeholder} now."}))

    lost = refused(judge(context, (TRIAGE, "Help them at once.")))
    kept = judge(context, (TRIAGE, f"Help {placeholder} at once."))

    assert RefusalReason.PLACEHOLDER == lost.reason
    assert isinstance(kept, Proposal)


@pytest.mark.parametrize("text", ["Put it in \\boxed{answer}.", "One<br/>two", "{}", "{0} {1}", "Price: {5}"])
def test_what_only_looks_like_a_placeholder_may_go(text):
    context = one_component()
    context = replace(context, parent=context.parent.edited({TRIAGE: text}))

    assert isinstance(judge(context, (TRIAGE, "Sort the ticket.")), Proposal)


def test_json_in_a_text_is_no_placeholder():
    context = one_component()
    context = replace(context, parent=context.parent.edited({TRIAGE: 'Answer {"queue": "billing"} or {}.'}))

    assert isinstance(judge(context, (TRIAGE, "Answer as JSON.")), Proposal)


def test_good_edits_are_kept_where_others_are_refused():
    answer = judge(
        tool_and_parameter(),
        ("support/tool:refund", "Refund an order, in cents."),
        ("support/tool:refund/amount", "x" * 301),
        ("support/tool:charge", "Charge."),
    )
    result = proposed(answer)

    assert {"support/tool:refund": "Refund an order, in cents."} == result.edits
    assert "not used: text too long" in result.rationale
    assert "not used: wrong component" in result.rationale


def test_components_on_offer_only_may_be_edited():
    context = tool_and_parameter()
    reading = Reading(edits=(Edit(component="support/tool:refund", why="", text="Refund, in cents."),))

    result = refused(judged(reading, Ground.of(context, context.components[:1])))

    assert RefusalReason.WRONG_COMPONENT == result.reason


def test_of_two_edits_of_one_component_the_last_counts():
    result = proposed(judge(one_component(), (TRIAGE, "Draft {customer}."), (TRIAGE, "Final {customer}.")))

    assert {TRIAGE: "Final {customer}."} == result.edits


def test_a_text_that_repeats_the_request_is_an_echo():
    context = one_component()
    prompt = render_prompt(context, 24_000)

    assert RefusalReason.ECHO == refused(judge(context, (TRIAGE, "{customer} " + prompt[:3_000]))).reason
    assert RefusalReason.ECHO == refused(judge(context, (TRIAGE, prompt[:800] + "{customer}"))).reason


def test_a_text_that_is_mostly_copied_from_an_example_is_refused():
    context = one_component()
    case = replace(context.examples[0].case, inputs="My parcel from the shop in Lund never came and nobody answers me")
    context = replace(context, examples=(replace(context.examples[0], case=case),))

    copied = refused(judge(context, (TRIAGE, f"{{customer}}: {case.inputs}, so billing.")))
    rule = judge(context, (TRIAGE, "{customer}: a parcel that never came belongs to the queue shipping, always."))

    assert RefusalReason.ECHO == copied.reason
    assert isinstance(rule, Proposal)


def test_lessons_on_known_components_are_kept_and_bounded():
    lessons = [("support/instructions", f"Fact {number}.") for number in range(9)]

    answer = judge(
        tool_and_parameter(),
        ("support/tool:refund", "Refund, in cents."),
        lessons=[("support/tool:charge", "Unknown."), ("", "Of the one that was edited."), *lessons],
    )
    result = proposed(answer)

    assert ("support/tool:refund", "Of the one that was edited.") == (
        result.lessons[0].component,
        result.lessons[0].text,
    )
    assert 5 == len(result.lessons)


def test_no_edit_is_named_as_such():
    assert Refusal(reason=RefusalReason.UNCHANGED, detail="no edit was proposed") == judge(one_component())


def test_a_fence_that_belongs_to_the_text_stays():
    context = hostile()
    text = "```\nDear {name},\n```"
    context = replace(context, parent=context.parent.edited({"mail/instructions": "```\nHi {name},\n```"}))

    assert {"mail/instructions": text} == proposed(judge(context, ("mail/instructions", text))).edits


def test_every_reason_that_a_repair_may_mend_is_explained_to_the_model():
    said = {RefusalReason.DUPLICATE, RefusalReason.NEAR_DUPLICATE}
    final = {RefusalReason.UNCHANGED, RefusalReason.DECLINED, RefusalReason.FAILED, *said}

    assert set(RefusalReason) - final == set(entries("problems"))


def test_every_kind_of_component_has_a_line_on_its_reach():
    assert set(Kind) == set(entries("reach"))


def test_of_more_edits_than_are_wanted_the_first_are_kept_and_the_others_named():
    context = replace(tool_and_parameter(), most_edits=1)
    first, second = (component.id for component in context.components[:2])
    result = proposed(judge(context, (first, "Find a book by its title."), (second, "The title, in full.")))

    assert {first} == set(result.edits)
    assert f"not used: more than 1 edits: {second}" in result.rationale


def test_components_that_a_diagnosis_names_or_an_edit_asks_for_in_vain_are_suspected():
    context = failing_tool()
    other = context.others[0].id
    diagnosis = f"The day is filled wrongly (`DESK/tool:book/day`), and {other} does not say which form it has."

    reading = Reading(diagnosis=diagnosis, edits=(Edit(component="desk/tool:book", why="", text="Book."),))
    asked = Reading(edits=(Edit(component=other, why="", text="You book rooms."),))
    unnamed = Reading(diagnosis=f"See {other}s and {other}/x.", edits=reading.edits)

    def suspected(reading):
        return judged(reading, Ground.of(context, context.components)).suspected

    assert ("desk/tool:book", "desk/tool:book/day", other) == suspected(reading)
    assert (other,) == suspected(asked)
    assert ("desk/tool:book",) == suspected(unnamed)


def test_a_lesson_may_be_on_a_text_that_was_not_on_offer():
    context = failing_tool()
    other = context.others[0].id

    answer = judge(context, ("desk/tool:book", "Book a room."), lessons=[(other, "Days are ISO days.")])

    assert [(other, "Days are ISO days.")] == [(each.component, each.text) for each in proposed(answer).lessons]


GUARD = Guard(max_tokens=20, format="plain", forbid=["http"], keep=["{customer}", "queue"])


def guarded(guard: Guard = GUARD):
    context = one_component()
    (component,) = context.components
    return replace(context, components=(replace(component, guard=guard),))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Sort the ticket of {customer} into a queue, and then say which one it was, and why it was this one.", "long"),
        ("Sort for {customer}.", "placeholder"),
        ("# Sort\nThe queue of {customer}.", "format"),
        ("The queue of {customer}: http://x", "forbidden"),
    ],
)
def test_an_edit_that_breaks_a_guard_is_refused_and_a_good_one_of_the_same_answer_is_kept(text, reason):
    assert reason in refused(judge(guarded(), (TRIAGE, text))).reason
    assert {TRIAGE: "The queue of {customer}."} == proposed(
        judge(guarded(), (TRIAGE, text), (TRIAGE, "The queue of {customer}."))
    ).edits


def test_words_that_only_one_task_has_are_not_repeated_where_a_guard_forbids_it():
    own = "one two three four five six seven eight"
    text = f"{{customer}}: {own}."

    assert RefusalReason.COPIED == refused(judge(replace(guarded(Guard()), own={own}), (TRIAGE, text))).reason
    assert {TRIAGE: text} == proposed(judge(replace(guarded(Guard(copies=True)), own={own}), (TRIAGE, text))).edits
    assert {TRIAGE: text} == proposed(judge(replace(one_component(), own={own}), (TRIAGE, text))).edits


def test_the_reflector_is_told_what_is_demanded():
    prompt = render_prompt(guarded(), 20_000)

    assert "At most 20 tokens, about 80 characters; it has 11 tokens now." in prompt
    assert "These must stay, to the letter: `{customer}`, `queue`." in prompt
    assert "Plain text only" in prompt
    assert "Nothing in it may match: `http`." in prompt
    assert "Do not repeat eight words in a row" in prompt
    assert "tokens now" not in render_prompt(one_component(), 20_000)
