"""What the pool makes of events."""

from dataclasses import replace

import pytest

from spanwright.core.candidate import Candidate
from spanwright.core.events import RunEnded, StopReason
from spanwright.core.proposal import Lesson, Proposal, Refusal, RefusalReason
from spanwright.core.rollout import Purpose
from spanwright.core.usage import Usage
from spanwright.search import Pool


def lesson(component, text):
    return Lesson(component=component, text=text, case="t0")


def test_a_pool_is_empty_until_the_run_has_started():
    assert Pool().view.empty


def test_the_seed_is_the_first_member_and_the_first_incumbent(story):
    assert [story.seed] == list(story.view.members)
    assert story.seed == story.view.incumbent
    assert story.view.estimate(story.seed) is None


def test_a_child_inherits_the_cells_that_it_has_not_measured(story):
    story.validate(story.seed, [1.0, 0.0])
    child = story.child(story.seed, "better")
    story.rollout(child, "v1", 1.0)

    assert (1.0, 1.0, None) == tuple(story.view.cell(child, case) for case in ("v0", "v1", "v2"))
    assert story.view.own(child) == 1
    assert story.view.estimate(child) == 1.0


def test_a_late_score_of_the_parent_reaches_grandchildren_but_not_past_an_own_cell(story):
    child = story.child(story.seed, "b")
    grandchild = story.child(child, "c")
    measured = story.child(child, "d")
    story.rollout(measured, "v3", 0.25)
    story.rollout(story.seed, "v3", 1.0)

    assert (1.0, 1.0, 0.25) == tuple(story.view.cell(each, "v3") for each in (child, grandchild, measured))


def test_repeats_of_a_cell_are_averaged(story):
    for score in (1.0, 0.0, 0.5):
        story.rollout(story.seed, "v0", score)

    assert story.view.cell(story.seed, "v0") == 0.5
    assert story.view.own(story.seed) == 1
    assert story.view.next_repeat(story.seed, "v0") == 3


def test_a_world_failure_leaves_the_cell_empty_and_uses_up_its_repeat(story):
    story.rollout(story.seed, "v0", None)

    assert story.view.cell(story.seed, "v0") is None
    assert story.view.next_repeat(story.seed, "v0") == 1
    assert not story.view.was_measured(story.seed, "v0")


def test_a_failure_of_the_candidate_counts_with_its_floor_score(story):
    story.rollout(story.seed, "v0", 0.0)

    assert story.view.cell(story.seed, "v0") == 0.0


def test_minibatches_never_fill_validation_cells(story):
    story.rollout(story.seed, "t0", 1.0, Purpose.MINIBATCH, 1)

    assert story.view.estimate(story.seed) is None
    assert story.view.mean(story.seed, "t0") == 1.0


def test_test_scores_are_kept_apart(story):
    story.rollout(story.seed, "x1", 0.5, Purpose.TEST)

    assert {"x1": 0.5} == story.view.test_scores(story.seed)
    assert story.view.was_measured(story.seed, "x1")
    assert story.view.estimate(story.seed) is None


def test_one_lucky_cell_does_not_make_an_incumbent(story):
    story.validate(story.seed, [0.5] * 10)
    child = story.child(story.seed, "lucky")
    story.validate(child, [1.0] * 7)

    assert story.seed == story.view.incumbent

    story.rollout(child, "v7", 1.0)

    assert child == story.view.incumbent


def test_of_equal_estimates_the_earlier_member_is_the_incumbent(story):
    child = story.child(story.seed, "the same in other words")
    scores = [0.4, 0.2, 0.8, 0.1, 0.7, 0.7, 0.1, 0.8]  # their sum depends on the order
    for member, order in ((child, range(8)), (story.seed, reversed(range(8)))):
        for n in order:
            story.rollout(member, f"v{n}", scores[n])

    assert story.seed == story.view.incumbent


def test_with_few_validation_cases_all_that_were_measured_are_enough(told):
    story = told(validation=3)
    story.validate(story.seed, [0.0, 0.0, 0.0])
    child = story.child(story.seed, "b")
    story.validate(child, [1.0, 1.0, 1.0])

    assert child == story.view.incumbent


def test_what_was_measured_before_admission_counts_afterwards(story):
    attempt = story.attempt(story.seed)
    child = Candidate(texts={**story.candidates[story.seed].texts, "agent/a": "early"})
    story.rollout(child.id, "v0", 1.0)
    story.judge(attempt, story.seed, {"agent/a": "early"})

    assert story.view.cell(child.id, "v0") == 1.0
    assert story.view.own(child.id) == 1


