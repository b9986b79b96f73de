"""What planes and images are as arrays, and what a function that upscales a plane is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# Maps a plane, uint8 (h, w), to uint8 (scale * h, scale * w); it never changes its input.
UpscalePlane = Callable[[np.ndarray], np.ndarray]


def check_uint8(
    image: np.ndarray, dimensions: tuple[int, ...], channels: tuple[int, ...] = (2, 3, 4)
) -> None:
    """ValueError unless `image` is uint8 with pixels, and of the expected dimensions and channels."""
    what = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
    good = (
        isinstance(image, np.ndarray)
        and image.dtype == np.uint8
        and image.ndim in dimensions
        and image.size > 0
    )
    if not good or (image.ndim == 3 and image.shape[2] not in channels):
        shapes = [f"(h, w, {c})" for c in channels] if 3 in dimensions else []
        expected = " or ".join((["(h, w)"] if 2 in dimensions else []) + shapes)
        raise ValueError(
            f"the image is {what}, expected a uint8 array {expected} with at least one pixel"
        )
