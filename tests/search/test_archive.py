"""The archive against slow and obvious references."""

import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spanwright.search.archive import archive

FIGURES = st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.7, 1.0, float("nan")])
POINTS = st.integers(1, 4).flatmap(
    lambda rows: hnp.arrays(np.float64, st.tuples(st.just(rows), st.integers(0, 14)), elements=FIGURES)
)
ERRORS = hnp.arrays(np.float64, (4, 14), elements=st.sampled_from([0.0, 0.05, 0.1, 0.3]))


def known(points):
    return np.where(np.isnan(points), -np.inf, points)


def dominates(one, other):
    return bool((one >= other).all() and (one > other).any())


def margins_of(errors):
    def margins(member, others):
        return np.maximum(errors[:, member, None], errors[:, others])

    return margins


@given(points=POINTS)
def test_without_noise_the_archive_is_the_non_dominated_set_with_the_earliest_of_equals(points):
    seen = known(points).T
    expected = [
        number
        for number, point in enumerate(seen)
        if point[0] > -np.inf
        and not any(dominates(other, point) for other in seen)
        and not any((other == point).all() for other in seen[:number])
    ]

    assert expected == sorted(archive(points))


@given(points=POINTS, errors=ERRORS)
def test_whoever_is_left_out_is_covered_by_one_who_was_taken(points, errors):
    rows, count = points.shape
    margins = margins_of(errors[:rows, :count])
    # One who was taken first may have been left out for a later one, who covers him: so two margins are bridged.
    kept, seen = archive(points, margins), known(points)
    for member in range(count):
        if seen[0, member] > -np.inf and member not in kept:
            one = np.array([member])
            widest = 2 * errors[:rows, :count].max(axis=1, initial=0.0)

            assert any((seen[:, member] <= seen[:, each] + widest).all() for each in kept), one


@given(points=POINTS, errors=ERRORS)
def test_of_two_in_the_archive_each_is_better_at_something_than_chance_explains_but_for_the_best(points, errors):
    rows, count = points.shape
    errors = errors[:rows, :count]
    kept, seen = archive(points, margins_of(errors)), known(points)
    for one in kept[1:]:
        for other in kept:
            if one != other:
                margin = np.maximum(errors[:, one], errors[:, other])

                assert (seen[:, one] > seen[:, other] + margin).any()


@given(points=POINTS, errors=ERRORS)
def test_the_best_by_the_first_objective_is_always_in_the_archive(points, errors):
    rows, count = points.shape
    kept, seen = archive(points, margins_of(errors[:rows, :count])), known(points)

    assert bool(kept) == bool(count and seen[0].max() > -np.inf)
    assert not kept or seen[0, kept[0]] == seen[0].max()


def test_noise_does_not_fill_the_archive():
    random = np.random.default_rng(1)
    error = 0.05
    points = np.array([[0.5], [-1.0], [-3.0]]) + random.normal(0, error, (3, 200))
    margins = margins_of(np.full(points.shape, 2 * error))

    assert len(archive(points)) > 10
    assert len(archive(points, margins)) <= 5


def test_a_real_trade_off_is_kept_beside_the_noise():
    points = np.array([[0.80, 0.79, 0.60, 0.81], [-9.0, -5.0, -1.0, -9.1]])
    margins = margins_of(np.array([[0.03] * 4, [0.5] * 4]))

    assert (3, 1, 2) == archive(points, margins)


@settings(max_examples=1, deadline=None)
@given(st.just(5000))
def test_of_five_thousand_members_the_archive_is_found_in_milliseconds(count):
    random = np.random.default_rng(2)
    points = random.normal(0, 1, (3, count))
    margins = margins_of(np.full(points.shape, 0.1))
    archive(points, margins)
    began = time.process_time()
    for _ in range(10):
        archive(points, margins)
    seconds = (time.process_time() - began) / 10

    assert seconds < 0.05
