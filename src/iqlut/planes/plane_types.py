"""The array types of planes and images, and the type of a function that upscales a plane."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from iqlut.errors import InvalidArgument

# Upscales a plane, uint8 (h, w), to uint8 (scale * h, scale * w), without changing its input.
UpscalePlane = Callable[[np.ndarray], np.ndarray]


def check_uint8(
    image: np.ndarray, dimensions: tuple[int, ...], channels: tuple[int, ...] = (2, 3, 4)
) -> None:
    """Raise InvalidArgument unless `image` is a uint8 array of the expected shape.

    It must have at least one pixel, one of the numbers of `dimensions`, and if it has three, one of
    the numbers of `channels`.
    """
    found = (
        f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
    )
    is_plane_or_image = (
        isinstance(image, np.ndarray)
        and image.dtype == np.uint8
        and image.ndim in dimensions
        and image.size > 0
    )
    if not is_plane_or_image or (image.ndim == 3 and image.shape[2] not in channels):
        shapes = [f"(h, w, {c})" for c in channels] if 3 in dimensions else []
        expected = " or ".join((["(h, w)"] if 2 in dimensions else []) + shapes)
        raise InvalidArgument(
            f"the image is {found}, expected a uint8 array {expected} with at least one pixel; "
            "convert it first"
        )
