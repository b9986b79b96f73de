"""The planes of a video frame, upscaled: luma by the tables, chroma by the cubic kernel, in integers throughout.

A plane is uint8 (h, w) for 8 bits a sample, uint16 (h, w) for 9 to 12.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from iqlut.planes import cubic, high_bit_depth
from iqlut.planes.plane_types import UpscalePlane

DEPTH_MAX = 12


@dataclass(frozen=True)
class Layout:
    """What the planes of a video are.

    width, height  of luma, in pixels
    depth          bits per sample, 8 to 12
    chroma         log2 of how much smaller chroma is (across, down): (1, 1) is 4:2:0; None is gray
    sited          whether chroma samples lie on the first of the luma samples they stand for (across, down),
                   else between them
    """

    width: int
    height: int
    depth: int
    chroma: tuple[int, int] | None
    sited: tuple[bool, bool] = (True, False)

    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(h, w) of each plane."""
        luma = (self.height, self.width)
        if self.chroma is None:
            return (luma,)
        across, down = self.chroma
        return (luma, *[(-(-self.height >> down), -(-self.width >> across))] * 2)

    def larger(self, scale: int) -> Layout:
        """The layout `scale` times as wide and high."""
        return replace(self, width=scale * self.width, height=scale * self.height)

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        return np.uint8 if self.depth == 8 else np.uint16


def upscale_planes(
    planes: Sequence[np.ndarray], layout: Layout, scale: int, upscale_plane: UpscalePlane
) -> list[np.ndarray]:
    """Upscale the planes of a frame `scale` times; chroma keeps its position relative to luma.

    Luma goes through the tables (`upscale_luma`), chroma through the cubic kernel (`planes.cubic`).
    """
    larger = [upscale_luma(planes[0], layout.depth, scale, upscale_plane)]
    if layout.chroma is not None:
        across, down = (
            _offset(scale, log2 * sited)
            for log2, sited in zip(layout.chroma, layout.sited, strict=True)
        )
        sample_max = (1 << layout.depth) - 1
        for plane, (h, w) in zip(planes[1:], layout.larger(scale).shapes()[1:], strict=True):
            larger.append(cubic.upscale(plane, scale, (down, across), sample_max)[:h, :w])
    return larger


def upscale_luma(
    luma: np.ndarray, depth: int, scale: int, upscale_plane: UpscalePlane
) -> np.ndarray:
    """Upscale luma of `depth` bits by tables of 8 bits; see `planes.high_bit_depth` for more than 8."""
    if depth == 8:
        return upscale_plane(luma)
    return high_bit_depth.upscale(luma, upscale_plane, scale, high_bit_depth.video_depth(depth))


def _offset(scale: int, log2: int) -> float:
    """How far the first new chroma sample lies before the first old one, in old samples; see `cubic.phases`.

    Upscaling keeps the edges of the image in place, so the middle of its first pixel moves by (scale - 1) / 2 new
    pixels. A sample that is sited on the first of its 2**log2 pixels stays on it; `log2` is 0 for a sample in the
    middle of its pixels.
    """
    return (scale - 1) / (2 * scale << log2)
