"""The few words about numpy arrays that this room shares."""

from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int32]
Flags: TypeAlias = NDArray[np.bool_]

_BYTES = 255
"""Rows whose sum fits into a byte."""

_Scalar = TypeVar("_Scalar", bound=np.generic)


def widened(array: NDArray[_Scalar], room: int) -> NDArray[_Scalar]:
    """Return a copy whose last axis has `room` places; the new ones are zero."""
    wide = np.zeros((*array.shape[:-1], room), dtype=array.dtype)
    wide[..., : array.shape[-1]] = array
    return wide


def tally(flags: Flags) -> Integers:
    """Return for each column in how many rows it is set. Sums of single bytes are several times as fast as numpy's."""
    columns: int = flags.shape[1]
    counts: Integers = np.zeros(columns, dtype=np.int32)
    for row in range(0, len(flags), _BYTES):
        few: NDArray[np.uint8] = flags[row : row + _BYTES].view(np.uint8).sum(axis=0, dtype=np.uint8)
        np.add(counts, few, out=counts)
    return counts


def sealed(array: NDArray[_Scalar]) -> NDArray[_Scalar]:
    """Return the same memory, not to be written through."""
    window = array.view()
    window.flags.writeable = False
    return window
