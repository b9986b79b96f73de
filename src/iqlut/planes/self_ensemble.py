"""Self-ensemble: the mean of the upscaled flips and rotations of a plane.

The result is more accurate, and the time grows with the number of flips and rotations. A model does
not upscale an image and its rotation alike. The difference between the two is error, which the mean
reduces ("enhanced prediction", arXiv 1511.02228; "self-ensemble", arXiv 1707.02921). SR-LUT and
MuLUT always use four rotations.
"""

from __future__ import annotations

import numpy as np

from iqlut.errors import InvalidArgument
from iqlut.planes.flips_rotations import flip_rotate, flip_rotate_back
from iqlut.planes.plane_types import UpscalePlane

COUNTS = (1, 2, 4, 8)
# The plane itself, its rotation by 180 degrees, the two flips, then all of these transposed.
_ORDER = (0, 3, 1, 2, 4, 5, 6, 7)


def gains_nothing(ensemble: int, symmetry: int) -> bool:
    """Whether a model of this symmetry gives the same pixels for all members of an ensemble."""
    return ensemble == 1 or symmetry >= 8 or (ensemble == 2 and symmetry > 1)


def self_ensemble(upscale_plane: UpscalePlane, ensemble: int, symmetry: int = 1) -> UpscalePlane:
    """A function that upscales by the mean of `ensemble` flips and rotations, rounded, halves up.

    ensemble  one of `COUNTS`
    symmetry  of the model

    Returns `upscale_plane` itself if all of these flips and rotations give the same pixels. Raises
    InvalidArgument for an `ensemble` that is not in `COUNTS`.
    """
    if ensemble not in COUNTS:
        raise InvalidArgument(
            f"ensemble is {ensemble}, expected one of {', '.join(map(str, COUNTS))}; "
            "use 1 for no self-ensemble"
        )
    if gains_nothing(ensemble, symmetry):
        return upscale_plane

    def mean(plane: np.ndarray) -> np.ndarray:
        total: np.ndarray | int = ensemble // 2
        for number in _ORDER[:ensemble]:
            large = upscale_plane(np.ascontiguousarray(flip_rotate(plane, number)))
            total = total + flip_rotate_back(large, number).astype(np.uint16)
        return (np.asarray(total) // ensemble).astype(np.uint8)

    return mean
