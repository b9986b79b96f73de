"""The planes of a frame, upscaled: luma by the tables, colour differences by the cubic kernel; integers throughout.

A plane is uint8 (h, w) for 8 bits a sample, uint16 (h, w) for 9 to 12.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from iqlut.engines import Upscale

DEPTH_MAX = 12
_PASSES_BITS = 2  # luma deeper than 8 bits goes through the tables four times
_WEIGHT_BITS = 13  # of a cubic weight: exact for sixteenths of a sample, so for the scales 2 and 4
_BETWEEN_BITS = 3  # kept of a sample between the two passes
_BAND_PX = 1 << 15  # work on so many samples at a time: they stay in the cache


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


def upscale_plane(
    planes: Sequence[np.ndarray], layout: Layout, scale: int, tables: Upscale
) -> list[np.ndarray]:
    """The planes of a frame, each `scale` times larger; chroma stays where it lies on luma."""
    larger = [upscale_luma(planes[0], layout.depth, tables)]
    if layout.chroma is not None:
        offsets = [
            _offset(scale, log2 * sited)
            for log2, sited in zip(layout.chroma, layout.sited, strict=True)
        ]
        for plane, (h, w) in zip(planes[1:], layout.larger(scale).shapes()[1:], strict=True):
            wide = _cubic_columns(plane, w, scale, offsets[0])
            larger.append(_cubic_rows(wide, h, scale, offsets[1], layout.depth))
    return larger


def upscale_luma(luma: np.ndarray, depth: int, tables: Upscale) -> np.ndarray:
    """Luma through the tables, which read and write 8 bits.

    10 bits: four passes over floor((luma + k) / 4), k = 0 to 3, which sum up to the very luma; so do the four
    results to the result. 8-bit content times 4 becomes the 8-bit result times 4, exactly. Deeper luma also takes
    four passes, at wider steps: two bits are gained over 8.
    """
    extra = depth - 8
    if extra == 0:
        return tables(luma)
    bits = min(extra, _PASSES_BITS)
    step = 1 << (extra - bits)
    total = None
    for k in range(1 << bits):
        eight = np.minimum((luma + luma.dtype.type(k * step)) >> extra, 255).astype(np.uint8)
        larger = tables(eight)
        total = larger.astype(np.uint16) if total is None else np.add(total, larger, out=total)
    assert total is not None
    return total if step == 1 else total * np.uint16(step)


def _offset(scale: int, log2: int) -> float:
    """Where the first new sample lies before the first old one, in old samples.

    The picture grows around the middle of its first pixel, which moves by (scale - 1) / 2 new pixels. A sample that
    lies on the first of its 2**log2 pixels stays there; log2 is 0 for one that lies in their middle.
    """
    return (scale - 1) / (2 * scale << log2)


@lru_cache(maxsize=32)
def _phases(scale: int, offset: float) -> tuple[tuple[int, tuple[int, int, int, int]], ...]:
    """For new sample n * scale + p: the first old sample it reads, minus n, and four integer weights."""
    phases = []
    for p in range(scale):
        place = p / scale - offset
        first = int(np.floor(place)) - 1
        x = np.abs(place - (first + np.arange(4)))
        inner, outer = (
            (1.5 * x - 2.5) * x * x + 1,
            ((-0.5 * x + 2.5) * x - 4) * x + 2,
        )  # Keys' kernel, a = -0.5
        weights = [round(float(w) * (1 << _WEIGHT_BITS)) for w in np.where(x <= 1, inner, outer)]
        weights[1 if x[1] <= x[2] else 2] += (1 << _WEIGHT_BITS) - sum(weights)
        phases.append((first, (weights[0], weights[1], weights[2], weights[3])))
    return tuple(phases)


def _cubic_columns(plane: np.ndarray, width: int, scale: int, offset: float) -> np.ndarray:
    """(h, w) to int32 (h, width), in parts of 1 / 2**_BETWEEN_BITS; edge samples repeat."""
    h, w = plane.shape
    padded = np.pad(plane.astype(np.int32), ((0, 0), (2, 3)), mode="edge")
    out = np.empty((h, w, scale), np.int32)
    shift = _WEIGHT_BITS - _BETWEEN_BITS
    for p, (first, weights) in enumerate(_phases(scale, offset)):
        total = np.full((h, w), 1 << (shift - 1), np.int32)
        for k, weight in enumerate(weights):
            if weight:
                start = 2 + first + k
                total += padded[:, start : start + w] * np.int32(weight)
        out[:, :, p] = total >> shift
    return out.reshape(h, scale * w)[:, :width]


def _cubic_rows(
    plane: np.ndarray, height: int, scale: int, offset: float, depth: int
) -> np.ndarray:
    """int32 (h, w) as `_cubic_columns` made it, to (height, w), rounded and clipped."""
    h, w = plane.shape
    padded = np.pad(plane, ((2, 3), (0, 0)), mode="edge")
    out = np.empty((h, scale, w), np.uint8 if depth == 8 else np.uint16)
    shift = _WEIGHT_BITS + _BETWEEN_BITS
    band = max(1, _BAND_PX // w)
    total, term = (np.empty((band, w), np.int32) for _ in range(2))
    for top in range(0, h, band):
        n = min(band, h - top)
        for p, (first, weights) in enumerate(_phases(scale, offset)):
            total[:n] = 1 << (shift - 1)
            for k, weight in enumerate(weights):
                if weight:
                    start = 2 + first + k + top
                    np.multiply(padded[start : start + n], np.int32(weight), out=term[:n])
                    total[:n] += term[:n]
            total[:n] >>= shift
            out[top : top + n, p] = np.clip(total[:n], 0, (1 << depth) - 1, out=total[:n])
    return out.reshape(scale * h, w)[:height]
