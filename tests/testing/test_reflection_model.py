"""The reflection model writes what its prompt's evidence shows, as well as it can, and nothing that it could not know."""  # noqa: E501

import json
from pathlib import Path

import pytest
from prompts import REFUND_TICKET, Asked, Tried, answer, edits, written

from spanwright.testing.simulated.lexicon import PUBLIC
from spanwright.testing.simulated.models import default_models
from spanwright.testing.simulated.reflecting.dossier import read_prompt
from spanwright.testing.simulated.reflection_model import MEDIUM, STRONG, WEAK, ReflectionModel
from spanwright.testing.simulated.wire import ChatMessage, ChatRequest, Draws, OfferedTool

GOLDENS = Path(__file__).parents[2] / "traces" / "goldens" / "reflection"
SURE = ReflectionModel(STRONG)
CENTS = "refunds were [A-1042 12 DAMAGED], should be [A-1042 1250 DAMAGED]"
SPELLING = (
    'refund: {"ref": "1042", "amount": 12.5, "reason": "broken"}',
    "asked to retry: No order '1042': order refs look like A-1000.",
)
BOOKED = ('refund: {"ref": "A-1042", "amount": 12.5, "reason": "DAMAGED"}', "result: Booked.")

GEPA = """I provided an assistant with the following instructions to perform a task for me:
```
Help the customer.
```

The following are examples of different task inputs provided to the assistant along with the assistant's response for
each of them, and some feedback on how the assistant's response could be better:
```
# Example 1
## Inputs
{ticket}

## Generated Outputs
Done.

## Feedback
{feedback}
```

Your task is to write a new instruction for the assistant. Provide the new instructions within ``` blocks."""


def kinds(found):
    return {directive.kind for _, directive in found}


def said(found, kind, **slots):
    return [
        component
        for component, directive in found
        if directive.kind == kind and all(directive.slot(name) == value for name, value in slots.items())
    ]


def test_feedback_that_is_a_hundred_times_off_means_cents_and_the_transcript_shows_where():
    parameter = {"support/tool:refund": "Refund.", "support/tool:refund/amount": ""}
    found = written(SURE, Asked(texts=parameter, records=(Tried(steps=(BOOKED,), feedback=CENTS),)))

    homes = said(found, "unit", unit="minor")
    assert len(homes) > 60
    assert homes.count("support/tool:refund/amount") > 0.8 * len(homes)


def test_what_a_tool_says_when_it_refuses_becomes_a_rule():
    found = written(SURE, Asked(records=(Tried(steps=(SPELLING,)),)))

    assert len(said(found, "id_spelling", example="A-1111")) > 50
    assert kinds(found) <= {"id_spelling"}


