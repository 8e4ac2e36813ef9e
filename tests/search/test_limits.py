"""Limits: who may win, and who is measured again for it."""

import numpy as np
import pytest

from spanwright.core.goal import at_least, at_most, minimize
from spanwright.search import Policy
from spanwright.search.limits import Keeping, keeping, keeps

LIMIT = at_most("cost", 1.0)
POLICY = Policy.default().wanting([LIMIT])


def member(story, text, score, costs):
    child = story.child(story.seed, text)
    story.validate(child, [score] * len(costs), costs)
    return child


@pytest.mark.parametrize(
    ("figures", "kept"),
    [
        ([0.5, 0.6, 0.4, 0.5], Keeping.KEPT),
        ([0.1, 1.8, 0.2, 1.7], Keeping.PERHAPS),
        ([0.9], Keeping.PERHAPS),
        ([1.2, 0.9, 1.1], Keeping.BROKEN),
        ([], Keeping.BROKEN),
    ],
)
def test_a_limit_is_kept_where_the_noise_does_not_explain_it(figures, kept):
    assert kept is keeping(LIMIT, figures)
    assert kept is keeping(at_least("gain", -1.0), [-figure for figure in figures])


def test_a_limit_that_is_kept_by_luck_counts_as_kept_in_few_of_many_cases():
    random = np.random.default_rng(5)
    kept = [keeping(LIMIT, list(random.normal(1.0, 0.3, 40))) is Keeping.KEPT for _ in range(1000)]

    assert np.mean(kept) < 0.08


def test_whoever_is_beyond_a_limit_does_not_win_while_somebody_keeps_it(told):
    story = told(goals=[LIMIT])
    story.validate(story.seed, [0.5] * 8, [3.0] * 8)
    dear = member(story, "dear", 1.0, [2.0] * 8)
    cheap = member(story, "cheap", 0.75, [0.5] * 8)
    poor = member(story, "poor", 0.25, [0.1] * 8)

    finalists = POLICY.finalists(story.view)
    assert {story.seed, dear, cheap, poor} == set(finalists)
    assert cheap == POLICY.winner(story.view, finalists)
    assert cheap == story.view.incumbent


def test_whoever_keeps_a_limit_for_sure_goes_before_one_who_may_do_so_by_chance(told):
    story = told(goals=[LIMIT])
    story.validate(story.seed, [0.5] * 8, [3.0] * 8)
    lucky = member(story, "lucky", 1.0, [0.1, 1.8] * 4)
    sure = member(story, "sure", 0.75, [0.5] * 8)

    assert (Keeping.PERHAPS, Keeping.KEPT) == (keeps(story.view, lucky), keeps(story.view, sure))
    assert sure == POLICY.winner(story.view, POLICY.finalists(story.view))


def test_where_nobody_keeps_a_limit_the_least_beyond_it_wins(told):
    story = told(goals=[LIMIT])
    story.validate(story.seed, [1.0] * 8, [3.0] * 8)
    closer = member(story, "closer", 0.25, [2.0] * 8)

    assert closer == POLICY.winner(story.view, POLICY.finalists(story.view))
    assert closer == story.view.incumbent


def test_a_seed_that_is_beyond_a_limit_is_replaced_by_a_worse_one_that_keeps_it(told):
    story = told(goals=[LIMIT])
    story.validate(story.seed, [1.0] * 8, [3.0] * 8)
    worse = member(story, "worse", 0.5, [0.5] * 8)

    assert worse == POLICY.winner(story.view, POLICY.finalists(story.view))


def test_a_limit_whose_figure_nobody_knows_leaves_the_choice_to_the_score(told):
    story = told(goals=[LIMIT])
    story.validate(story.seed, [0.5] * 8)
    better = story.child(story.seed, "better")
    story.validate(better, [1.0] * 8)

    assert Keeping.BROKEN is keeps(story.view, better)
    assert better == POLICY.winner(story.view, POLICY.finalists(story.view)) == story.view.incumbent


def test_limits_in_different_units_are_weighed_by_their_size(told):
    story = told(goals=[LIMIT, at_least("score", 0.5)])
    story.validate(story.seed, [0.25] * 8, [1.0] * 8)  # half of what the score should be
    dear = member(story, "dear", 0.5, [1.2] * 8)  # a fifth more than the cost may be

    assert dear == POLICY.winner(story.view, POLICY.finalists(story.view))


def test_trade_offs_are_among_the_finalists_and_are_measured_on(told):
    story = told(validation=40, goals=[minimize("cost")])
    policy = Policy.default().wanting(story.view.goals)
    story.validate(story.seed, [0.5] * 40, [3.0] * 40)
    for number in range(8):
        member(story, f"good {number}", 0.75 + number / 64, [3.0] * 8)
    cheap = member(story, "cheap", 0.5, [0.5] * 8)

    assert cheap in policy.finalists(story.view)
    assert cheap not in Policy.default().finalists(told(validation=40).view)
    assert policy.next_block(story.view, cheap)
    assert not Policy.default().next_block(story.view, cheap)
