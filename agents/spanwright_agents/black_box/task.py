"""The task: a program that minimizes, on ten functions at once. The points that it asked are valued anew out here."""

import math
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from pydantic import TypeAdapter

from spanwright import CandidateFailed, Evaluated, TextTask
from spanwright.sandbox import Limits, run
from spanwright_agents.black_box import functions
from spanwright_agents.black_box.functions import FUNCTIONS, Function

BUDGET = 300
"""Values that a program may ask for."""
SEEDS = (1, 2, 3)
LIMITS = Limits(seconds=10.0)
_SMALLEST = 1e-8
"""A gap to the known minimum that counts as none."""

GOAL = f"""\
Write a Python program that minimizes a black-box function on a box. Ten standard functions of 2 to 5 dimensions are \
tried, smooth and rugged ones.

`minimize(ask, dimensions, low, high, budget, seed)` is called for each; every coordinate lies within low and high. \
`ask(point)` takes a list of numbers and returns the value there; after {BUDGET} calls it raises an error. The best \
point that was asked counts, and nothing need be returned. Only calls of `ask` tell about the function.

The score of a function is minus the decimal logarithm of the gap to its known minimum, the mean over {len(SEEDS)} \
seeds: 8 is all there is. numpy and scipy are there; a call has {LIMITS.seconds:g} seconds for all seeds."""

_POINTS: TypeAdapter[list[list[list[float]]]] = TypeAdapter(list[list[list[float]]])

_HARNESS = """

def _measure(name, dimensions, low, high, budget, seeds):
    function, asked = FUNCTIONS[name], []
    for seed in seeds:
        points = []
        asked.append(points)

        def ask(point, points=points):
            if len(points) >= budget:
                raise RuntimeError("the budget of values is spent")
            points.append([min(max(float(each), low), high) for each in point])
            return function.value(points[-1])

        minimize(ask, dimensions, low, high, budget, seed)
    return asked
"""


def evaluate(program: str, name: str) -> Evaluated:
    """Run a program on a function and measure how near it came."""
    function = FUNCTIONS[name]
    arguments = [name, function.dimensions, function.low, function.high, BUDGET, SEEDS]
    code = f"{program}\n{Path(functions.__file__).read_text(encoding='utf-8')}\n{_HARNESS}"
    ran = run(code, call="_measure", arguments=arguments, limits=LIMITS)
    gaps = [gap_of(function, points) for points in _POINTS.validate_python(ran.unwrap())]
    score = math.fsum(-math.log10(max(gap, _SMALLEST)) for gap in gaps) / len(gaps)
    info: Mapping[str, object] = {"gaps to the minimum": [float(f"{gap:.3g}") for gap in gaps]}
    return Evaluated(score=score, output=gaps, info=info)


def gap_of(function: Function, points: list[list[float]]) -> float:
    """Return how far the best of the points that were asked is from the minimum. Raises CandidateFailed for none."""
    fitting = [each for each in points[:BUDGET] if len(each) == function.dimensions]
    if not fitting:
        raise CandidateFailed("program", "it asked for no value")
    inside = ([min(max(each, function.low), function.high) for each in point] for point in fitting)
    return max(0.0, min(map(function.value, inside)) - function.minimum)


task = TextTask(
    seed=files("spanwright_agents.black_box").joinpath("seed.py").read_text(encoding="utf-8"),
    evaluate=evaluate,
    cases={name: name for name in FUNCTIONS},
    objective=GOAL,
)