def test_a_candidate_is_known_once_it_was_judged_and_a_member_once_it_was_admitted(story):
    turned_down = story.child(story.seed, "worse", accepted=False)

    assert turned_down in story.view
    assert turned_down not in story.view.members
    assert "worse" == story.view.candidate(turned_down).texts["agent/a"]


def test_the_same_child_admitted_twice_is_one_member(story):
    first = story.child(story.seed, "same")
    story.validate(first, [1.0])
    story.child(story.seed, "same")

    assert [story.seed, first] == list(story.view.members)
    assert story.view.own(first) == 1


def test_rollouts_in_flight_are_lost_when_a_run_is_resumed(story):
    landed = story.launch(story.seed, "v0")
    lost = story.launch(story.seed, "v1")
    story.land(landed, 1.0)
    story.resume()

    assert [lost] == list(story.view.lost)
    assert story.view.flying(story.seed, "v1") == 0
    assert story.view.next_repeat(story.seed, "v1") == 1
    assert story.view.spent == 1
    assert story.view.next_number == 3
    assert story.view.budget.rollouts == 2000


def test_a_lost_rollout_of_the_finals_is_done_again(story):
    story.rollout(story.seed, "v0", 1.0, Purpose.FINAL)
    story.launch(story.seed, "v1", Purpose.FINAL)
    story.resume()

    assert 1 == story.view.final_rollouts


def test_only_what_the_latest_process_lost_was_lost_lately(story):
    story.launch(story.seed, "v0")
    story.resume()
    second = story.launch(story.seed, "v0")
    story.resume()

    assert [second] == list(story.view.lost_lately)
    assert 2 == len(story.view.lost)


def test_a_reflection_that_was_lost_and_is_done_again_is_one_turn(story):
    attempt = story.attempt(story.seed)
    story.reflect(attempt)
    story.resume()
    story.reflect(attempt)

    assert 1 == story.view.turns(story.seed)
    assert 2 == story.view.usage.reflections


def test_what_is_in_flight_or_lost_counts_as_spent(story):
    story.rollout(story.seed, "v0", 1.0)
    story.launch(story.seed, "v1")
    story.reflect(story.attempt(story.seed))

    assert Usage(rollouts=2, reflections=1, requests=2) == story.view.usage


def test_an_open_attempt_shows_how_far_it_came(story):
    attempt = story.attempt(story.seed, ["t0", "t1"])
    story.rollout(story.seed, "t0", 0.0, Purpose.MINIBATCH, attempt)
    story.launch(story.seed, "t1", Purpose.MINIBATCH, attempt)
    story.reflect(attempt, ["agent/b"])
    proposal = Proposal(parents=(story.seed,), edits={"agent/b": "new"})
    story.answer(attempt, proposal)
    story.rollout("a child", "t0", 1.0, Purpose.GATE, attempt)
    story.launch("a child", "t1", Purpose.GATE, attempt)
    story.resume()

    (opened,) = story.view.open_attempts
    assert (attempt, story.seed, ("t0", "t1")) == (opened.attempt, opened.parent, opened.cases)
    assert [("t0", 0.0)] == [(each.key.case, each.score.value) for each in opened.rollouts]
    assert [("t0", 1.0)] == [(each.key.case, each.score.value) for each in opened.gate]
    assert ("agent/b",) == opened.components
    assert proposal == opened.result
    assert story.view.next_attempt == attempt + 1


@pytest.mark.parametrize("end", ["judged", "refused", "abandoned"])
def test_an_ended_attempt_is_no_longer_open(story, end):
    attempt = story.attempt(story.seed)
    if end == "judged":
        story.judge(attempt, story.seed, {"agent/a": "new"})
    elif end == "refused":
        story.refuse(attempt, story.seed)
    else:
        story.abandon(attempt, story.seed)

    assert story.view.open_attempts == ()
    assert story.view.attempts == 1


def test_a_child_inherits_the_lessons_that_its_edits_do_not_address(story):
    lessons = [lesson("agent/a", "a failed"), lesson("agent/b", "b failed")]
    child = story.child(story.seed, "new", components=["agent/a"], lessons=lessons)

    assert (lessons[1],) == story.view.lessons(child, ["agent/a", "agent/b"])


def test_the_parent_keeps_what_was_seen_on_it(story):
    seen = lesson("agent/a", "a failed")
    story.child(story.seed, "new", components=["agent/a"], lessons=[seen], accepted=False)

    assert (seen,) == story.view.lessons(story.seed, ["agent/a"])


