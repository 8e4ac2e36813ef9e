"""The decisions of the default policy."""

from collections import Counter
from dataclasses import fields
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanwright.core.events import StopReason
from spanwright.core.proposal import Lesson, Proposal, Refusal, RefusalReason
from spanwright.errors import UsageError
from spanwright.search import Blamed, Mixed, Policy, PolicySettings, Thompson, best, cells_wanted, everything, original

POLICY = Policy.default(seed=7)


def measure(story, member, score, policy=POLICY):
    """Measure the next block of a member; return how many cells that were."""
    cells = policy.next_block(story.view, member)
    for case, _ in cells:
        story.rollout(member, case, score)
    return len(cells)


# Parents


def test_before_anything_is_measured_the_seed_is_the_parent(story):
    for n in range(20):
        assert story.seed == POLICY.parent(story.view, Random(n))


def test_good_members_become_parents_more_often_and_bad_ones_hardly(told):
    story = told(validation=40)
    good, bad = (story.child(story.seed, text) for text in ("good", "bad"))
    story.validate(story.seed, [0.5] * 40)
    story.validate(good, [0.75] * 40)
    story.validate(bad, [0.0] * 40)
    chosen = Counter(POLICY.parent(story.view, Random(n)) for n in range(400))

    assert chosen[good] > 350
    assert chosen[bad] == 0


def test_thompson_gives_the_little_measured_a_chance(told):
    story = told(validation=40)
    story.validate(story.seed, [0.6] * 40)
    fresh = story.child(story.seed, "fresh")
    story.validate(fresh, [0.5] * 4)
    chosen = Counter(Thompson()(story.view, Random(n)) for n in range(400))

    assert 100 < chosen[fresh] < 300


def test_of_equal_estimates_thompson_prefers_the_less_measured(told):
    story = told(validation=40)
    story.validate(story.seed, [0.6] * 40)
    fresh, known = (story.child(story.seed, text) for text in ("fresh", "known"))
    story.validate(fresh, [0.2] * 8)
    story.validate(known, [0.52] * 40)
    chosen = Counter(Thompson()(story.view, Random(n)) for n in range(400))

    assert chosen[fresh] > 2 * chosen[known] > 0


def test_a_specialist_is_drawn_from_the_front_though_its_mean_is_low(story):
    story.validate(story.seed, [1.0] * 11 + [0.0])
    specialist = story.child(story.seed, "specialist")
    story.validate(specialist, [0.0] * 11 + [1.0])
    policy = Policy.default(parent_rule=Mixed())
    chosen = Counter(policy.parent(story.view, Random(n)) for n in range(600))

    assert 0.5 / 12 * 0.5 < chosen[specialist] / 600 < 0.5 / 12 * 2


# Minibatches


def test_each_epoch_deals_out_every_training_case(told):
    story = told(train=9)
    for epoch in range(4):
        hands = [POLICY.minibatch(story.view, story.seed, 1 + 3 * epoch + n) for n in range(3)]

        assert sorted(story.view.train) == sorted(case for hand in hands for case in hand)


def test_an_epoch_that_does_not_divide_is_filled_up_with_distinct_cases(told):
    story = told(train=7)
    hands = [POLICY.minibatch(story.view, story.seed, n) for n in range(1, 4)]

    assert [3, 3, 3] == [len(set(hand)) for hand in hands]
    assert set(story.view.train) == {case for hand in hands for case in hand}


def test_a_minibatch_is_never_larger_than_the_training_split(told):
    story = told(train=2)

    assert {"t0", "t1"} == set(POLICY.minibatch(story.view, story.seed, 5))


def test_a_minibatch_depends_on_the_attempt_and_the_seed_alone(story):
    before = POLICY.minibatch(story.view, story.seed, 12)
    child = story.child(story.seed, "b")
    story.validate(child, [1.0] * 12)

    assert before == POLICY.minibatch(story.view, child, 12)
    assert any(
        Policy.default(seed=8).minibatch(story.view, child, n) != POLICY.minibatch(story.view, child, n)
        for n in range(1, 5)
    )


# Components


def chosen_components(story, blames, rounds=300, policy=POLICY):
    return Counter(policy.components(story.view, story.seed, blames, Random(n)) for n in range(rounds))


