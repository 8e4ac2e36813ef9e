"""What a budget leaves room for, told before money is spent."""

from spanwright.core.case import Case, Splits
from spanwright.core.usage import Budget
from spanwright.report import Preflight
from spanwright.search import Policy


def splits(test=48):
    def cases(letter, count):
        return tuple(Case(id=f"{letter}{place}", inputs=place) for place in range(count))

    return Splits(train=cases("t", 30), validation=cases("v", 40), test=cases("x", test))


def test_proposals_and_pairs_are_counted_beside_what_the_seed_and_the_test_split_take():
    room = Preflight.of(Budget(rollouts=800), splits(), Policy.default())

    assert (800 - 96 - 126 - 8) // 11 == room.proposals
    assert 52 == room.final_pairs  # 21 each in the heats, then 31 of the leader and of the seed
    assert 48 == room.test_cases


def test_a_gate_makes_proposals_dearer_and_reflections_limit_them():
    assert 7 == Preflight.of(Budget(rollouts=500), splits(), Policy.gepa()).proposals
    assert 5 == Preflight.of(Budget(rollouts=800, reflections=5), splits(), Policy.default()).proposals


def test_several_tries_of_each_case_make_proposals_dearer_but_a_gate_tries_once():
    left = 800 - 96 - 126 - 8

    assert left // (8 + 6) == Preflight.of(Budget(rollouts=800), splits(), Policy.default(tries=2)).proposals
    assert (500 - 96 - 40) // (40 + 6 + 3) == Preflight.of(
        Budget(rollouts=500), splits(), Policy.gepa(tries=2)
    ).proposals
    assert (
        left // (8 + 3) == Preflight.of(Budget(rollouts=800), splits(), Policy.default(tries=2, exact=True)).proposals
    )


def test_the_smallest_gain_that_could_be_seen_is_told_for_the_worst_noise():
    told = "\n".join(Preflight.of(Budget(rollouts=800), splits(), Policy.default()).lines)

    assert "the finals a gain of 0.28, the test split a gain of 0.29" in told


def test_without_a_test_split_it_is_said_that_nothing_will_be_shown():
    told = "\n".join(Preflight.of(Budget(rollouts=800), splits(test=0), Policy.default()).lines)

    assert "No test split: nothing will show whether the winner is better" in told


def test_where_rollouts_are_not_limited_only_the_test_split_is_judged():
    room = Preflight.of(Budget(seconds=60), splits(), Policy.default())

    assert (None, None) == (room.proposals, room.visible_in_finals)