@pytest.mark.parametrize(
    ("tried", "kind", "slots"),
    [
        (
            Tried(steps=(("refund: {}", "asked to retry: A-1042 is not open: call lookup before refund."),)),
            "before",
            {"first": "lookup"},
        ),
        (
            Tried(steps=(('refund: {"reason": "x"}', "asked to retry: The reason must be one of DAMAGED, LATE."),)),
            "codes",
            {"codes": "DAMAGED, LATE"},
        ),
        (
            Tried(
                asked="Send order 1042 to 5 Elm Street, Bonn, Germany.",
                feedback="addresses were [A-1042 5 Elm Street, Bonn, Germany], should be [A-1042 5 Elm Street, Bonn, DE]",  # noqa: E501
            ),
            "country",
            {"style": "alpha2"},
        ),
        (
            Tried(
                asked="Deliver order 1042 on 5 March 2026.",
                feedback="delivery days were [], should be [A-1042 2026-03-05]",
            ),
            "date_format",
            {"format": "iso"},
        ),
        (Tried(output="Done.", feedback="the reply should contain 'A-1042'; it was 'Done.'"), "reply", {"item": "ref"}),
        (
            Tried(output="Done.", feedback="the reply should contain '12.50'; it was 'Done.'"),
            "reply",
            {"item": "amount"},
        ),
        (
            Tried(feedback="refunds were [A-1042 1250 UNWANTED], should be [A-1042 750 UNWANTED]"),
            "deduct",
            {"amount": "5.00", "topic": "unwanted items"},
        ),
        (
            Tried(
                asked="Please refund $240 for order 1042.",
                feedback="refunds were [A-1042 240 LATE], should be []; tickets were [], should be [A-1042 to finance]",
            ),
            "limit",
            {"team": "finance"},
        ),
        (
            Tried(asked="My parcel is lost, order 1042.", feedback="tickets were [], should be [A-1042 to depot]"),
            "route",
            {"topic": "lost parcels", "team": "depot"},
        ),
        (
            Tried(
                asked="Please exchange the shirt from order 1042 for size L.",
                steps=(
                    (
                        "exchange: {}",
                        "result: Refused: only within 30 days of delivery; A-1042 was delivered 41 days ago.",
                    ),
                ),
                feedback="tickets were [], should be [A-1042 to tier2]",
            ),
            "window",
            {"days": "30", "team": "tier2"},
        ),
        (
            Tried(
                asked="Send order 1042 to 5 Elm Street, Bonn, Germany.",
                steps=(('update: {"ref": "A-1042", "value": "5 Elm"}', "result: Saved. A-1042 is shipped."),),
                feedback="addresses were [A-1042 5 Elm], should be []; tickets were [], should be [A-1042 to depot]",
            ),
            "status",
            {"status": "shipped", "team": "depot"},
        ),
        (
            Tried(
                asked="Where was Ada born?",
                output="She was born in Lund.",
                feedback="expected 'Lund', got 'She was born in Lund.'",
            ),
            "answer_span",
            {},
        ),
        (
            Tried(asked="Are both towns?", output="Yes, they are.", feedback="expected 'yes', got 'Yes, they are.'"),
            "answer_yes_no",
            {},
        ),
    ],
)
def test_rules_are_inferred_from_facts(tried, kind, slots):
    found = written(SURE, Asked(records=(tried,)))

    assert len(said(found, kind, **slots)) > 40, found[:5]


def test_a_threshold_lies_between_what_was_fine_and_what_was_too_much():
    fine = Tried(asked="Please refund $80 for order 1001.", feedback="refunds were [], should be [A-1001 8000 LATE]")
    much = Tried(
        asked="Please refund $120 for order 1042.",
        feedback="refunds were [A-1042 12000 LATE], should be []; tickets were [], should be [A-1042 to finance]",
    )
    found = written(SURE, Asked(records=(fine, much)))

    assert said(found, "limit", amount="100.00", team="finance")
    assert not said(found, "limit", amount="75.00") + said(found, "limit", amount="150.00")


def test_nothing_is_written_that_the_evidence_does_not_show():
    found = written(SURE, Asked(records=(Tried(steps=(BOOKED,), feedback=CENTS),)), servings=300)

    assert kinds(found) == {"unit"}


@pytest.mark.parametrize("records", [(), (Tried(score=1.0, feedback="as wanted"),), (Tried(score=1.0),)])
def test_without_a_failure_it_is_mute(records):
    assert not any(edits(SURE, Asked(records=records), serving) for serving in range(50))


def test_with_scores_alone_it_guesses_all_over_the_lexicon():
    found = written(SURE, Asked(records=(Tried(), Tried(asked="Refund $4 for order 1001."))), servings=300)
    first = SPELLING[1].partition("like ")[2]

    assert len(kinds(found)) > 8
    assert len(said(found, "unit", unit="minor")) < 0.15 * len(found)
    assert not said(found, "id_spelling", example=first)


def test_the_transcript_of_another_task_is_set_aside():
    foreign = Tried(steps=(SPELLING,), heard="Where is order 1777? I have been waiting for two weeks.")
    found = written(SURE, Asked(records=(foreign,)), servings=200)

    assert len(said(found, "id_spelling", example="A-1111")) < 5
    assert len(kinds(found)) > 5  # as with scores alone


def test_feedback_about_another_task_proves_nothing():
    found = written(SURE, Asked(records=(Tried(feedback=CENTS.replace("1042", "1777")),)), servings=200)

    assert len(said(found, "unit", unit="minor")) < 0.1 * 200  # a guess now and then