def test_the_most_blamed_components_are_offered_together_the_most_blamed_first(told):
    story = told(components=6)
    blames = {"agent/a": 0.1, "agent/b": 3.0, "agent/c": 2.0, "agent/d": 1.0}
    policy = Policy.default(component_rule=Blamed(at_most=3))
    (most, count), *others = chosen_components(story, blames, policy=policy).most_common()

    assert ("agent/b", "agent/c", "agent/d") == most
    assert 0.85 < count / 300 < 0.95
    assert {("agent/b", "agent/c")} == {components[:2] for components, _ in others}
    assert {"agent/a", "agent/e", "agent/f"} == {components[2] for components, _ in others}


def test_as_many_components_are_offered_as_are_blamed(told):
    story = told(components=12)
    blames = {component.id: 1.0 for component in story.view.components}

    assert {8} == {len(components) for components in chosen_components(story, blames)}


def test_a_component_without_blame_is_left_alone(told):
    story = told(components=6)

    assert ("agent/e",) == chosen_components(story, {"agent/e": 0.5}).most_common(1)[0][0]


@pytest.mark.parametrize("components", [1, 6, 26])
def test_without_any_blame_everything_is_offered(told, components):
    story = told(components=components)
    chosen = chosen_components(story, {}, rounds=20)

    assert {components} == {len(set(offered)) for offered in chosen}


def test_without_any_blame_chance_chooses_among_too_many(told):
    story = told(components=6)
    chosen = chosen_components(story, {}, policy=Policy.default(component_rule=Blamed(at_most_blindly=3)))

    assert {3} == {len(set(components)) for components in chosen}
    assert {f"agent/{letter}" for letter in "abcdef"} == {each for components in chosen for each in components}


def test_with_few_components_and_no_blame_all_are_edited(told):
    story = told(components=2)
    chosen = chosen_components(story, {}, policy=Policy.default(component_rule=Blamed(explore=0.0)))

    assert {("agent/a", "agent/b"), ("agent/b", "agent/a")} == set(chosen)


def test_lessons_of_the_lineage_count_as_blame(told):
    story = told(components=4)
    lessons = [Lesson(component="agent/d", text=f"failure {n}") for n in range(4)]
    child = story.child(story.seed, "b", lessons=lessons)
    rule = Blamed(explore=0.0)

    assert ("agent/d", "agent/b") == rule(story.view, child, {"agent/b": 0.9}, Random(0))
    assert ("agent/b", "agent/d") == rule(story.view, child, {"agent/b": 1.1}, Random(0))


def test_what_a_diagnosis_asked_for_in_vain_counts_as_blame_until_it_is_edited(told):
    story = told(components=4)
    rule = Blamed(explore=0.0)
    for result in (
        Proposal(parents=(story.seed,), edits={"agent/b": "new"}, suspected=("agent/b", "agent/d")),
        Refusal(reason=RefusalReason.WRONG_COMPONENT, suspected=("agent/d", "agent/gone")),
    ):
        attempt = story.attempt(story.seed)
        story.answer(attempt, result)
        story.abandon(attempt, story.seed)

    assert {"agent/d": 2} == story.view.suspicions(story.seed, ["agent/a", "agent/b", "agent/d"])
    assert ("agent/d", "agent/b") == rule(story.view, story.seed, {"agent/b": 0.9}, Random(0))
    assert ("agent/b", "agent/d") == rule(story.view, story.seed, {"agent/b": 1.1}, Random(0))

    child = story.child(story.seed, "edited", components=["agent/d"])

    assert ("agent/b",) == rule(story.view, child, {"agent/b": 1.1}, Random(0))


@settings(deadline=None)
@given(
    blames=st.dictionaries(st.sampled_from("abcdefghijkl"), st.floats(0, 9), max_size=12),
    at_most=st.integers(1, 9),
    stream=st.integers(0, 99),
)
def test_an_offer_is_never_empty_nor_double_and_holds_the_most_blamed(told, blames, at_most, stream):
    story = told(components=12)
    weights = {f"agent/{letter}": weight for letter, weight in blames.items()}
    offered = Blamed(at_most=at_most)(story.view, story.seed, weights, Random(stream))
    blamed = sorted((weight for weight in weights.values() if weight > 0), reverse=True)

    assert len(offered) == len(set(offered)) > 0
    assert len(offered) == (min(at_most, len(blamed)) if blamed else 12) or len(offered) == min(
        at_most, len(blamed) + 1
    )
    assert not blamed or at_most == 1 or weights[offered[0]] == blamed[0]


# The race


