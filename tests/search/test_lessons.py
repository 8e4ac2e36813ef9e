"""What a run remembers of failures: evidence, return, retirement, rank."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanwright.core.candidate import Candidate, Component, Kind
from spanwright.core.proposal import Learnt, Lesson, Proposal
from spanwright.core.rollout import Purpose
from spanwright.search import applicable
from spanwright.search.wording import gist

A, B = "agent/a", "agent/b"


def lesson(component, text, case=""):
    return Lesson(component=component, text=text, case=case)


def told(view, member, component=A):
    return [(each.text, each.evidence) for each in view.lessons(member, [component])]


def see(story, member, *lessons):
    """Tell an attempt that teaches something and comes to nothing."""
    story.child(member, f"text {story.view.next_attempt}", components=[B], lessons=lessons, accepted=False)


def test_the_same_lesson_of_other_cases_is_one_with_more_evidence(story):
    for case in ("t0", "t1", "t0"):
        see(story, story.seed, lesson(A, "The amounts must be in cents.", case))
    see(story, story.seed, lesson(A, "Dates are ISO dates.", "t0"))

    assert [("The amounts must be in cents.", 2), ("Dates are ISO dates.", 1)] == told(story.view, story.seed)


def test_without_a_case_every_attempt_counts_once(story):
    for _ in range(2):
        attempt = story.attempt(story.seed)
        story.reflect(attempt)
        lessons = (lesson(A, "ask first"),)
        story.answer(attempt, Proposal(parents=(story.seed,), edits={B: f"b {attempt}"}, lessons=lessons))
        story.judge(attempt, story.seed, {B: f"b {attempt}"}, lessons=lessons)

    assert [("ask first", 2)] == told(story.view, story.seed)


def test_a_lesson_in_other_clothes_is_seen_again_in_its_newest_words(story):
    see(story, story.seed, lesson(A, "The amounts must be in cents.", "t0"))
    see(story, story.seed, lesson(A, "All amounts must be in cents", "t1"))

    assert [("All amounts must be in cents", 2)] == told(story.view, story.seed)


def test_evidence_ranks_before_novelty_until_it_is_old(story):
    for n in range(3):
        see(story, story.seed, lesson(A, "often seen", f"t{n}"))
    see(story, story.seed, lesson(A, "fresh", "t0"))

    assert ["often seen", "fresh"] == [text for text, _ in told(story.view, story.seed)]

    for _ in range(40):
        story.abandon(story.attempt(story.seed), story.seed)
    see(story, story.seed, lesson(A, "fresh", "t0"))

    assert ["fresh", "often seen"] == [text for text, _ in told(story.view, story.seed)]


def test_siblings_with_the_same_text_share_what_was_learnt_of_it(story):
    first, second = (story.child(story.seed, text, components=[B]) for text in ("one", "two"))
    see(story, first, lesson(A, "ask first", "t0"))

    assert [("ask first", 1)] == told(story.view, second)


def test_a_lesson_that_comes_back_keeps_its_evidence_and_says_so(story):
    see(story, story.seed, lesson(A, "ask first", "t0"))
    child = story.child(story.seed, "asks", components=[A])

    assert [] == told(story.view, child)
    assert 1 == story.view.addressed

    see(story, child, lesson(A, "Ask first!", "t1"))
    see(story, child, lesson(A, "ask first", "t1"))

    assert [("ask first", 2)] == told(story.view, child)
    assert (1, 1) == (story.view.lessons(child, [A])[0].returned, story.view.returned)
    assert [("ask first", 1)] == told(story.view, story.seed)


def test_a_lesson_is_retired_for_descendants_that_solve_its_case(story):
    story.rollout(story.seed, "t0", 0.0, Purpose.MINIBATCH, 1)
    see(story, story.seed, lesson(A, "ask first", "t0"))
    child = story.child(story.seed, "another text was the cause", components=[B])

    assert [("ask first", 1)] == told(story.view, child)

    story.rollout(child, "t0", 1.0, Purpose.MINIBATCH, 2)
    grandchild = story.child(child, "more", components=["agent/c"])

    assert [] == told(story.view, child) == told(story.view, grandchild)
    assert [("ask first", 1)] == told(story.view, story.seed)


def test_a_case_that_succeeds_by_luck_with_the_very_candidate_contradicts_nothing(story):
    for score in (0.0, 1.0):
        story.rollout(story.seed, "t0", score, Purpose.MINIBATCH, 1)
    see(story, story.seed, lesson(A, "ask first", "t0"))

    assert [("ask first", 1)] == told(story.view, story.seed)


def test_other_cases_still_speak_for_a_lesson(story):
    story.rollout(story.seed, "t0", 0.0, Purpose.MINIBATCH, 1)
    see(story, story.seed, lesson(A, "ask first", "t0"), lesson(A, "ask first", "t1"))
    child = story.child(story.seed, "b", components=[B])
    story.rollout(child, "t0", 1.0, Purpose.MINIBATCH, 2)

    assert [("ask first", 1)] == told(story.view, child)


def test_where_no_score_is_better_than_another_nothing_counts_as_solved(story):
    story.rollout(story.seed, "t0", 0.0, Purpose.MINIBATCH, 1)
    see(story, story.seed, lesson(A, "ask first", "t0"))
    child = story.child(story.seed, "b", components=[B])
    story.rollout(child, "t0", 0.0, Purpose.MINIBATCH, 2)

    assert [("ask first", 1)] == told(story.view, child)


def test_of_opposite_lessons_the_one_with_more_evidence_stays_and_of_equals_the_newer(story):
    see(story, story.seed, lesson(A, "gift cards are refunded"))
    see(story, story.seed, lesson(A, "gift cards are not refunded"))

    assert [("gift cards are not refunded", 1)] == told(story.view, story.seed)

    see(story, story.seed, lesson(A, "gift cards are refunded", "t3"))

    assert [("gift cards are refunded", 2)] == told(story.view, story.seed)


def test_lessons_of_another_run_are_there_from_the_start_and_count_as_they_did_there(told_from):
    story = told_from(Lesson(component=A, text="ask first", case="t0", evidence=4), lesson("agent/gone", "lost"))
    story.rollout(story.seed, "t0", 1.0, Purpose.MINIBATCH, 1)

    assert [("ask first", 4)] == told(story.view, story.seed)

    see(story, story.seed, lesson(A, "ask first", "t0"))

    assert [("ask first", 5)] == told(story.view, story.seed)


def test_a_run_can_begin_with_what_was_learnt_of_the_texts_that_it_has(story):
    see(story, story.seed, lesson(A, "ask first", "t0"), lesson(A, "ask first", "t1"), lesson(B, "be short", "t0"))
    child = story.child(story.seed, "asks", components=[A])
    see(story, child, lesson(A, "do not ask twice", "t2"))
    learnt = story.view.learnt
    components = [each for each in story.view.components if each.id != B]

    def begun(text):
        seed = replace(story.candidates[story.seed], texts={**story.candidates[story.seed].texts, A: text})
        lessons, gone = applicable(learnt, seed, components)
        return [(each.text, each.evidence) for each in lessons], gone

    assert ([("ask first", 2)], (B,)) == begun("seed")
    assert ([("do not ask twice", 1)], (B,)) == begun("asks")
    assert ([("ask first", 2), ("do not ask twice", 1)], (B,)) == begun("never seen")


@pytest.fixture
def told_from(told):
    """Begin a story with lessons of another run."""

    def begin(*lessons):
        class Begun(told):
            def tell(self, event):
                super().tell(replace(event, lessons=lessons) if event.kind == "run_started" else event)

        return Begun()

    return begin


WORDS = st.sampled_from(["ask", "first", "not", "refund", "gift", "cards", "7", "always"])
SEEN = st.tuples(st.lists(WORDS, min_size=1, max_size=5), st.integers(0, 5))


@settings(deadline=None)
@given(seen=st.lists(SEEN, max_size=30))
def test_at_most_eight_are_told_each_with_evidence_and_no_two_that_say_the_same_or_the_opposite(seen, told):
    story = told()
    for words, case in seen:
        see(story, story.seed, lesson(A, " ".join(words), f"t{case}"))
    lessons = story.view.lessons(story.seed, [A])
    gists = [gist(each.text) for each in lessons]

    assert len(lessons) <= 8
    assert all(1 <= each.evidence <= 6 for each in lessons)
    assert not any(one.is_like(two) or one.is_opposite_of(two) for n, one in enumerate(gists) for two in gists[:n])
    assert bool(lessons) == bool(seen)


def test_the_best_lessons_are_taken_over_at_most_eight_a_component():
    learnt = tuple(Learnt(lesson=Lesson(component=A, text=f"fact {n}", evidence=n), text="seed") for n in range(1, 12))
    component = Component(id=A, kind=Kind.TOOL, agent="agent", text="seed")

    lessons, gone = applicable(learnt, Candidate(texts={A: "seed"}), [component])

    assert ([f"fact {n}" for n in range(11, 3, -1)], ()) == ([each.text for each in lessons], gone)
