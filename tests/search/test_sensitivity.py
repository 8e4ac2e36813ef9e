"""What an eval set can show."""

import math
from random import Random

import pytest

from spanwright.search.sensitivity import WORST, cases_for, noise, smallest_gain


def test_scores_are_taken_apart_into_noise_and_difficulty():
    rng = Random(3)
    hardness = [rng.gauss(0.5, 0.2) for _ in range(400)]

    found = noise({str(place): [rng.gauss(mean, 0.1) for _ in range(4)] for place, mean in enumerate(hardness)})

    assert 0.01 == pytest.approx(found.within, abs=0.002)
    assert 0.04 == pytest.approx(found.between, abs=0.01)
    assert (400, 1600) == (found.cases, found.scores)


def test_a_case_tried_once_tells_nothing_of_the_noise():
    assert math.isnan(noise({"a": [1.0], "b": [0.0]}).within)


def test_more_cases_and_repeats_show_smaller_gains():
    assert math.inf == smallest_gain(WORST, cases=1)
    assert smallest_gain(WORST, cases=50) > smallest_gain(WORST, cases=200) > smallest_gain(WORST, cases=200, repeats=4)


def test_as_many_cases_as_are_said_to_be_needed_show_the_gain():
    cases = cases_for(WORST, 0.1)

    assert cases is not None
    assert smallest_gain(WORST, cases=cases) <= 0.1 < smallest_gain(WORST, cases=cases - 1)
    assert cases_for(WORST, 1e-6) is None


def test_four_of_five_times_a_gain_of_that_size_is_seen():
    rng = Random(5)
    cases, seen = 60, 0
    gain = smallest_gain(0.04, cases=cases)
    for _ in range(500):
        differences = [rng.gauss(gain, math.sqrt(2 * 0.04)) for _ in range(cases)]
        mean = sum(differences) / cases
        error = math.sqrt(sum((each - mean) ** 2 for each in differences) / (cases - 1) / cases)
        seen += mean / error > 2.0010

    assert 0.74 < seen / 500 < 0.86