def test_a_child_is_measured_on_eight_cases_first(told):
    story = told(validation=40)
    cells = POLICY.next_block(story.view, story.seed)

    assert 8 == len(cells) == len(set(cells)) == POLICY.commitment(story.view)
    assert {0} == {repeat for _, repeat in cells}


def test_all_members_meet_the_cases_in_the_same_random_order(told):
    story = told(validation=40)
    child = story.child(story.seed, "b")

    assert POLICY.next_block(story.view, story.seed) == POLICY.next_block(story.view, child)
    assert tuple(story.view.validation[:8]) != tuple(case for case, _ in POLICY.next_block(story.view, child))


def test_a_contender_goes_on_to_what_is_wanted_and_a_loser_stops(told):
    story = told(validation=40)
    while measure(story, story.seed, 0.5):
        pass
    good, bad = (story.child(story.seed, text) for text in ("good", "bad"))

    assert story.view.own(story.seed) == 16
    assert [8, 8, 0] == [measure(story, good, 1.0) for _ in range(3)]
    assert [8, 0] == [measure(story, bad, 0.0) for _ in range(2)]


def test_the_more_was_spent_the_more_cells_a_contender_should_have(told):
    story = told(validation=40)

    assert 16 == cells_wanted(story.view)

    for _ in range(600):
        story.rollout(story.seed, "t0", 0.0)

    assert 24 == cells_wanted(story.view)

    for _ in range(600):
        story.rollout(story.seed, "t0", 0.0)

    assert 40 == cells_wanted(story.view)


def test_the_incumbent_is_topped_up_when_more_is_wanted(told):
    story = told(validation=40)
    while measure(story, story.seed, 0.5):
        pass

    assert POLICY.top_up(story.view) is None

    for _ in range(600):
        story.rollout(story.seed, "t0", 0.0)

    assert story.seed == POLICY.top_up(story.view)

    story.launch(story.seed, POLICY.next_block(story.view, story.seed)[0][0])

    assert POLICY.top_up(story.view) is None


def test_a_block_that_was_begun_is_finished_whatever_it_showed_so_far(told):
    story = told(validation=40)
    while measure(story, story.seed, 0.5):
        pass
    child = story.child(story.seed, "one")
    measure(story, child, 0.5)
    second = POLICY.next_block(story.view, child)
    for case, _ in second[:3]:
        story.rollout(child, case, 0.0)
    story.launch(child, second[3][0])
    story.resume()

    assert [case for case, _ in second[3:]] == [case for case, _ in POLICY.next_block(story.view, child)]

    measure(story, child, 0.0)

    assert () == POLICY.next_block(story.view, child)


def test_a_top_up_that_was_interrupted_is_finished_and_not_repeated_for_the_same_attempt(told):
    story = told(validation=40)
    while measure(story, story.seed, 0.5):
        pass
    for _ in range(900):
        story.rollout(story.seed, "t0", 0.0)
    cells = POLICY.next_block(story.view, story.seed)
    for case, _ in cells[:2]:
        story.rollout(story.seed, case, 0.0, attempt=1)
    story.launch(story.seed, cells[2][0], attempt=1)
    story.resume()

    assert story.seed == POLICY.top_up(story.view)
    assert len(cells) - 2 == len(POLICY.next_block(story.view, story.seed))

    measure(story, story.seed, 0.0)

    assert POLICY.top_up(story.view) is None

    story.abandon(story.attempt(story.seed), story.seed)

    assert story.seed == POLICY.top_up(story.view)


def test_a_top_up_of_which_everything_was_lost_is_done_again_for_the_same_attempt(told):
    story = told(validation=40)
    while measure(story, story.seed, 0.5):
        pass
    for _ in range(900):
        story.rollout(story.seed, "t0", 0.0)
    cells = POLICY.next_block(story.view, story.seed)
    story.launch(story.seed, cells[0][0], attempt=1)
    story.resume()

    assert story.seed == POLICY.top_up(story.view)

    for case, _ in cells:
        story.rollout(story.seed, case, 0.0, attempt=1)

    assert POLICY.top_up(story.view) is None


def test_cells_in_flight_are_not_asked_for_again(told):
    story = told(validation=40)
    cells = POLICY.next_block(story.view, story.seed)
    for case, _ in cells[:5]:
        story.launch(story.seed, case)

    assert cells[5:] == POLICY.next_block(story.view, story.seed)