def test_more_evidence_makes_a_right_conclusion_more_likely():
    model = ReflectionModel(WEAK)
    one = written(model, Asked(records=(Tried(steps=(SPELLING,)),)), servings=300)
    others = tuple(
        Tried(asked=REFUND_TICKET.replace("1042", number), steps=((SPELLING[0].replace("1042", number), SPELLING[1]),))
        for number in ("1042", "1055", "1066")
    )
    three = written(model, Asked(records=others), servings=300)

    assert len(said(one, "id_spelling", example="A-1111")) < 0.8 * len(said(three, "id_spelling", example="A-1111"))


def test_many_records_overload_it():
    few = tuple(Tried(asked=f"Please refund $12.50 for order {1100 + n}.", score=1.0) for n in range(2))
    many = tuple(Tried(asked=f"Please refund $12.50 for order {1100 + n}.", score=1.0) for n in range(80))
    evidence = Tried(steps=(SPELLING,))
    model = ReflectionModel(MEDIUM)

    seen = [len(said(written(model, Asked(records=(evidence, *others)), 200), "id_spelling")) for others in (few, many)]

    assert seen[1] < 0.6 * seen[0]


@pytest.mark.parametrize(("better", "worse"), [(STRONG, MEDIUM), (MEDIUM, WEAK)])
def test_profiles_differ_in_how_often_they_are_right(better, worse):
    asked = Asked(records=(Tried(steps=(BOOKED,), feedback=CENTS, output="Done."),))
    right = [len(said(written(ReflectionModel(each), asked, 300), "unit", unit="minor")) for each in (better, worse)]

    assert right[0] > 1.1 * right[1]


def test_a_rule_that_is_stated_already_is_not_written_again():
    texts = {
        "support/instructions": "Help the customer.\nOrder refs look like A-1000.",
        "support/tool:refund": "Refund.",
    }

    assert not said(
        written(SURE, Asked(texts=texts, records=(Tried(steps=(SPELLING,)),))), "id_spelling", example="A-1111"
    )


def test_a_rule_that_proved_wrong_is_replaced():
    texts = {"support/tool:refund": "Refund.\nAmounts are in dollars, e.g. 12.50."}
    changed = [edits(SURE, Asked(texts=texts, records=(Tried(steps=(BOOKED,), feedback=CENTS),)), n) for n in range(40)]
    new = [each["support/tool:refund"] for each in changed if each]
    right = [text for text in new if "ents" in text and "For order" not in text]

    assert right
    assert not any("dollars, e.g." in text for text in right)


def test_old_sentences_are_mostly_kept_and_sometimes_forgotten():
    text = "Help the customer.\nUse this for returns.\nBe on time."
    asked = Asked(texts={"support/instructions": text}, records=(Tried(steps=(SPELLING,)),))
    new = [each["support/instructions"] for n in range(300) if (each := edits(ReflectionModel(WEAK), asked, n))]
    kept = sum("Be on time." in each for each in new) / len(new)

    assert 0.8 < kept < 0.95
    assert all(each.startswith("Help the customer.") for each in new)


def test_a_careless_model_binds_rules_to_the_order_that_showed_them():
    asked = Asked(records=(Tried(steps=(SPELLING,)),))
    texts = [text for n in range(300) for text in edits(ReflectionModel(WEAK), asked, n).values()]

    assert 0 < sum("For order 1042:" in text for text in texts) < 0.3 * len(texts)


def test_lessons_count_as_evidence():
    retold = "end_state: failed. refunds were [A-1042 12 LATE], should be [A-1042 1200 LATE] Tool error: No order '7'."
    found = written(SURE, Asked(records=(Tried(),), lessons=(("support/tool:refund", retold),)))

    assert len(said(found, "unit", unit="minor")) > 30


def test_what_fared_badly_is_repeated_less_often():
    records = (Tried(steps=(SPELLING,)),)
    before = (("support/instructions", "worse: 0.40 -> 0.22 on 8 cases", "Order refs look like A-1000."),)
    fresh = said(written(SURE, Asked(records=records), 200), "id_spelling")
    again = said(written(SURE, Asked(records=records, tried=before), 200), "id_spelling")

    assert len(again) < 0.7 * len(fresh)


