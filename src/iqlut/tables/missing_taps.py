"""Tables of 3x3 taps that store only the taps they have.

There are two forms. A layer may read its neighbouring pixels for its first inputs and outputs
alone: all other entries off the centre are 0. Then two arrays hold all that is not 0,

    centre  int8 (c, levels, d)              the entries of the tap at the centre
    around  int8 (few_in, levels, 8, few_out)  those of the other taps, in the order of rows

where few_in and few_out are the fewest first inputs and outputs. Or all entries outside the middle
row of taps are 0, and one array holds this row,

    row     int8 (c, levels, 1, 3, d)

The row is stored if it has entries off the centre other than 0. Of symmetric tables, this is done
with the stored part (symmetry.py), and a row there stands for rows and columns.
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


def has_row_only(lut: np.ndarray) -> bool:
    """Whether a table (c, levels, k, k, d) has a row of three taps and no others."""
    if lut.shape[2] != 3:
        return False
    return not lut[:, :, ::2].any() and bool(lut[:, :, 1, ::2].any())


def split(lut: np.ndarray) -> tuple[np.ndarray, ...]:
    """The arrays that are stored of a table: `centre` and `around`, `row`, or the table itself."""
    c, _, k, _, d = lut.shape
    if has_row_only(lut):
        return (np.ascontiguousarray(lut[:, :, 1:2]),)
    few_in, few_out = extent(lut)
    if k != 3 or few_in * few_out == c * d:
        return (np.ascontiguousarray(lut),)
    return centre_and_around(lut, few_in, few_out)


def centre_and_around(lut: np.ndarray, few_in: int, few_out: int) -> tuple[np.ndarray, np.ndarray]:
    """`centre` and `around` of a table (c, levels, 3, 3, d) for these numbers of channels."""
    c, levels, _, _, d = lut.shape
    taps = lut.reshape(c, levels, 9, d)
    around = np.delete(taps[:few_in, ..., :few_out], _CENTRE, axis=2)
    return np.ascontiguousarray(taps[:, :, _CENTRE]), np.ascontiguousarray(around)


def join_row(row: np.ndarray) -> np.ndarray:
    """The table (c, levels, 3, 3, d) of a row. Raises IllegalTables if it has no taps beside the
    centre.
    """
    if row.shape[2:4] != (1, 3) or not row[:, :, :, ::2].any():
        raise IllegalTables(
            f"a table has the shape {row.shape}, expected as many rows of taps as columns, or a "
            "row of three with entries beside the centre"
        )
    return np.pad(row, ((0, 0), (0, 0), (1, 1), (0, 0), (0, 0)))


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
    if has_row_only(lut):
        raise IllegalTables(
            "the taps off the centre are all in the middle row, expected this row as one tensor"
        )
    if len(split(lut)) != 2 or extent(lut) != (few_in, few_out):
        raise IllegalTables(
            f"the taps off the centre are {around.shape}, expected the fewest channels that hold "
            f"all of them, {extent(lut)}"
        )
    return lut


def entry_count(lut: np.ndarray) -> int:
    """How many entries are stored of a table."""
    return sum(part.size for part in split(lut))


def lacks_taps(lut: np.ndarray) -> bool:
    """Whether a tensor holds the centre or the row of a table that has no other taps."""
    return lut.ndim == 3 or (lut.ndim == 5 and lut.shape[2] != lut.shape[3])


def whole_size(array: np.ndarray) -> int:
    """The entries that are made of a tensor, with those of the taps that it lacks."""
    return array.size * (9 if array.ndim == 3 else 3 if lacks_taps(array) else 1)
