"""Two members that changed different texts since their common ancestor become one."""

import time
from dataclasses import replace
from random import Random

import pytest

from spanwright.core.candidate import Candidate
from spanwright.core.events import AttemptStarted, Judged
from spanwright.core.proposal import Origin, Verdict
from spanwright.search import Merge

ALWAYS = Merge(share=1.0)


def grown(told, *, seed=0.2, first=(1.0, 0.2), second=(0.2, 1.0), components=(("agent/a",), ("agent/b",)), scale=1.0):
    """Tell of a seed with two children that win half of twelve cases each."""
    story = told()
    story.validate(story.seed, [scale * seed] * 12)
    children = []
    for name, halves, changed in zip(("left", "right"), (first, second), components, strict=True):
        child = story.child(story.seed, name, components=changed)
        story.validate(child, [scale * halves[0]] * 6 + [scale * halves[1]] * 6)
        children.append(child)
    return story, *children


def merged(story, rule=ALWAYS, draw=0):
    return rule(story.view, Random(draw))


def child_of(story, draft):
    return draft.proposal.apply(story.view.candidate(draft.proposal.parents[0]))


def judge(story, draft, *, accepted=True):
    attempt = story.view.next_attempt
    parent, cases = draft.proposal.parents[0], tuple(draft.bar)
    story.tell(AttemptStarted(attempt=attempt, parent=parent, cases=cases, draft=draft, at=1.0))
    verdict, child = Verdict(accepted=accepted, reason="so"), child_of(story, draft)
    story.candidates[child.id] = child
    story.tell(Judged(attempt=attempt, proposal=draft.proposal, child=child, verdict=verdict, at=1.0))
    return child.id


def test_a_merge_has_what_each_of_the_two_changed(told):
    story, left, right = grown(told)
    draft = merged(story)

    assert {left, right} == set(draft.proposal.parents)
    assert Origin.MERGE is draft.proposal.origin
    assert {"agent/a": "left", "agent/b": "right", "agent/c": "seed", "agent/d": "seed"} == child_of(story, draft).texts


def test_what_both_changed_is_the_better_ones(told):
    story, left, _ = grown(told, first=(1.0, 0.4), components=(("agent/a",), ("agent/a", "agent/b")))
    draft = merged(story)

    assert left == draft.proposal.parents[0]
    assert {"agent/b": "right"} == draft.proposal.edits
    assert "left" == child_of(story, draft).texts["agent/a"]


def test_between_equals_chance_decides(told):
    story, left, right = grown(told, components=(("agent/a", "agent/c"), ("agent/a", "agent/b")))

    assert {left, right} == {merged(story, draw=draw).proposal.parents[0] for draw in range(20)}


def test_what_one_of_them_changed_beyond_the_other_leaves_nothing_to_merge(told):
    story, *_ = grown(told, first=(1.0, 0.4), components=(("agent/a", "agent/b"), ("agent/a",)))

    assert merged(story) is None


def test_a_parent_and_its_child_are_not_merged(told):
    story = told()
    story.validate(story.seed, [1.0] * 6 + [0.0] * 6)
    story.validate(story.child(story.seed, "a"), [0.0] * 6 + [1.0] * 6)

    assert merged(story) is None


def test_an_ancestor_that_is_better_than_one_of_them_forbids_it(told):
    story, *_ = grown(told, seed=0.65)

    assert merged(story) is None


def test_members_change_since_their_youngest_common_ancestor(told):
    story = told()
    story.validate(story.seed, [0.1] * 12)
    middle = story.child(story.seed, "middle", components=("agent/a", "agent/c"))
    story.validate(middle, [0.2] * 12)
    left, right = story.child(middle, "left"), story.child(middle, "right", components=("agent/b",))
    story.validate(left, [1.0] * 6 + [0.2] * 6)
    story.validate(right, [0.2] * 6 + [1.0] * 6)

    assert {"agent/a": "left", "agent/b": "right", "agent/c": "middle", "agent/d": "seed"} == child_of(
        story, merged(story)
    ).texts


@pytest.mark.parametrize("scale", [1.0, -1.0, 0.0])
def test_scores_may_be_negative_or_zero(told, scale):
    story, *_ = grown(told, seed=0.2 if scale > 0 else 1.5, scale=scale)

    for draw in range(20):
        draft = merged(story, draw=draw)

        assert draft is None or 5 == len(draft.bar)
        assert draft is not None or scale == 0.0


