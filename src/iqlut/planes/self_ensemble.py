"""Self-ensemble: the mean of the upscaled flips and rotations of a plane, and of its negative.

The result is more accurate, and the time grows with the number of flips and rotations. A model does
not upscale an image and its rotation alike, nor an image and its negative. The difference between
the two is error, which the mean reduces ("enhanced prediction", arXiv 1511.02228; "self-ensemble",
arXiv 1707.02921). SR-LUT and MuLUT always use four rotations.
"""

from __future__ import annotations

import numpy as np

from iqlut.errors import InvalidArgument
from iqlut.planes.flips_rotations import GROUPS, flip_rotate, flip_rotate_back
from iqlut.planes.plane_types import UpscalePlane

COUNTS = (1, 2, 4, 8, 16)
# The plane itself, its rotation by 180 degrees, the two flips, then all of these transposed.
_ORDER = (0, 3, 1, 2, 4, 5, 6, 7)


def gains_nothing(ensemble: int, symmetry: int) -> bool:
    """Whether a model of this symmetry gives the same pixels for all members of an ensemble."""
    return len(_members(ensemble, symmetry)) == 1


def _members(ensemble: int, symmetry: int) -> list[tuple[int, bool]]:
    """The flips and rotations of an ensemble whose pixels differ, and whether of the negative."""
    numbers = _distinct(_ORDER[:ensemble], symmetry)
    negatives = (False, True) if ensemble > len(_ORDER) else (False,)
    return [(number, negative) for negative in negatives for number in numbers]


def _distinct(numbers: tuple[int, ...], symmetry: int) -> list[int]:
    """Those of the flips and rotations after which a model of this symmetry gives other pixels than
    after one before.
    """
    grid, covered, kept = np.arange(9).reshape(3, 3), set(), []
    for number in numbers:
        transformed = flip_rotate(grid, number)
        if transformed.tobytes() not in covered:
            kept.append(number)
            covered |= {flip_rotate(transformed, member).tobytes() for member in GROUPS[symmetry]}
    return kept


def self_ensemble(upscale_plane: UpscalePlane, ensemble: int, symmetry: int = 1) -> UpscalePlane:
    """A function that upscales by the mean of `ensemble` flips and rotations, rounded, halves up.

    ensemble  one of `COUNTS`; 16 are the eight flips and rotations of the plane and of its negative
    symmetry  of the model

    Returns `upscale_plane` itself if all of these flips and rotations give the same pixels. Raises
    InvalidArgument for an `ensemble` that is not in `COUNTS`.
    """
    if ensemble not in COUNTS:
        raise InvalidArgument(
            f"ensemble is {ensemble}, expected one of {', '.join(map(str, COUNTS))}; "
            "use 1 for no self-ensemble"
        )
    members = _members(ensemble, symmetry)
    if len(members) == 1:
        return upscale_plane

    def mean(plane: np.ndarray) -> np.ndarray:
        total: np.ndarray | int = len(members) // 2
        for number, negative in members:
            member = ~plane if negative else plane
            large = upscale_plane(np.ascontiguousarray(flip_rotate(member, number)))
            large = flip_rotate_back(~large if negative else large, number)
            total = total + large.astype(np.uint16)
        return (np.asarray(total) // len(members)).astype(np.uint8)

    return mean
