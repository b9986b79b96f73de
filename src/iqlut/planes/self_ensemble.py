"""Self-ensemble: the mean of a plane upscaled in several of its eight flips and rotations.

The result is sharper and takes as many times the time. A model does not treat an image and its rotation alike; the
difference is error, which the mean cancels ("enhanced prediction", arXiv 1511.02228; "self-ensemble", arXiv
1707.02921). SR-LUT and MuLUT always use four rotations.
"""

from __future__ import annotations

import numpy as np

from iqlut.planes.flips_rotations import flip_rotate, flip_rotate_back
from iqlut.planes.plane_types import UpscalePlane

COUNTS = (1, 2, 4, 8)
# In this order: the plane itself, rotated by 180 degrees, the two flips, then all of these transposed.
_ORDER = (0, 3, 1, 2, 4, 5, 6, 7)


def gains_nothing(ensemble: int, symmetry: int) -> bool:
    """Whether all flips and rotations of an ensemble give the same pixels for a model of this symmetry."""
    return ensemble == 1 or symmetry == 8 or (ensemble == 2 and symmetry > 1)


def self_ensemble(upscale_plane: UpscalePlane, ensemble: int, symmetry: int = 1) -> UpscalePlane:
    """A function that upscales by the mean of `ensemble` flips and rotations, rounded, halves up.

    ensemble  one of `COUNTS`, else ValueError
    symmetry  of the model: where all of these flips and rotations give the same pixels, `upscale_plane` is returned
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
