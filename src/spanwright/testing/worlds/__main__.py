"""Print what worlds are like: `python -m spanwright.testing.worlds --calibrate` or `--speed`."""

import argparse
import sys
from collections.abc import Sequence

from spanwright.testing.worlds.calibration import PUBLISHED, SIZES, calibration, speed
from spanwright.testing.worlds.families import FAMILIES
from spanwright.testing.worlds.world import make_world

_FIRST_SEED = 100
"""Families were tuned on seeds below it."""


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m spanwright.testing.worlds", description=__doc__)
    parser.add_argument("--calibrate", action="store_true", help="runs with gepa's rules, beside published figures")
    parser.add_argument("--speed", action="store_true", help="microseconds of processor time")
    parser.add_argument("--family", choices=FAMILIES, action="append", help="may be given again; all by default")
    parser.add_argument("--worlds", type=int, default=4, help="worlds of each family")
    parser.add_argument("--first-seed", type=int, default=_FIRST_SEED)
    parser.add_argument("--rollouts", type=int, default=2_000)
    asked = parser.parse_args()
    families = asked.family or list(FAMILIES)
    if asked.speed:
        _line("family", ("play", "trace", "reflect", "truth"))
        for family in families:
            found = speed(make_world(family, asked.first_seed))
            _line(family, [f"{each:.0f}" for each in (found.play, found.trace, found.reflect, found.truth)])
    if asked.calibrate:
        columns = (
            "seed",
            "oracle",
            "gain",
            "accepted",
            "validation",
            "not better",
            "depth",
            "candidates",
            "reflections",
        )
        _line("family", columns)
        _line("published", [PUBLISHED.get(column, "") for column in columns])
        for family in families:
            seeds = range(asked.first_seed, asked.first_seed + asked.worlds)
            mean = calibration([make_world(family, seed, sizes=SIZES) for seed in seeds], asked.rollouts)
            _line(family, [f"{getattr(mean, column.replace(' ', '_')):.1f}" for column in columns])


def _line(name: str, cells: Sequence[str]) -> None:
    sys.stdout.write(f"{name:<10} " + " ".join(f"{cell:>11}" for cell in cells) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