def test_nothing_more_is_asked_for_while_the_first_block_is_in_flight(told):
    story = told(validation=40)
    for case, _ in POLICY.next_block(story.view, story.seed):
        story.launch(story.seed, case)

    assert () == POLICY.next_block(story.view, story.seed)


def test_a_cell_that_the_world_failed_is_tried_anew_with_the_next_repeat_but_not_for_ever(told):
    story = told(validation=8)
    cells = POLICY.next_block(story.view, story.seed)
    for case, _ in cells[1:]:
        story.rollout(story.seed, case, 1.0)
    asked = []
    while again := POLICY.next_block(story.view, story.seed):
        asked += again
        story.rollout(story.seed, again[0][0], None)

    assert [(cells[0][0], repeat) for repeat in range(3)] == asked

    story.resume()

    assert ((cells[0][0], 3),) == POLICY.next_block(story.view, story.seed)


def test_interrupted_validations_are_known_after_a_resume(told):
    story = told(validation=40)
    while measure(story, story.seed, 0.5):
        pass
    lost, cut_short, done, raced_out = (story.child(story.seed, text) for text in ("one", "two", "three", "four"))
    for member in (lost, done):
        measure(story, member, 0.6)
    measure(story, done, 0.6)
    measure(story, raced_out, 0.0)
    story.rollout(cut_short, POLICY.next_block(story.view, cut_short)[0][0], 1.0)
    story.launch(lost, POLICY.next_block(story.view, lost)[0][0])
    story.resume()

    assert (lost, cut_short) == POLICY.unfinished(story.view)


def test_under_the_ordered_schedule_only_the_newest_member_can_have_been_interrupted(told):
    policy = Policy.default(seed=7, schedule="ordered")
    story = told(validation=40)
    while measure(story, story.seed, 0.5):
        pass
    first, second = (story.child(story.seed, text) for text in ("one", "two"))
    measure(story, second, 0.9)

    assert (second,) == policy.unfinished(story.view)
    assert first not in policy.unfinished(story.view)

    story.attempt(story.seed)

    assert () == policy.unfinished(story.view)


# How many at once


@pytest.mark.parametrize(
    ("spent", "concurrency", "expected"),
    [(0, 32, 2), (179, 32, 2), (180, 32, 3), (600, 32, 10), (5000, 32, 24), (5000, 128, 24), (5000, 8, 6), (0, 1, 1)],
)
def test_few_proposals_are_in_flight_and_more_later(spent, concurrency, expected):
    assert expected == POLICY.in_flight(spent, concurrency)


def test_an_ordered_schedule_has_one_attempt_in_flight():
    assert 1 == Policy.default(schedule="ordered").in_flight(5000, 32)


def test_every_slot_can_be_given_an_attempt_on_request():
    policy = Policy.default(max_in_flight=32, rollouts_per_step=None, slots_per_attempt=1)

    assert 32 == policy.in_flight(0, 32)


# When it is enough


def test_the_search_goes_on_while_nothing_speaks_against_it(story):
    assert POLICY.should_stop(story.view) is None


def test_the_target_counts_only_with_enough_cells(told):
    story = told(validation=40)
    policy = Policy.default(target=0.9)
    measure(story, story.seed, 1.0, policy)

    assert policy.should_stop(story.view) is None

    measure(story, story.seed, 1.0, policy)

    assert StopReason.TARGET == policy.should_stop(story.view)
    assert POLICY.should_stop(story.view) is None


def test_thirty_fruitless_attempts_in_a_row_end_the_search(story):
    for n in range(30):
        assert POLICY.should_stop(story.view) is None
        attempt = story.attempt(story.seed)
        if n % 2:
            story.refuse(attempt, story.seed)
        else:
            story.abandon(attempt, story.seed)

    assert StopReason.FRUITLESS == POLICY.should_stop(story.view)


def test_a_judged_child_ends_a_row_of_fruitless_attempts(story):
    for _ in range(29):
        story.refuse(story.attempt(story.seed), story.seed)
    story.child(story.seed, "b")
    story.refuse(story.attempt(story.seed), story.seed)

    assert POLICY.should_stop(story.view) is None


def test_an_epoch_of_perfect_minibatches_leaves_nothing_to_learn(told):
    story = told(train=60)
    for _ in range(20):
        assert POLICY.should_stop(story.view) is None
        story.abandon(story.attempt(story.seed), story.seed, perfect=True)

    assert StopReason.NOTHING_TO_LEARN == POLICY.should_stop(story.view)


