"""Means with intervals."""

import math
from random import Random

import pytest

from spanwright.search.statistics import Interval, mean_interval, paired


def test_an_interval_by_students_distribution():
    found = mean_interval([1.0, 2.0, 3.0, 4.0])

    assert 2.5 == found.mean
    assert found.low == pytest.approx(2.5 - 3.182446 * 1.290994 / 2, abs=1e-5)
    assert found.high == pytest.approx(2.5 + 3.182446 * 1.290994 / 2, abs=1e-5)
    assert 4 == found.n


def test_more_confidence_widens_the_interval():
    values = [0.0, 1.0, 1.0, 0.0, 1.0]

    assert mean_interval(values, confidence=0.99).low < mean_interval(values).low


def test_one_value_says_nothing_about_where_the_mean_lies():
    assert Interval(mean=0.5, low=-math.inf, high=math.inf, n=1) == mean_interval([0.5])


def test_no_values_have_no_mean():
    found = mean_interval([])

    assert math.isnan(found.mean)
    assert 0 == found.n
    assert not found.excludes_zero


def test_a_clear_difference_excludes_zero_and_a_muddled_one_does_not():
    assert paired([0.4, 0.5, 0.6, 0.5]).excludes_zero
    assert not paired([0.5, -0.5, 0.4, -0.3]).excludes_zero


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = Random(1)
    held = 0
    for _ in range(500):
        found = paired([rng.gauss(0.3, 1.0) for _ in range(12)])
        held += found.low <= 0.3 <= found.high

    assert 0.92 < held / 500 < 0.98


@pytest.mark.parametrize("cases", [10, 20, 48])
@pytest.mark.parametrize(("seed", "best"), [(0.7, 0.7), (0.7, 0.85), (0.1, 0.9)])
def test_of_passed_and_failed_cases_too_however_few(cases, seed, best):
    rng = Random(f"{cases} {seed} {best}")
    held = 0
    for _ in range(400):
        found = paired([float(rng.random() < best) - float(rng.random() < seed) for _ in range(cases)])
        held += found.low <= best - seed <= found.high

    assert 0.93 < held / 400 < 0.995


def test_differences_that_are_all_equal_are_not_certain():
    none, all_won, slight = paired([0.0] * 10), paired([1.0] * 10), paired([0.2] * 10)

    assert (0.0, 1.0) == (none.mean, all_won.mean)
    assert -0.3 < none.low < 0 < none.high < 0.3
    assert 0.3 < all_won.low < all_won.high == 1.0
    assert 0.05 < slight.low < slight.high == 0.2
