"""Resizing as by MATLAB's `imresize`, which published benchmarks use, and cropping to multiples.

A plane is uint8 (h, w). An image is a plane or uint8 (h, w, c).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from iqlut.errors import InvalidArgument
from iqlut.planes import cubic
from iqlut.planes.plane_types import check_uint8

_BAND_PX = 1 << 17  # samples computed at a time, few enough to stay in the cache


def resize(plane: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize a plane, uint8 (h, w), to uint8 (height, width) by the bicubic filter of MATLAB.

    This equals `imresize(plane, [height width], 'bicubic')`. The cubic kernel has a = -0.5 and is
    widened for downscaling (antialiasing). The border is padded by edge replication. As in MATLAB,
    each of the two passes rounds to uint8, halves up, and the vertical pass comes first.

    Raises InvalidArgument for anything but a plane, and for a size below 1x1.
    """
    check_uint8(plane, (2,))
    if height < 1 or width < 1:
        raise InvalidArgument(
            f"the requested size is {width}x{height} pixels, expected at least 1x1; "
            "use a smaller scale or a larger image"
        )
    return np.array(_resize_rows(_resize_rows(plane, height).T, width).T, order="C")


def shrink(image: np.ndarray, scale: int) -> np.ndarray:
    """Downscale each channel of an image by `resize`. Its sides must be multiples of `scale`."""
    h, w = image.shape[0] // scale, image.shape[1] // scale
    if image.ndim == 2:
        return resize(image, h, w)
    return np.stack([resize(image[:, :, c], h, w) for c in range(image.shape[2])], axis=2)


def _resize_rows(plane: np.ndarray, height: int) -> np.ndarray:
    """Resize in one direction: (h, w) to (height, w), rounded to uint8."""
    h, w = plane.shape
    if h == height:
        return plane
    taps, weights = _contributions(h, height)
    plane = np.ascontiguousarray(plane)
    out = np.empty((height, w), np.uint8)
    band = max(1, _BAND_PX // w)
    for top in range(0, height, band):
        rows = slice(top, min(top + band, height))
        total = np.full((rows.stop - top, w), 0.5)
        for k in range(taps.shape[0]):
            total += weights[k, rows, None] * plane[taps[k, rows]]
        out[rows] = np.floor(total, out=total).clip(0, 255)
    return out


def downscaling_taps(scale: int) -> tuple[np.ndarray, np.ndarray]:
    """The filter that `resize` downscales by `scale` with, away from the border.

    Returns the rows of the taps in rising order, int (k,), relative to the first of the `scale`
    rows that make a new row, and their weights, float64 (k,).
    """
    size = 8  # new rows, enough for one whose taps do not reach the border
    taps, weights = _contributions(size * scale, size)
    middle = size // 2
    return taps[:, middle] - middle * scale, weights[:, middle]


@lru_cache(maxsize=64)
def _contributions(size_in: int, size_out: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows that each new row reads and their weights.

    Both have the shape (k, size_out); the rows are integers and the weights float64.
    """
    scale = size_out / size_in
    widen = min(scale, 1.0)
    # Positions are one-based, as in MATLAB.
    centre = np.arange(1, size_out + 1) / scale + 0.5 * (1 - 1 / scale)
    first = np.floor(centre - 2 / widen)
    taps = first + np.arange(int(np.ceil(4 / widen)) + 2)[:, None]
    weights = widen * cubic.keys(widen * (centre - taps))
    weights /= weights.sum(axis=0)
    used = weights.any(axis=1)
    return (taps[used].clip(1, size_in) - 1).astype(np.intp), weights[used]


def mod_crop(image: np.ndarray, scale: int) -> np.ndarray:
    """Crop the last rows and columns of an image, so that its sides are multiples of `scale`."""
    h, w = image.shape[:2]
    return image[: h - h % scale, : w - w % scale]
