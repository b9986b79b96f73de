"""The mean of a plane enlarged in several of its eight flips and turns: sharper, in as many times the time.

A model is not the same for a picture and the picture turned; what differs is error, and cancels in the mean
("enhanced prediction", arXiv 1511.02228; "self-ensemble", arXiv 1707.02921). MuLUT and SR-LUT take four turns always.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

COUNTS = (1, 2, 4, 8)
_ORDER = (0, 3, 1, 2, 4, 5, 6, 7)  # as it is, by 180 degrees, the two flips, then all of them with rows for columns

Enlarge = Callable[[np.ndarray], np.ndarray]


def turned(plane: np.ndarray, number: int) -> np.ndarray:
    """One of the eight flips and turns: bit 0 flips columns, bit 1 rows, bit 2 then swaps them."""
    plane = plane[:, ::-1] if number & 1 else plane
    plane = plane[::-1] if number & 2 else plane
    return plane.T if number & 4 else plane


def turned_back(plane: np.ndarray, number: int) -> np.ndarray:
    """What `turned` made `plane` of."""
    return turned(plane.T, number & 3) if number & 4 else turned(plane, number)


def all_alike(turns: int, symmetry: int) -> bool:
    """Whether `turns` of a model of this `symmetry` give the same pixels, so that their mean is any one of them."""
    return turns == 1 or symmetry == 8 or (turns == 2 and symmetry > 1)


def averaged(enlarge: Enlarge, turns: int, symmetry: int = 1) -> Enlarge:
    """An `engines.Upscale` as good as `turns` of `enlarge`, one of `COUNTS`; the mean is rounded, halves up.

    A model of such `symmetry` that all of these turns give the same pixels is not asked again. ValueError for another
    count.
    """
    if turns not in COUNTS:
        raise ValueError(f"turns is {turns}, wanted one of {', '.join(map(str, COUNTS))}")
    if all_alike(turns, symmetry):
        return enlarge

    def mean(plane: np.ndarray) -> np.ndarray:
        total: np.ndarray | int = turns // 2
        for number in _ORDER[:turns]:
            large = enlarge(np.ascontiguousarray(turned(plane, number)))
            total = total + turned_back(large, number).astype(np.uint16)
        return (np.asarray(total) // turns).astype(np.uint8)

    return mean
