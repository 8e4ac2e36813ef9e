"""Figures beside the score: what the pool keeps of them, against slow and obvious references."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanwright.core.events import EVENT
from spanwright.core.goal import at_least, at_most, maximize, minimize
from spanwright.core.rollout import Purpose
from spanwright.errors import UsageError
from spanwright.search import Policy, Pool

STEPS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 40), st.integers(0, 40)), max_size=80)
CHEAP = minimize("cost")
LIMITED = (CHEAP, at_most("cost", 1.25), at_least("score", 0.4))


def own_costs(events):
    costs = {}
    for event in events:
        if event.kind == "rollout_ended" and event.rollout.score is not None:
            rollout, cost = event.rollout, event.rollout.measured.cost
            measuring = rollout.purpose in {Purpose.VALIDATION, Purpose.FINAL} and rollout.key.case.startswith("v")
            if measuring and cost is not None:
                costs.setdefault((rollout.key.candidate, rollout.key.case), []).append(cost)
    return {cell: sum(values) / len(values) for cell, values in costs.items()}


def inherited(view, costs, candidate, case):
    if (candidate, case) in costs:
        return costs[candidate, case]
    parents = view.member(candidate).parents
    return inherited(view, costs, parents[0], case) if parents else None


@settings(deadline=None)
@given(steps=STEPS)
def test_a_figure_of_a_member_is_the_mean_of_its_own_cells_or_else_its_parents(steps, random_story):
    story = random_story(steps, goals=[CHEAP])
    view, costs = story.view, own_costs(story.events)
    points = view.points
    for number, member in enumerate(view.members):
        cells = [inherited(view, costs, member, case) for case in view.validation]
        known = [cell for cell in cells if cell is not None]
        if view.established[number] and known:
            assert points[1, number] == pytest.approx(-sum(known) / len(known))
        else:
            assert np.isnan(points[1, number])
        assert view.figures(member, "cost") == pytest.approx(
            {case: costs[member, case] for case in view.validation if (member, case) in costs}
        )


@settings(deadline=None)
@given(steps=STEPS)
def test_a_replayed_history_leaves_the_figures_as_the_live_one_did(steps, random_story, snapshot):
    story = random_story(steps, goals=LIMITED)
    replayed = Pool()
    for event in story.events:
        replayed.apply(EVENT.validate_json(EVENT.dump_json(event)))

    assert snapshot(story.view) == snapshot(replayed.view)


@settings(deadline=None)
@given(steps=STEPS)
def test_test_figures_never_steer_and_decisions_change_nothing(steps, random_story, snapshot):
    policy = Policy.default().wanting(LIMITED)
    view = random_story(steps, goals=LIMITED).view
    other = random_story(steps, goals=LIMITED, test_shift=0.7).view
    before = snapshot(view)
    chosen = policy.finalists(view)

    assert chosen == policy.finalists(other)
    assert policy.winner(view, chosen) == policy.winner(other, chosen)
    assert [policy.next_block(view, each) for each in view.members] == [
        policy.next_block(other, each) for each in view.members
    ]
    assert before == snapshot(view)


@settings(deadline=None)
@given(steps=STEPS)
def test_without_goals_a_pool_decides_as_one_that_has_never_heard_of_figures(steps, random_story):
    bare, wanting = random_story(steps).view, random_story(steps, goals=[CHEAP]).view

    assert bare.incumbent == wanting.incumbent
    assert Policy.default() == Policy.default().wanting(())
    assert 1 == len(bare.points)


def test_an_unknown_cost_is_unknown_and_never_nothing(told):
    story = told(goals=[CHEAP])
    story.validate(story.seed, [0.5] * 8)

    assert np.isnan(story.view.points[1, 0])
    assert {} == story.view.figures(story.seed, "cost")


def test_the_noise_is_that_of_own_cells_around_inherited_ones(told):
    story = told(goals=[CHEAP])
    random = np.random.default_rng(3)
    story.validate(story.seed, [0.5] * 12, [1.0] * 12)
    for number in range(30):
        child = story.child(story.seed, f"cheaper {number}")
        costs = 1.0 - number / 60 + random.normal(0, 0.2, 8)  # that a child is cheaper as such is no noise
        story.validate(child, [0.5] * 8, list(costs))

    expected = 0.2 * 8**0.5 / 12
    assert story.view.errors[1, 1:] == pytest.approx(np.full(30, expected), rel=0.2)
    assert story.view.errors[0, 1:] == pytest.approx(np.zeros(30))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: minimize("score"), "low score"),
        (lambda: at_most("score", 0.5), "low score"),
        (lambda: at_most("cost", float("nan")), "is no number"),
    ],
)
def test_a_goal_that_makes_no_sense_is_refused(make, said):
    with pytest.raises(UsageError, match=said):
        make()


def test_goals_say_what_they_want():
    goals = (minimize("cost"), maximize("Polite"), at_most("cost", 0.002), at_least("score", 0.9))

    assert ["low cost", "high Polite", "cost at most 0.002", "score at least 0.9"] == [goal.words for goal in goals]


def test_with_goals_what_says_the_same_in_fewer_words_is_no_duplicate():
    assert not Policy.default().near_duplicates
    assert Policy.default().wanting([CHEAP]).near_duplicates