def test_answers_come_in_the_form_that_is_asked_for():
    asked = Asked(records=(Tried(steps=(BOOKED,), feedback=CENTS),))
    item = {"properties": {"component_id": {}, "new_text": {}, "rationale": {}}}
    schema = {
        "properties": {"analysis": {}, "changes": {"items": {"$ref": "#/$defs/Change"}}},
        "$defs": {"Change": item},
    }
    tool = OfferedTool(name="submit", parameters=schema)

    called = answer(SURE, asked, tools=(OfferedTool(name="read_span"), tool))
    as_json = answer(SURE, asked, response_format="json_schema", response_schema=schema)
    tagged = answer(SURE, asked)

    assert called.calls[0].name == "submit"
    for text in (called.calls[0].arguments, as_json.text):
        edit = json.loads(text)["changes"][0]
        assert set(edit) == {"component_id", "new_text", "rationale"}
        assert edit["component_id"].startswith("support/")
    assert tagged.text.startswith("<diagnosis>")


def test_the_prompt_of_gepa_is_answered_within_a_fence():
    prompt = GEPA.format(ticket=REFUND_TICKET, feedback=CENTS)
    texts = [answer(SURE, prompt, n).text for n in range(30)]

    assert sum("cents" in text.lower() or "minor units" in text for text in texts) > 15
    assert sum(text.startswith("```\nHelp the customer.") and text.endswith("\n```") for text in texts) > 25


def test_few_answers_are_malformed_and_fewer_by_better_models():
    asked = Asked(records=(Tried(steps=(BOOKED,), feedback=CENTS),))
    shares = []
    for profile in (WEAK, STRONG):
        replies = [answer(ReflectionModel(profile), asked, n) for n in range(400)]
        shares.append(sum("</edit>" not in reply.text and "Nothing in" not in reply.text for reply in replies) / 400)

    assert 0 <= shares[1] < shares[0] < 0.5


def test_equal_servings_get_equal_answers_and_servings_differ():
    asked = Asked(records=(Tried(steps=(SPELLING,), feedback=CENTS),))

    assert answer(SURE, asked, 1) == answer(SURE, asked, 1)
    assert len({answer(SURE, asked, n).text for n in range(20)}) > 1


@pytest.mark.parametrize("golden", sorted(GOLDENS.glob("*.md")), ids=lambda path: path.stem)
def test_prompts_of_our_own_reflector_are_understood(golden):
    prompt = golden.read_text(encoding="utf-8")
    dossier = read_prompt(prompt)
    request = ChatRequest(model="sim-reflect", messages=(ChatMessage(role="user", content=prompt),))

    assert [text.id for text in dossier.editable]
    assert all(f"`{text.id}`" in prompt for text in dossier.editable)
    assert dossier.records
    assert all(record.score is not None and record.asked for record in dossier.records)
    assert SURE.reply(request, Draws(key="x")) == SURE.reply(request, Draws(key="x"))


def test_empty_words_state_nothing():
    assert len(PUBLIC.junk) >= 5


def test_the_models_that_ship():
    names = {"sim-task", "sim-task-small", "sim-reflect", "sim-reflect-weak", "sim-reflect-strong"}

    assert names == set(default_models())


TOOLS_PROMPT = """# The texts

## `desk/tool:op_a` (tool description)
```
Archives a finished order as complete.
```

## `desk/tool:op_b` (tool description)
Current text: none

# What happened

## Example 1: score 0 (wrong); should have called `op_b`, should not have called `op_a`
input: Customer C-7001 called. Cancel order O-1042, it is a duplicate.
feedback: served: failed.
"""


def test_what_was_asked_is_what_the_tool_is_for_that_should_have_been_called():
    request = ChatRequest(model="sim-reflect", messages=(ChatMessage(role="user", content=TOOLS_PROMPT),))
    texts = [SURE.reply(request, Draws(key=str(number))).text for number in range(20)]

    assert sum("cancel order duplicate" in text and "op_b" in text for text in texts) > 10
    assert not any("C-7001" in text for text in texts)
