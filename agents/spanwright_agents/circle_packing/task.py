"""The task: a seed program, and what measures a program. The packing that it returns is checked here, not believed."""

import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import cast

from spanwright import Evaluated, Score, TextTask
from spanwright.sandbox import Limits, run

CIRCLES = 26
BEST_KNOWN = 2.63598
"""The published best sum of radii for 26 circles: AlphaEvolve (2025) found 2.635, later searches 2.63598."""
LIMITS = Limits(seconds=15.0)

GOAL = f"""\
Write a Python program that packs {CIRCLES} circles into the unit square such that their radii add up to as much as \
possible. The score is the sum of the radii.

`pack(n)` is called with n = {CIRCLES} and returns a list of n circles, each as [x, y, radius]. Circles may touch and \
must not overlap or leave the square, not by the last digit: shrink them a little at the end. An invalid packing \
scores 0. numpy and scipy are there. The call has {LIMITS.seconds:g} seconds, one processor and no network."""


def evaluate(program: str) -> Evaluated:
    """Run a program in the sandbox and measure its packing."""
    ran = run(program, call="pack", arguments=[CIRCLES], limits=LIMITS)
    circles = ran.unwrap()
    fault = fault_of(circles)
    if fault:
        return Evaluated(score=Score(value=0.0, feedback=f"The packing is invalid: {fault}"), output=circles)
    radii = sorted(radius for _, _, radius in cast("Sequence[tuple[float, float, float]]", circles))
    info: Mapping[str, object] = {
        "seconds": round(ran.seconds, 1),
        "smallest radius": round(radii[0], 5),
        "largest radius": round(radii[-1], 5),
    }
    return Evaluated(score=math.fsum(radii), output=circles, info=info)


def fault_of(circles: object) -> str:
    """Return what is wrong with a packing, "" if nothing is."""
    if not isinstance(circles, list) or len(circles) != CIRCLES:
        return f"it is not a list of {CIRCLES} circles"
    for place, each in enumerate(circles):
        if not (isinstance(each, list) and len(each) == 3 and all(_is_number(value) for value in each)):
            return f"circle {place} is {each!r}, not [x, y, radius]"
    for place, (x, y, radius) in enumerate(circles):
        if radius < 0 or min(x, y, 1 - x, 1 - y) < radius:
            return f"circle {place} leaves the square by {radius - min(x, y, 1 - x, 1 - y):.3g}"
        for other, (a, b, also) in enumerate(circles[:place]):
            if math.hypot(x - a, y - b) < radius + also:
                return f"circles {other} and {place} overlap by {radius + also - math.hypot(x - a, y - b):.3g}"
    return ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


task = TextTask(
    seed=files("spanwright_agents.circle_packing").joinpath("seed.py").read_text(encoding="utf-8"),
    evaluate=evaluate,
    objective=GOAL,
)