def test_the_lesson_of_an_attempt_that_came_to_nothing_is_kept(story):
    seen = lesson("agent/a", "a failed")
    attempt = story.attempt(story.seed)
    story.answer(attempt, Proposal(parents=(story.seed,), edits={}, lessons=(seen,)))
    story.abandon(attempt, story.seed)

    assert (seen,) == story.view.lessons(story.seed, ["agent/a"])


def test_an_addressed_lesson_returns_when_it_is_seen_again(story):
    seen = lesson("agent/a", "a failed")
    child = story.child(story.seed, "new", components=["agent/a"], lessons=[seen])
    grandchild = story.child(child, "newer", components=["agent/b"], lessons=[seen])

    assert (replace(seen, returned=1),) == story.view.lessons(grandchild, ["agent/a"])


def test_at_most_eight_distinct_lessons_are_kept_of_a_component_the_newest_first(story):
    lessons = [lesson("agent/a", f"failure {n % 10}") for n in range(20)]
    child = story.child(story.seed, "new", components=["agent/b"], lessons=lessons)

    assert [f"failure {n}" for n in range(9, 1, -1)] == [each.text for each in story.view.lessons(child, ["agent/a"])]


def test_earlier_edits_are_told_with_how_they_fared(story):
    story.validate(story.seed, [0.5, 0.5, 0.5])
    better = story.child(story.seed, "better")
    story.validate(better, [1.0, None, 0.5])
    story.child(story.seed, "not tried")
    story.child(story.seed, "turned down", accepted=False)

    assert [
        ("turned down", "not admitted: because"),
        ("not tried", "not measured yet"),
        ("better", "better: 0.50 -> 0.75 on 2 cases"),
    ] == [(each.text, each.outcome) for each in story.view.tried(story.seed, ["agent/a"])]


def test_edits_of_the_same_parent_come_before_those_of_its_ancestors(story):
    child = story.child(story.seed, "first")
    story.child(child, "second")
    story.child(story.seed, "third")

    assert ["second", "third", "first"] == [each.text for each in story.view.tried(child, ["agent/a"])]


def test_at_most_six_earlier_edits_are_told_and_only_of_the_components_asked_for(story):
    for n in range(9):
        story.child(story.seed, f"text {n}", components=["agent/a" if n % 4 else "agent/b"])

    assert ["text 8", "text 4", "text 0"] == [each.text for each in story.view.tried(story.seed, ["agent/b"])]
    assert 6 == len(story.view.tried(story.seed, ["agent/a"]))


def test_refusals_that_tell_something_are_remembered_and_slips_of_form_are_not(story):
    for reason in (RefusalReason.TOO_LONG, RefusalReason.MALFORMED):
        attempt = story.attempt(story.seed)
        story.reflect(attempt, ["agent/a"])
        story.answer(attempt, Refusal(reason=reason))
        story.refuse(attempt, story.seed, reason)

    assert [("", "refused: text too long")] == [
        (each.text, each.outcome) for each in story.view.tried(story.seed, ["agent/a"])
    ]


def test_the_text_of_a_duplicate_is_remembered(story):
    attempt = story.attempt(story.seed)
    story.reflect(attempt, ["agent/a"])
    story.answer(attempt, Proposal(parents=(story.seed,), edits={"agent/a": "old hat"}))
    story.refuse(attempt, story.seed, RefusalReason.DUPLICATE)

    assert [("old hat", "refused: duplicate candidate")] == [
        (each.text, each.outcome) for each in story.view.tried(story.seed, ["agent/a"])
    ]


def test_the_end_of_the_search_and_of_the_run_are_shown(story):
    assert (None, None, None) == (story.view.finalists, story.view.search_ended_by, story.view.winner)

    story.end_search([story.seed])
    story.rollout(story.seed, "v0", 1.0, Purpose.FINAL)
    story.tell(RunEnded(reason=StopReason.BUDGET, winner=story.seed, usage=Usage(), at=1.0))

    assert ((story.seed,), StopReason.BUDGET) == (story.view.finalists, story.view.search_ended_by)
    assert story.seed == story.view.winner
    assert story.view.final_rollouts == 1


def test_nothing_can_be_written_through_the_view(story):
    story.validate(story.seed, [1.0])

    with pytest.raises(ValueError, match="read-only"):
        story.view.estimates[0] = 0.0


def test_scores_beyond_zero_to_one_widen_the_scale(story):
    story.validate(story.seed, [0.0, 1.0])

    assert story.view.scale == 1.0

    story.rollout(story.seed, "v2", 5.0)

    assert story.view.scale == 5.0
