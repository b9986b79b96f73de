"""Self-ensemble: the mean of a plane upscaled in several of its eight flips and rotations.

The result is sharper and takes as many times the time. A model does not treat an image and its rotation alike; the
difference is error, which the mean cancels ("enhanced prediction", arXiv 1511.02228; "self-ensemble", arXiv
1707.02921). SR-LUT and MuLUT always use four rotations.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from iqlut.planes.flips_rotations import flip_rotate, flip_rotate_back

COUNTS = (1, 2, 4, 8)
# In this order: the plane itself, rotated by 180 degrees, the two flips, then all of these transposed.
_ORDER = (0, 3, 1, 2, 4, 5, 6, 7)

UpscalePlane = Callable[[np.ndarray], np.ndarray]


def gains_nothing(ensemble: int, symmetry: int) -> bool:
    """Whether `turns` of a model of this `symmetry` give the same pixels, so that their mean is any one of them."""
    return ensemble == 1 or symmetry == 8 or (ensemble == 2 and symmetry > 1)


def self_ensemble(upscale_plane: UpscalePlane, ensemble: int, symmetry: int = 1) -> UpscalePlane:
    """An `engines.Upscale` as good as `turns` of `upscale`, one of `COUNTS`; the mean is rounded, halves up.

    A model of such `symmetry` that all of these turns give the same pixels is not asked again. ValueError for another
    count.
    """
    if ensemble not in COUNTS:
        raise ValueError(f"ensemble is {ensemble}, expected one of {', '.join(map(str, COUNTS))}")
    if gains_nothing(ensemble, symmetry):
        return upscale_plane

    def mean(plane: np.ndarray) -> np.ndarray:
        total: np.ndarray | int = ensemble // 2
        for number in _ORDER[:ensemble]:
            large = upscale_plane(np.ascontiguousarray(flip_rotate(plane, number)))
            total = total + flip_rotate_back(large, number).astype(np.uint16)
        return (np.asarray(total) // ensemble).astype(np.uint8)

    return mean