def test_one_perfect_minibatch_is_not_enough_where_it_is_a_whole_epoch(told):
    story = told(train=3)
    for _ in range(9):
        story.abandon(story.attempt(story.seed), story.seed, perfect=True)

    assert POLICY.should_stop(story.view) is None

    story.abandon(story.attempt(story.seed), story.seed, perfect=True)

    assert StopReason.NOTHING_TO_LEARN == POLICY.should_stop(story.view)


@pytest.mark.parametrize("end", ["judged", "refused"])
def test_whatever_taught_something_ends_a_row_of_perfect_minibatches(told, end):
    story = told(train=3)
    for _ in range(9):
        story.abandon(story.attempt(story.seed), story.seed, perfect=True)
    if end == "judged":
        story.child(story.seed, "b")
    else:
        story.refuse(story.attempt(story.seed), story.seed)
    story.abandon(story.attempt(story.seed), story.seed, perfect=True)

    assert POLICY.should_stop(story.view) is None


def test_perfect_minibatches_are_not_fruitless(told):
    story = told(train=300)
    for _ in range(40):
        story.abandon(story.attempt(story.seed), story.seed, perfect=True)

    assert POLICY.should_stop(story.view) is None


def test_patience_counts_attempts_since_a_member_first_became_the_incumbent(story):
    policy = Policy.default(patience=3)
    story.validate(story.seed, [0.5] * 12)
    children = [story.child(story.seed, f"text {n}") for n in range(2)]
    story.validate(children[0], [0.6] * 12)
    story.child(story.seed, "text 2")
    story.child(story.seed, "text 3")

    assert policy.should_stop(story.view) is None

    story.child(story.seed, "text 4")

    assert StopReason.PATIENCE == policy.should_stop(story.view)

    story.validate(children[1], [0.7] * 12)

    assert policy.should_stop(story.view) is None


def test_who_is_the_incumbent_for_a_moment_only_does_not_renew_patience(told):
    policy = Policy.default(patience=2)
    story = told(validation=16)
    story.validate(story.seed, [0.5] * 16)
    rival = story.child(story.seed, "rival")
    story.child(story.seed, "another")
    story.validate(rival, [0.6] * 12)  # with these cells it leads, with the next ones it does not
    for case in range(12, 16):
        story.rollout(rival, f"v{case}", 0.0)

    assert StopReason.PATIENCE == policy.should_stop(story.view)


def test_after_the_search_nothing_stops_it_again(story):
    for _ in range(40):
        story.refuse(story.attempt(story.seed), story.seed)
    story.end_search([story.seed])

    assert POLICY.should_stop(story.view) is None


# Making one


def test_every_field_can_be_overridden_and_nothing_else():
    assert {field.name for field in fields(Policy)} == set(PolicySettings.__annotations__)


def test_rules_can_be_swapped(story):
    story.validate(story.seed, [0.0] * 12)
    child = story.child(story.seed, "b")
    story.validate(child, [1.0] * 12)
    policy = Policy.default(parent_rule=best, component_rule=everything)

    assert child == policy.parent(story.view, Random(0))
    assert 4 == len(policy.components(story.view, child, {}, Random(0)))
    assert story.seed == Policy.default(parent_rule=original).parent(story.view, Random(0))


def test_best_of_n_improves_the_seed_only(story):
    story.validate(story.child(story.seed, "b"), [1.0] * 12)

    assert {story.seed} == {Policy.best_of_n().parent(story.view, Random(n)) for n in range(20)}
    assert "best-of-n" == Policy.best_of_n().name


def test_a_fingerprint_names_settings_and_rules_but_no_address():
    def mine(view, rng):
        return view.seed

    fingerprints = {
        policy.fingerprint
        for policy in (
            Policy.default(),
            Policy.default(),
            Policy.default(seed=1),
            Policy.default(parent_rule=mine),
            Policy.default(component_rule=Blamed(at_most=2)),
            Policy.gepa(),
        )
    }

    assert 5 == len(fingerprints)
    assert not any(" at 0x" in fingerprint for fingerprint in fingerprints)


@pytest.mark.parametrize(
    "setting",
    [
        {"minibatch_size": 0},
        {"tries": 0},
        {"block": 0},
        {"max_in_flight": -1},
        {"final_share": 1.0},
        {"fruitless": 0},
        {"late": 0.5},
    ],
)
def test_settings_that_cannot_work_are_refused(setting):
    with pytest.raises(UsageError, match=next(iter(setting))):
        Policy.default(**setting)