def test_the_bar_takes_cases_of_each_kind_with_the_better_scores(told):
    story, left, _ = grown(told)
    story.validate(left, [None] * 3 + [0.2] * 3)  # now the means of three cases are between the two
    bars = [merged(story, draw=draw).bar for draw in range(20)]

    for bar in bars:
        wins = [sum(int(case[1:]) < 6 for case in bar), sum(int(case[1:]) >= 6 for case in bar)]

        assert 5 == len(bar)
        assert min(wins) >= 2
        assert sum(bar.values()) == max(
            sum(story.view.cell(each, case) for case in bar) for each in story.view.members if each != story.seed
        )
    assert len({tuple(bar) for bar in bars}) > 5


def test_without_bar_cases_there_is_no_bar(told):
    assert {} == merged(grown(told)[0], replace(ALWAYS, bar_cases=0)).bar


def test_two_that_were_hardly_measured_on_the_same_cases_are_not_merged(told):
    story = told()
    story.validate(story.seed, [0.1] * 12)
    left, right = story.child(story.seed, "left"), story.child(story.seed, "right", components=("agent/b",))
    story.validate(left, [1.0] * 8)
    story.validate(right, [None] * 4 + [1.1] * 8)

    assert merged(story) is None
    assert merged(story, replace(ALWAYS, overlap=4)) is not None


@pytest.mark.parametrize("accepted", [True, False])
def test_no_merge_is_tried_twice(told, accepted):
    story, *_ = grown(told)
    child = judge(story, merged(story), accepted=accepted)

    assert child in story.view
    assert {None} == {merged(story, draw=draw) for draw in range(10)}


def test_a_merge_that_an_open_attempt_tries_is_left_to_it(told):
    story, *_ = grown(told)
    draft = merged(story)
    story.tell(AttemptStarted(attempt=9, parent=draft.proposal.parents[0], cases=(), draft=draft, at=1.0))

    assert merged(story) is None


def test_it_is_rationed(told):
    story, *_ = grown(told)
    drafts = [merged(story, Merge(), draw) for draw in range(500)]

    assert 25 < sum(draft is not None for draft in drafts) < 80


def test_as_gepa_does_it_follows_on_an_admission_and_ends_after_some(told):
    rule = Merge(share=1.0, after_admission=True, at_most=1)
    story, *_ = grown(told)

    assert merged(story, rule) is not None

    story.refuse(story.attempt(story.seed), story.seed)

    assert merged(story, rule) is None

    child = judge(story, merged(story))
    story.validate(child, [1.0] * 12)
    story.validate(story.child(story.seed, "third", components=("agent/c",)), [1.5] + [0.9] * 11)

    assert merged(story, rule) is None
    assert merged(story, replace(rule, at_most=2)) is not None


def test_a_merged_member_keeps_both_parents_and_the_later_turn(told):
    story, left, right = grown(told)
    story.reflect(story.attempt(right))
    draft = merged(story)
    child = judge(story, draft)

    assert draft.proposal.parents == story.view.member(child).parents
    assert max(story.view.turns(left), story.view.turns(right)) == story.view.turns(child)


def test_a_merge_among_two_thousand_takes_no_time(told):
    story = told(validation=200, components=20)
    chance = Random(1)
    names = [component.id for component in story.view.components]
    for number in range(2000):
        parent = story.view.members[chance.randrange(len(story.view.members))]
        child = story.child(parent, f"text {number}", components=(chance.choice(names),))
        for case in chance.sample(range(200), 2):
            story.rollout(child, f"v{case}", chance.random())
    rule = Merge(share=1.0, overlap=0)

    began = time.process_time()
    for draw in range(20):
        rule(story.view, Random(draw))

    assert (time.process_time() - began) / 20 < 0.02


def test_a_merge_is_a_candidate_of_known_texts(told):
    story, left, right = grown(told)
    parts = {*story.view.candidate(left).texts.items(), *story.view.candidate(right).texts.items()}

    assert set(child_of(story, merged(story)).texts.items()) <= parts
    assert isinstance(child_of(story, merged(story)), Candidate)
