"""Orientation of pictures: 1 to 8, as EXIF numbers them."""

from __future__ import annotations

import numpy as np
from PIL import Image

from iqlut.pictures.picture import Pixels

_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TRANSPOSED = (5, 6, 7, 8)  # orientations in which rows and columns change places


def is_transposed(orientation: int | None) -> bool:
    """Whether rows and columns change places when an image becomes upright."""
    return orientation in _TRANSPOSED


def upright_size(size: tuple[int, int], orientation: int | None) -> tuple[int, int]:
    """The size of an image when it is upright; `size` is (width, height)."""
    return (size[1], size[0]) if is_transposed(orientation) else size


def upright(pixels: Pixels, orientation: int | None) -> Pixels:
    """The pixels as they are to be displayed; None or an undefined number changes nothing."""
    if orientation not in _TRANSPOSES:
        return pixels
    if isinstance(pixels, Image.Image):
        return pixels.transpose(_TRANSPOSES[orientation])
    if is_transposed(orientation):
        pixels = pixels.swapaxes(0, 1)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(pixels[::rows, ::columns])
