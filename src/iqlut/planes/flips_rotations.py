"""The eight flips and rotations of an image plane, numbered 0 to 7."""

from __future__ import annotations

import numpy as np

# The members of each group of flips and rotations. The order makes every leading part of a list a
# whole orbit of a smaller group.
GROUPS = {1: (0,), 2: (0, 3), 4: (0, 3, 5, 6), 8: (0, 3, 5, 6, 1, 2, 4, 7)}


def flip_rotate(plane: np.ndarray, number: int) -> np.ndarray:
    """Flip and rotate a plane (h, w), as a view.

    Bit 0 of `number` reverses the columns and bit 1 the rows. Bit 2 then transposes the plane.
    """
    plane = plane[:, ::-1] if number & 1 else plane
    plane = plane[::-1] if number & 2 else plane
    return plane.T if number & 4 else plane


def flip_rotate_back(plane: np.ndarray, number: int) -> np.ndarray:
    """Undo `flip_rotate` with the same `number`."""
    return flip_rotate(plane.T, number & 3) if number & 4 else flip_rotate(plane, number)
