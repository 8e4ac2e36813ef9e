"""Whether a difference is more than chance."""

from random import Random

import numpy as np
import pytest
from scipy.stats import permutation_test

from spanwright.search.significance import Stage, chance, of_the_best, together


def test_no_difference_proves_nothing():
    assert [1.0, 1.0, 1.0] == [chance([]), chance([0.0] * 9), chance([-1.0, -0.5])]


@pytest.mark.parametrize(("differences", "ways"), [([1.0] * 5, 1), ([1.0] * 5 + [0.0] * 40, 1), ([0.2, 0.1, -0.1], 3)])
def test_of_few_differences_all_signs_are_tried(differences, ways):
    moved = sum(each != 0 for each in differences)

    assert ways / 2**moved == pytest.approx(chance(differences))


@pytest.mark.parametrize("count", [2, 5, 9, 12])
def test_to_try_all_signs_is_the_exact_permutation_test(count):
    rng = Random(count)
    differences = [round(rng.uniform(-0.3, 0.7), 1) or 0.1 for _ in range(count)]
    exact = permutation_test((np.array(differences),), np.sum, permutation_type="samples", alternative="greater")

    assert exact.pvalue == pytest.approx(chance(differences))


def test_one_difference_is_a_coin():
    assert 0.5 == chance([0.3])


def test_many_equal_differences_are_believed_no_further_than_signs_go():
    assert 0.5**20 == chance([1.0] * 20)


def test_the_best_of_many_has_to_be_better():
    assert 0.01 == of_the_best(0.01, 1)
    assert 0.01 < of_the_best(0.01, 2) < 0.02
    assert 0.05 < of_the_best(0.01, 10) < 0.1
    assert 1.0 == of_the_best(1.0, 10)


def test_stages_add_up_and_one_against_the_claim_weakens_it():
    good, bad = Stage(differences=(1.0,) * 6), Stage(differences=(-1.0,) * 6)

    assert together([good, good]) < together([good]) == pytest.approx(0.5**6)
    assert together([good, bad]) > 0.4
    assert 1.0 == together([Stage(differences=())])


@pytest.mark.parametrize("p", [0.7, 0.95])
def test_the_best_of_several_that_change_nothing_is_rarely_believed(p):
    """As in the finals: rivals are compared with one seed, the best goes on with it on further cases."""
    rng = Random(1)

    def scores(cases):
        return [float(rng.random() < p) for _ in range(cases)]

    fooled = 0
    for _ in range(1000):
        seed, rivals = scores(20), [scores(20) for _ in range(3)]
        best = max(rivals, key=sum)
        heats = Stage(differences=tuple(b - s for b, s in zip(best, seed, strict=True)), among=3)
        further = Stage(differences=tuple(b - s for b, s in zip(scores(40), scores(40), strict=True)))
        fooled += together([heats, further]) <= 0.025

    assert fooled <= 35
