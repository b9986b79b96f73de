"""The size of an upscaled picture, and the scales and resampling by which it is reached.

Tables upscale by whole scales, and Pillow's Lanczos filter resamples the result to the exact size.
The filter has three lobes, is widened for downscaling, and works on premultiplied colours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from iqlut.errors import InvalidArgument
from iqlut.pictures.picture import Pixels

FACTOR_MAX = 16
_DEEP_MAX = 65535


@dataclass(frozen=True)
class Size:
    """The requested size: a scale, or a width, a height or both.

    Of a width or a height alone, the other side follows by the aspect ratio of the picture.
    """

    scale: int | None = None
    width: int | None = None
    height: int | None = None

    def of(self, size: tuple[int, int]) -> tuple[int, int]:
        """The width and height of the result for a picture of `size`, which is (width, height)."""
        w, h = size
        if self.scale:
            return w * self.scale, h * self.scale
        if self.width and self.height:
            return self.width, self.height
        if self.width:
            return self.width, max(1, (2 * h * self.width + w) // (2 * w))
        if self.height:
            return max(1, (2 * w * self.height + h) // (2 * h)), self.height
        return size


def steps(
    size: tuple[int, int], requested: tuple[int, int], scales: tuple[int, ...]
) -> tuple[int, ...]:
    """The scales by which a picture is upscaled in turn to reach at least the requested size.

    The largest of `scales` is repeated until a single scale suffices, and the smallest sufficient
    one comes last. The result is empty for a picture that does not grow. Raises InvalidArgument for
    a factor above `FACTOR_MAX`.
    """
    w, h = size
    if requested[0] > FACTOR_MAX * w or requested[1] > FACTOR_MAX * h:
        factor = max(requested[0] / w, requested[1] / h)
        raise InvalidArgument(
            f"{requested[0]}x{requested[1]} is {factor:.1f} times {w}x{h}, expected at most "
            f"{FACTOR_MAX} times; choose a smaller size"
        )
    taken: list[int] = []
    while requested[0] > w or requested[1] > h:
        sufficient = [n for n in scales if w * n >= requested[0] and h * n >= requested[1]]
        scale = min(sufficient) if sufficient else max(scales)
        taken.append(scale)
        w, h = w * scale, h * scale
    return tuple(taken)


def resample(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Resample pixels to `size`, which is (width, height), by Pillow's Lanczos filter.

    Pixels that have this size already are returned unchanged.
    """
    if isinstance(pixels, Image.Image):
        return pixels if pixels.size == size else pixels.resize(size, Image.Resampling.LANCZOS)
    if pixels.shape[1::-1] == size:
        return pixels
    if pixels.dtype == np.uint8:
        return Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    planes = (
        pixels[:, :, None].astype(np.float32) if pixels.ndim == 2 else pixels.astype(np.float32)
    )
    transparent = planes.shape[2] in (2, 4)
    if transparent:
        planes[:, :, :-1] *= planes[:, :, -1:] / _DEEP_MAX
    larger = np.stack([_lanczos(planes[:, :, c], size) for c in range(planes.shape[2])], axis=2)
    if transparent:
        larger[:, :, :-1] /= np.maximum(larger[:, :, -1:], 0.5) / _DEEP_MAX
    rounded = np.rint(larger).clip(0, _DEEP_MAX).astype(np.uint16)
    return rounded[:, :, 0] if pixels.ndim == 2 else rounded


def _lanczos(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.array(Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS))
