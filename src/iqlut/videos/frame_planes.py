"""Upscaling of the planes of a video frame in integer arithmetic.

Luma is upscaled by the tables and chroma by the cubic kernel. A plane is uint8 (h, w) for 8 bits
per sample and uint16 (h, w) for 9 to 12 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from iqlut.planes import high_bit_depth, native_cubic
from iqlut.planes.plane_types import UpscalePlane

DEPTH_MAX = 12


@dataclass(frozen=True)
class Layout:
    """The sizes and sample format of the planes of a video.

    width, height  the size of the luma plane in pixels
    depth          bits per sample, 8 to 12
    chroma         log2 of the chroma subsampling factors (horizontal, vertical): (1, 1) is 4:2:0;
                   None means that there is no chroma
    sited          whether each chroma sample is co-sited with the first of the luma samples that it
                   covers (horizontally, vertically); if not, it is centred between them
    """

    width: int
    height: int
    depth: int
    chroma: tuple[int, int] | None
    sited: tuple[bool, bool] = (True, False)

    def shapes(self) -> tuple[tuple[int, int], ...]:
        """The shape (h, w) of each plane."""
        luma = (self.height, self.width)
        if self.chroma is None:
            return (luma,)
        across, down = self.chroma
        return (luma, *[(-(-self.height >> down), -(-self.width >> across))] * 2)

    def larger(self, scale: int) -> Layout:
        """The layout of the video upscaled `scale` times."""
        return replace(self, width=scale * self.width, height=scale * self.height)

    def aspect_after(self, larger: Layout, aspect: Fraction | None) -> Fraction | None:
        """The pixel aspect ratio of upscaled frames, with which the picture keeps its shape.

        It is `aspect`, that of these frames, unless they are stretched by more than a pixel of
        rounding. None means that it is not stated.
        """
        width = Fraction(self.width * larger.height, self.height)  # without a stretch
        height = Fraction(self.height * larger.width, self.width)
        if abs(width - larger.width) <= 1 or abs(height - larger.height) <= 1:
            return aspect
        stretch = width / larger.width
        return (stretch * (aspect or 1)).limit_denominator(1000)

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        return np.uint8 if self.depth == 8 else np.uint16


def upscale_planes(
    planes: Sequence[np.ndarray], layout: Layout, scale: int, upscale_plane: UpscalePlane
) -> list[np.ndarray]:
    """Upscale the planes of a frame `scale` times.

    Luma is upscaled by the tables (`upscale_luma`) and chroma by the cubic kernel (`planes.cubic`).
    The chroma samples keep their position relative to luma.
    """
    larger = [upscale_luma(planes[0], layout.depth, scale, upscale_plane)]
    if layout.chroma is not None:
        across, down = (
            _offset(scale, log2 * sited)
            for log2, sited in zip(layout.chroma, layout.sited, strict=True)
        )
        sample_max = (1 << layout.depth) - 1
        for plane, (h, w) in zip(planes[1:], layout.larger(scale).shapes()[1:], strict=True):
            upscaled = native_cubic.upscale(plane, scale, (down, across), sample_max)
            larger.append(upscaled[:h, :w])
    return larger


def upscale_luma(
    luma: np.ndarray, depth: int, scale: int, upscale_plane: UpscalePlane
) -> np.ndarray:
    """Upscale a luma plane of `depth` bits with tables for 8 bits.

    More than 8 bits are handled by `planes.high_bit_depth`.
    """
    if depth == 8:
        return upscale_plane(luma)
    return high_bit_depth.upscale(luma, upscale_plane, scale, high_bit_depth.video_depth(depth))


def _offset(scale: int, log2: int) -> float:
    """The distance from the first output chroma sample to the first input one, in input samples.

    See `cubic.phases`. Upscaling keeps the edges of the image in place, so the centre of its first
    pixel moves by (scale - 1) / 2 output pixels. A chroma sample that is co-sited with the first of
    its 2**log2 pixels stays on that pixel. `log2` is 0 for a sample in the centre of its pixels.
    """
    return (scale - 1) / (2 * scale << log2)
