"""An independent check of a packing: exact arithmetic, and none of the task's code.

    python -m spanwright_agents.circle_packing.check best.py

It runs the program in the sandbox once more and recomputes the figure with fractions, so no rounding can help it.
"""

import sys
from fractions import Fraction
from pathlib import Path

from pydantic import TypeAdapter

from spanwright.sandbox import Limits, run

_CIRCLES: TypeAdapter[list[tuple[float, float, float]]] = TypeAdapter(list[tuple[float, float, float]])


def exact_sum(circles: object, count: int) -> Fraction:
    """Return the sum of the radii of a valid packing. Raises ValueError for any other."""
    exact = [tuple(map(Fraction, circle)) for circle in _CIRCLES.validate_python(circles)]
    if len(exact) != count:
        raise ValueError(f"{len(exact)} circles in place of {count}")
    for place, (x, y, radius) in enumerate(exact):
        if not (0 <= radius <= x <= 1 - radius and radius <= y <= 1 - radius):
            raise ValueError(f"circle {place} leaves the square")
        for a, b, other in exact[:place]:
            if (x - a) ** 2 + (y - b) ** 2 < (radius + other) ** 2:
                raise ValueError(f"circle {place} overlaps another one")
    return sum((radius for _, _, radius in exact), Fraction(0))


def main() -> None:
    """Print the sum of the radii of the packing that a program makes."""
    program = Path(sys.argv[1]).read_text(encoding="utf-8")
    circles = run(program, call="pack", arguments=[26], limits=Limits(seconds=60)).unwrap()
    sys.stdout.write(f"{float(exact_sum(circles, 26)):.9f}\n")


if __name__ == "__main__":
    main()
