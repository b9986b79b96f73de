"""Resampling of the planes of a frame to any size by Pillow's Lanczos filter.

The filter has three lobes and is widened for downscaling. Chroma samples keep their position
relative to luma.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from iqlut.videos.frame_planes import Layout

_PADDING = 4  # samples of edge replication; the cells of co-sited chroma begin outside the plane


def resample_planes(
    planes: Sequence[np.ndarray], layout: Layout, target: Layout
) -> list[np.ndarray]:
    """Resample the planes of a frame of `layout` to the size of `target`."""
    ratios = (layout.width / target.width, layout.height / target.height)
    (across, down), (left, top) = layout.chroma or (0, 0), layout.sited
    resampled = [_resample(planes[0], target, target.shapes()[0], ratios, (0.0, 0.0))]
    before = _before_centre(across) * left, _before_centre(down) * top
    for plane, shape in zip(planes[1:], target.shapes()[1:], strict=True):
        resampled.append(_resample(plane, target, shape, ratios, before))
    return resampled


def _before_centre(log2: int) -> float:
    """How far the first of 2**log2 luma samples lies before their centre, as a part of them all."""
    return 0.5 - 0.5 / (1 << log2)


def _resample(
    plane: np.ndarray,
    target: Layout,
    shape: tuple[int, int],
    ratios: tuple[float, float],
    before: tuple[float, float],
) -> np.ndarray:
    """Resample a plane to a shape (h, w).

    ratios  the sizes of a new sample in old ones (horizontally, vertically)
    before  how far each sample lies before the centre of its cell, as a part of the cell
    """
    padding = _PADDING if any(before) else 0
    padded = np.pad(plane, padding, mode="edge")
    deep = target.depth > 8
    image = Image.fromarray(padded.astype(np.float32) if deep else padded)
    h, w = shape
    x, y = (padding + part * (1 - ratio) for ratio, part in zip(ratios, before, strict=True))
    right, bottom = min(x + ratios[0] * w, image.width), min(y + ratios[1] * h, image.height)
    resized = image.resize((w, h), Image.Resampling.LANCZOS, box=(x, y, right, bottom))
    samples = np.asarray(resized)
    if not deep:
        return samples
    return np.rint(samples).clip(0, (1 << target.depth) - 1).astype(target.dtype)
