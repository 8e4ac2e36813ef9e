import math

import pytest

from spanwright.report import figures
from spanwright.search.statistics import Interval


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.5, "0.50"), (0.0, "0.00"), (-0.25, "-0.25"), (0.0000071, "7.1e-06"), (12_345.6, "12,346"), (None, "-")],
)
def test_a_score_is_written_so_that_its_scale_can_be_read(value: float | None, written: str) -> None:
    assert written == figures.score(value)


def test_an_interval_is_written_in_the_digits_of_its_scale() -> None:
    tiny = Interval(mean=4.5e-06, low=0.0, high=9e-06, n=5)

    assert "+4.5e-06 [+0, +9e-06]" == figures.interval(tiny, signed=True)
    assert "0.00 [-0.10, 0.10]" == figures.interval(Interval(mean=0.001, low=-0.1, high=0.1, n=5))
    assert "0.25" == figures.interval(Interval(mean=0.25, low=-math.inf, high=math.inf, n=1))
