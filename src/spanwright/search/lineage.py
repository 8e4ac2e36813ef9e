"""Who descends from whom, answered for all members at once.

Members are kept in the order of a depth-first walk, a child right behind its parent: so the descendants of a member are
its neighbours, and "below this one" is one comparison of arrays, however deep the tree is.
"""

import numpy as np

from spanwright.search.arrays import Flags, Integers, widened


class Lineage:
    """A forest that grows by one member at a time; members are numbered from 0 in the order of their coming."""

    def __init__(self) -> None:
        self._size = 0
        self._position: Integers = np.zeros(256, dtype=np.int32)
        self._extent: Integers = np.zeros(256, dtype=np.int32)

    def add(self, parent: int | None) -> None:
        """Add the next member as the newest child of `parent`, or as a root of its own."""
        size = self._size
        if size == len(self._position):
            self._position = widened(self._position, 2 * size)
            self._extent = widened(self._extent, 2 * size)
        place = size
        if parent is not None:
            positions, extents = self._position[:size], self._extent[:size]
            above = positions[parent]
            extents[(positions <= above) & (above < positions + extents)] += 1
            place = above + 1
            positions[positions >= place] += 1
        self._position[size] = place
        self._extent[size] = 1
        self._size += 1

    def under(self, member: int) -> Flags:
        """Return for each member whether it is `member` or descends from it."""
        positions = self._position[: self._size]
        start = positions[member]
        return (positions >= start) & (positions < start + self._extent[member])
