"""Which member is improved next."""

from random import Random

import numpy as np

from spanwright.search import EpsilonGreedy, Pareto, covering_front


def many(view, rule):
    return [rule(view, Random(n)) for n in range(400)]


def pool(told, *rows):
    story = told(validation=len(rows[0]))
    members = [story.seed, *(story.child(story.seed, f"text {n}") for n in range(1, len(rows)))]
    for member, row in zip(members, rows, strict=True):
        story.validate(member, row)
    return story.view, members


def test_epsilon_greedy_takes_the_incumbent_and_now_and_then_anyone(told):
    view, (first, best, last) = pool(told, [0.2] * 9, [0.8] * 9, [0.5] * 9)
    drawn = many(view, EpsilonGreedy(epsilon=0.3))

    assert 0.72 < drawn.count(best) / 400 < 0.88
    assert drawn.count(first) > 10
    assert drawn.count(last) > 10
    assert {best} == set(many(view, EpsilonGreedy(epsilon=0.0)))


def test_the_top_of_the_front_leaves_specialists_out(told):
    view, (specialist, best, second) = pool(told, [0.0] * 8 + [1.0], [0.9] * 4 + [0.1] * 5, [0.1] * 4 + [0.6] * 4 + [0])

    assert {specialist, best, second} == set(many(view, Pareto()))
    assert {best, second} == set(many(view, Pareto(top=2)))
    assert {best} == set(many(view, Pareto(top=1)))


def test_where_the_top_wins_nothing_the_incumbent_is_chosen(told):
    view, (_, _, steady) = pool(told, [1.0] * 4 + [0.0] * 4, [0.0] * 4 + [1.0] * 4, [0.9] * 8)

    assert {steady} == set(many(view, Pareto(top=1)))


def test_a_front_of_ones_own_can_be_won(told):
    view, (first, second) = pool(told, [0.2] * 9, [0.8] * 9)

    def whoever_is_first(view):
        return np.array([[True, False]])

    assert {first} == set(many(view, Pareto(front_rule=whoever_is_first)))
    assert {second} == set(many(view, Pareto()))


def test_where_nothing_can_be_won_there_is_no_front(told):
    view, (first, _) = pool(told, [0.2] * 9, [0.8] * 9)

    assert () == covering_front(view, np.zeros((0, 2), dtype=np.bool_))
    assert {view.incumbent} == set(many(view, Pareto(front_rule=lambda view: np.zeros((3, 2), dtype=np.bool_))))
    assert first == view.seed
