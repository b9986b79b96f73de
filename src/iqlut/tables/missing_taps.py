"""Tables with taps off the centre between some channels only, which store only the taps they have.

A layer of 3x3 taps may read its neighbouring pixels for its first inputs and outputs alone: all
other entries off the centre are 0. Then two arrays hold all that is not 0,

    centre  int8 (c, levels, d)              the entries of the tap at the centre
    around  int8 (few_in, levels, 8, few_out)  those of the other taps, in the order of rows

where few_in and few_out are the fewest first inputs and outputs. Of symmetric tables, this is done
with the stored part (symmetry.py).
"""

from __future__ import annotations

import numpy as np

from iqlut.errors import IllegalTables

_CENTRE = 4  # of the 9 taps


def extent(lut: np.ndarray) -> tuple[int, int]:
    """The numbers of first inputs and first outputs that have entries off the centre other than 0.

    `lut` is (c, levels, k, k, d). Kernels of 1 and 2 taps a side have no centre, so all channels
    count.
    """
    c, levels, k, _, d = lut.shape
    if k != 3:
        return c, d
    around = np.delete(lut.reshape(c, levels, 9, d), _CENTRE, axis=2).any(axis=(1, 2))
    inputs, outputs = np.nonzero(around)
    return (int(inputs.max()) + 1, int(outputs.max()) + 1) if len(inputs) else (0, 0)


def split(lut: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The arrays `centre` and `around` of a table, or None if it has all taps."""
    c, levels, k, _, d = lut.shape
    few_in, few_out = extent(lut)
    if k != 3 or few_in * few_out == c * d:
        return None
    taps = lut.reshape(c, levels, 9, d)
    around = np.delete(taps[:few_in, ..., :few_out], _CENTRE, axis=2)
    return np.ascontiguousarray(taps[:, :, _CENTRE]), np.ascontiguousarray(around)


def join(centre: np.ndarray, around: np.ndarray) -> np.ndarray:
    """The table (c, levels, 3, 3, d) of the arrays that `split` returns.

    Raises IllegalTables for arrays that `split` would not return.
    """
    fits = centre.ndim == 3 and around.ndim == 4 and around.shape[1:3] == (centre.shape[1], 8)
    if not fits or around.shape[0] > centre.shape[0] or around.shape[3] > centre.shape[2]:
        raise IllegalTables(
            f"the taps off the centre are {around.shape} and those at the centre {centre.shape}, "
            "expected (few_in, levels, 8, few_out) and (c, levels, d)"
        )
    (c, levels, d), (few_in, _, _, few_out) = centre.shape, around.shape
    lut = np.zeros((c, levels, 9, d), centre.dtype)
    lut[:, :, _CENTRE] = centre
    others = [tap for tap in range(9) if tap != _CENTRE]
    lut[:few_in, :, others, :few_out] = around
    lut = lut.reshape(c, levels, 3, 3, d)
    if split(lut) is None or extent(lut) != (few_in, few_out):
        raise IllegalTables(
            f"the taps off the centre are {around.shape}, expected the fewest channels that hold "
            f"all of them, {extent(lut)}"
        )
    return lut


def entry_count(lut: np.ndarray) -> int:
    """How many entries are stored of a table."""
    parts = split(lut)
    return lut.size if parts is None else sum(part.size for part in parts)
