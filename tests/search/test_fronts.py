"""Fronts that parents are drawn from, and that none leaves the best without a chance."""

from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from spanwright.core.goal import minimize
from spanwright.search import (
    FromFront,
    Policy,
    Thompson,
    archived,
    by_instance,
    by_objective,
    cartesian,
    hybrid,
)
from spanwright.search.frontier import cover
from spanwright.search.outlook import SPREAD, outlook

CHEAP = minimize("cost")
POOLS = 2000


def trading(told):
    """Tell of a seed, one that is best by score, one that is cheapest, and one that is balanced."""
    story = told(goals=[CHEAP])
    story.validate(story.seed, [0.5] * 12, [3.0] * 12)
    for text, score, cost in (("best", 1.0, 3.0), ("cheapest", 0.25, 0.5), ("balanced", 0.75, 1.0)):
        story.validate(story.child(story.seed, text), [score] * 12, [cost] * 12)
    return story.view


def winners(rows):
    return [np.flatnonzero(row).tolist() for row in rows]


def test_each_front_knows_who_is_the_best_at_what(told):
    view = trading(told)

    assert [[1]] * 12 == winners(by_instance(view))
    assert [[1], [2]] == winners(by_objective(view))
    assert [[1]] * 12 + [[1], [2]] == winners(hybrid(view))
    assert [[1]] * 12 + [[2]] * 12 == winners(cartesian(view))
    assert [[1], [1, 3], [1, 2, 3]] == winners(archived(view))


def test_a_parent_is_drawn_as_often_as_its_share_says(told):
    view = trading(told)
    rule = FromFront(frontier=cartesian, floor=0.2)
    drawn = Counter(rule(view, Random(number)) for number in range(2000))

    assert pytest.approx([0.0, 0.6, 0.4, 0.0]) == rule.shares(view)
    assert pytest.approx(0.4, abs=0.04) == drawn[view.members[2]] / 2000


def test_before_anything_is_measured_the_seed_is_drawn(told):
    story = told(goals=[CHEAP])

    assert {story.seed} == {FromFront(frontier=front)(story.view, Random(1)) for front in (hybrid, cartesian, archived)}


@settings(deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 40), st.integers(0, 40)), max_size=80))
def test_on_any_pool_the_shares_add_up_and_the_incumbent_has_its_floor(steps, random_story):
    view = random_story(steps, goals=[CHEAP]).view
    incumbent = view.member(view.incumbent).order
    for front in (by_instance, by_objective, hybrid, cartesian, archived):
        for pruned in (True, False):
            shares = FromFront(frontier=front, pruned=pruned, floor=0.1).shares(view)

            assert shares.sum() == pytest.approx(1.0)
            assert shares.min() >= 0
            assert shares[incumbent] >= 0.1


def noisy(number, told):
    """Tell of a pool of binary scores: candidates of nearly equal worth, cases of different difficulty."""
    random = np.random.default_rng(number)
    cases, members = int(random.integers(8, 16)), int(random.integers(4, 24))
    story = told(validation=cases)
    worth, ease = random.normal(0, 0.6, members), random.normal(0, 1.5, cases)
    chances = 1 / (1 + np.exp(-(worth[:, None] + ease)))
    scores = (random.random((members, cases)) < chances).astype(float)
    story.validate(story.seed, list(scores[0]))
    for row in scores[1:]:
        story.validate(story.child(story.seed, f"text {len(story.view.members)}"), list(row))
    return story.view


def thompson_share(worth, width, member):
    """Return the probability that Thompson sampling draws a member of whom all are measured alike, in closed form."""
    drawn = np.linspace(worth[member] - 6 * width, worth[member] + 6 * width, 401)
    lost_to = np.delete(worth, member)
    below = norm.cdf(drawn[:, None], lost_to, width).prod(axis=1)
    return np.trapezoid(norm.pdf(drawn, worth[member], width) * below, drawn)


def test_the_closed_form_of_thompson_sampling_is_what_is_drawn(told):
    view = noisy(1, told)
    width = Thompson().temperature * SPREAD / np.sqrt(view.owns[0] + 2)
    drawn = Counter(Thompson()(view, Random(number)) for number in range(3000))
    expected = [thompson_share(outlook(view), width, member) for member in range(len(view.members))]

    assert pytest.approx(expected, abs=0.03) == [drawn[member] / 3000 for member in view.members]


def test_the_best_candidate_always_has_a_share_of_the_parents_under_the_default_and_from_a_front():
    """On arrays, as a pool of 100 cases and 60 members takes seconds to tell."""
    assert Thompson() == Policy.default().parent_rule

    random = np.random.default_rng(7)
    starved, by_default, by_front = 0, [], []
    for _ in range(POOLS):
        members, cases = int(random.integers(2, 120)), int(random.integers(10, 100))
        worth, ease = random.normal(0, 0.3, members), random.normal(0, 1.5, cases)
        scores = random.random((cases, members)) < 1 / (1 + np.exp(-(worth + ease[:, None])))
        means = scores.mean(axis=0)
        best, fronts = int(means.argmax()), scores == scores.max(axis=1, keepdims=True)
        starved += not cover(fronts, means)[best]
        width = Thompson().temperature * SPREAD / np.sqrt(cases + 2)
        by_default.append(thompson_share(means, width, best))
        by_front.append(FromFront(frontier=by_instance).shared_out(fronts, means, best)[best])

    assert starved > POOLS / 100  # pruning alone starves the best: the pools are hard enough to show that
    assert min(by_default) > 0.01
    assert min(by_front) >= 0.1


def test_with_goals_the_best_keeps_the_half_of_thompson_sampling():
    rule = Policy.default().wanting([CHEAP]).parent_rule

    assert (Thompson(), 0.5) == (rule.second, rule.share)
