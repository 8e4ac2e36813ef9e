"""Near-duplicates, plateaus, and what is done about them."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanwright.core.events import Escape
from spanwright.core.proposal import Proposal, RefusalReason
from spanwright.search import Plateau, Policy
from spanwright.search.escape import elsewhere

STEPS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 40), st.integers(0, 40)), max_size=60)


def with_text(story, text):
    return story.candidates[story.seed].edited({"agent/a": text})


def fail(story, attempts):
    for _ in range(attempts):
        story.child(story.seed, f"no better {story.view.next_attempt}", accepted=False)


def test_a_child_in_other_clothes_is_a_twin_of_whoever_was_judged_first(story):
    first = story.child(story.seed, "Ask for the order id, then refund.")

    assert first == story.view.twin(with_text(story, "ask for an order id then refund"))
    assert None is story.view.twin(with_text(story, "Ask for the order id, then do not refund."))
    assert story.seed == story.view.twin(with_text(story, "Seed!"))


def test_one_that_was_turned_down_has_twins_too(story):
    turned_down = story.child(story.seed, "Ask first.", accepted=False)

    assert turned_down == story.view.twin(with_text(story, "ask first"))


def test_the_same_text_of_another_component_is_no_twin(story):
    story.child(story.seed, "Ask first.", components=["agent/b"])

    assert None is story.view.twin(with_text(story, "ask first"))


def test_whoever_wants_to_try_near_duplicates_may(story):
    story.child(story.seed, "Ask first.")
    twin = with_text(story, "ask first")

    assert Policy.default().repeats(story.view, twin)
    assert None is Policy.default(near_duplicates=True).repeats(story.view, twin)
    assert None is Policy.gepa().repeats(story.view, twin)


def test_a_refused_repetition_is_told_once_with_how_the_first_one_fared(story):
    story.validate(story.seed, [0.5, 0.5])
    first = story.child(story.seed, "Ask first.")
    story.validate(first, [0.0, 0.5])
    for text in ("ask first", "Ask first!"):
        attempt = story.attempt(story.seed)
        story.reflect(attempt)
        story.answer(attempt, Proposal(parents=(story.seed,), edits={"agent/a": text}))
        story.refuse(attempt, story.seed, RefusalReason.NEAR_DUPLICATE, detail=first)

    assert [
        ("Ask first!", "refused: said before in other words; when it was tried: worse: 0.50 -> 0.25 on 2 cases"),
    ] == [(each.text, each.outcome) for each in story.view.tried(story.seed, ["agent/a"])]


def test_edits_that_were_tried_together_say_so(story):
    story.child(story.seed, "new", components=["agent/a", "agent/b"])

    assert [("agent/b",)] == [each.together for each in story.view.tried(story.seed, ["agent/a"])]


def test_a_plateau_begins_where_no_incumbent_is_better_beyond_chance(story):
    story.validate(story.seed, [0.0, 0.5] * 4)
    fail(story, 3)
    lucky = story.child(story.seed, "a bit")
    story.validate(lucky, [0.0, 0.5] * 3 + [0.0, 0.6])
    fail(story, 3)

    assert lucky == story.view.incumbent
    assert 7 == story.view.since_better

    better = story.child(lucky, "much")
    story.validate(better, [1.0, 0.5] * 4)
    fail(story, 2)

    assert (better, 2) == (story.view.incumbent, story.view.since_better)


def test_a_plateau_lasts_a_share_of_the_attempts_that_the_budget_affords(story):
    rule = Plateau(share=0.1, least=5, often=1.0)
    story.validate(story.seed, [0.5] * 12)
    fail(story, 4)

    assert None is rule(story.view, Random(1))

    story.budget(30)
    fail(story, 1)

    assert Escape.QUESTION is rule(story.view, Random(1))

    story.budget(1000)

    assert None is rule(story.view, Random(1))


def test_a_plateau_s_other_attempts_go_on_as_before(story):
    story.budget(30)
    fail(story, 20)
    rule = Plateau(often=0.5, ways=tuple(Escape))
    chosen = [rule(story.view, Random(n)) for n in range(200)]

    assert {None, *Escape} == set(chosen)
    assert 70 < chosen.count(None) < 130


def test_a_restart_goes_to_a_good_member_off_the_incumbent_s_line(story):
    story.validate(story.seed, [0.5] * 8)
    best, second, third = (story.child(story.seed, text) for text in ("best", "second", "third"))
    for member, score in ((best, 1.0), (second, 0.6), (third, 0.2)):
        story.validate(member, [score] * 8)
    story.validate(story.child(best, "heir"), [0.9] * 8)
    policy = Policy.default()

    assert {second} == {policy.parent(story.view, Random(n), Escape.RESTART) for n in range(10)}


@settings(deadline=None)
@given(steps=STEPS)
def test_a_restart_never_goes_to_the_incumbent_unless_that_is_the_seed(steps, random_story):
    view = random_story(steps).view

    assert elsewhere(view, Random(1)) not in {view.incumbent} - {view.seed}


def test_a_wider_choice_reaches_members_that_the_usual_one_does_not(story):
    story.validate(story.seed, [0.2] * 12)
    for n in range(5):
        story.validate(story.child(story.seed, f"text {n}"), [0.2 + 0.15 * n] * 12)
    policy = Policy.default()
    usual, wide = ({policy.parent(story.view, Random(n), escape) for n in range(60)} for escape in (None, Escape.WIDEN))

    assert len(usual) < len(wide)


@pytest.mark.parametrize("rule", [None, Plateau(often=1.0)])
def test_an_escape_is_asked_of_the_rule_alone(story, rule):
    story.budget(30)
    fail(story, 20)

    assert (rule and Escape.QUESTION) == replace(Policy.default(), escape_rule=rule).escape(story.view, Random(1))
