"""The few words about numpy arrays that this room shares."""

from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int32]
Flags: TypeAlias = NDArray[np.bool_]

_Scalar = TypeVar("_Scalar", bound=np.generic)


def widened(array: NDArray[_Scalar], room: int) -> NDArray[_Scalar]:
    """Return a copy whose last axis has `room` places; the new ones are zero."""
    wide = np.zeros((*array.shape[:-1], room), dtype=array.dtype)
    wide[..., : array.shape[-1]] = array
    return wide


def sealed(array: NDArray[_Scalar]) -> NDArray[_Scalar]:
    """Return the same memory, not to be written through."""
    window = array.view()
    window.flags.writeable = False
    return window
