"""Standard test functions with their known minima, from the literature; see the README for where each comes from."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function on a box."""

    value: Callable[[Sequence[float]], float]
    low: float
    high: float
    dimensions: int
    minimum: float
    """The known best value."""


def sphere(x: Sequence[float]) -> float:
    """Return a bowl."""
    return math.fsum(each * each for each in x)


def rosenbrock(x: Sequence[float]) -> float:
    """Return a bent valley."""
    return math.fsum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairwise(x))


def rastrigin(x: Sequence[float]) -> float:
    """Return a bowl with a grid of dents."""
    return 10 * len(x) + math.fsum(each * each - 10 * math.cos(2 * math.pi * each) for each in x)


def ackley(x: Sequence[float]) -> float:
    """Return a funnel in a field of dents."""
    squares = math.sqrt(math.fsum(each * each for each in x) / len(x))
    waves = math.fsum(math.cos(2 * math.pi * each) for each in x) / len(x)
    return -20 * math.exp(-0.2 * squares) - math.exp(waves) + 20 + math.e


def griewank(x: Sequence[float]) -> float:
    """Return a wide bowl with waves."""
    product = math.prod(math.cos(each / math.sqrt(place)) for place, each in enumerate(x, start=1))
    return math.fsum(each * each for each in x) / 4000 - product + 1


def styblinski_tang(x: Sequence[float]) -> float:
    """Return two basins in each dimension."""
    return math.fsum(each**4 - 16 * each**2 + 5 * each for each in x) / 2


def branin(x: Sequence[float]) -> float:
    """Return three equal minima, on the unit square."""
    a, b = 15 * x[0] - 5, 15 * x[1]
    bent = b - 5.1 / (4 * math.pi**2) * a * a + 5 / math.pi * a - 6
    return bent**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(a) + 10


def himmelblau(x: Sequence[float]) -> float:
    """Return four equal minima."""
    return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2


def six_hump_camel(x: Sequence[float]) -> float:
    """Return six minima, two of them the least."""
    a, b = x
    return (4 - 2.1 * a * a + a**4 / 3) * a * a + a * b + (-4 + 4 * b * b) * b * b


def levy(x: Sequence[float]) -> float:
    """Return waves that grow away from the minimum."""
    w = [1 + (each - 1) / 4 for each in x]
    middle = math.fsum((each - 1) ** 2 * (1 + 10 * math.sin(math.pi * each + 1) ** 2) for each in w[:-1])
    last = (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)
    return math.sin(math.pi * w[0]) ** 2 + middle + last


def _shifted(value: Callable[[Sequence[float]], float], by: float, x: Sequence[float]) -> float:
    return value([each - by for each in x])


_STYBLINSKI = -39.16616570377142
"""The minimum in each dimension."""

FUNCTIONS: Mapping[str, Function] = {
    # Shifted, so that a program that looks at the middle of the box has found nothing.
    "sphere": Function(value=partial(_shifted, sphere, 1.3), low=-5, high=5, dimensions=5, minimum=0),
    "rosenbrock": Function(value=rosenbrock, low=-2, high=2, dimensions=4, minimum=0),
    "rastrigin": Function(value=partial(_shifted, rastrigin, 0.7), low=-5.12, high=5.12, dimensions=3, minimum=0),
    "ackley": Function(value=partial(_shifted, ackley, -2.1), low=-15, high=15, dimensions=4, minimum=0),
    "griewank": Function(value=partial(_shifted, griewank, 11.0), low=-50, high=50, dimensions=3, minimum=0),
    "styblinski-tang": Function(value=styblinski_tang, low=-5, high=5, dimensions=3, minimum=3 * _STYBLINSKI),
    "branin": Function(value=branin, low=0, high=1, dimensions=2, minimum=0.39788735772973816),
    "himmelblau": Function(value=himmelblau, low=-5, high=5, dimensions=2, minimum=0),
    "six-hump camel": Function(value=six_hump_camel, low=-2, high=2, dimensions=2, minimum=-1.0316284534898774),
    "levy": Function(value=levy, low=-10, high=10, dimensions=4, minimum=0),
}
