"""Random orders and normal deviates. Whoever wants chance here hands in its source: nothing draws behind your back."""

from collections.abc import Sequence
from random import Random

import numpy as np

from spanwright.search.arrays import Floats


def shuffled(cases: Sequence[str], key: str) -> tuple[str, ...]:
    """Return `cases` in an order that depends on `key` alone."""
    return tuple(Random(key).sample(cases, len(cases)))


def normals(rng: Random, count: int) -> Floats:
    """Return independent standard normal deviates, by Box and Muller's method.

    Drawn as one block of bytes: thousands of calls of `rng.gauss` would cost more than all else in a decision.
    """
    words = np.frombuffer(rng.randbytes(16 * count), dtype="<u8")
    uniform = ((words >> np.uint64(11)) + 0.5) * 2.0**-53
    return np.sqrt(-2.0 * np.log(uniform[:count])) * np.cos(2.0 * np.pi * uniform[count:])
