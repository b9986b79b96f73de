"""How large a picture becomes, and by which steps: whole scales by tables, the rest by one resampler.

The resampler is Pillow's Lanczos (three lobes, widened when shrinking; transparency premultiplied).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from iqlut.pictures.picture import Pixels

FACTOR_MAX = 16
_DEEP_MAX = 65535


@dataclass(frozen=True)
class Size:
    """The size asked for: a scale; or a width, a height (the other side follows) or both."""

    scale: int | None = None
    width: int | None = None
    height: int | None = None

    def of(self, size: tuple[int, int]) -> tuple[int, int]:
        """Width and height that a picture of (width, height) becomes."""
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
    size: tuple[int, int], wanted: tuple[int, int], scales: tuple[int, ...]
) -> tuple[int, ...]:
    """The scales, of those that there are, by which a picture reaches at least the wanted size.

    The largest scale until the next larger one suffices; none for a picture that does not grow.
    ValueError beyond `FACTOR_MAX`.
    """
    w, h = size
    if wanted[0] > FACTOR_MAX * w or wanted[1] > FACTOR_MAX * h:
        factor = max(wanted[0] / w, wanted[1] / h)
        raise ValueError(
            f"{wanted[0]}x{wanted[1]} is {factor:.1f} times {w}x{h}, expected at most {FACTOR_MAX} times"
        )
    taken: list[int] = []
    while wanted[0] > w or wanted[1] > h:
        enough = [scale for scale in scales if w * scale >= wanted[0] and h * scale >= wanted[1]]
        scale = min(enough) if enough else max(scales)
        taken.append(scale)
        w, h = w * scale, h * scale
    return tuple(taken)


def resample(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Pixels as (width, height) by Lanczos; the same where nothing is to be done."""
    if isinstance(pixels, Image.Image):
        return pixels if pixels.size == size else pixels.resize(size, Image.Resampling.LANCZOS)
    if pixels.shape[1::-1] == size:
        return pixels
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
