"""Upscaling of planes of more than 8 bits per sample by tables for 8 bits, in pictures and videos.

A depth has a number of steps per level of 8 bits: 257 in pictures of 16 bits, so that 255 becomes
65535, and 2**(bits - 8) in videos, as their standards define. With `u` the plane, and for k = 0 to
READINGS - 1:

    offset_k = steps * (2 * k + 1) // (2 * READINGS)    evenly spaced in a level, around its middle
    code_k   = min((u + offset_k) // steps, 255)        one conversion of u to 8 bits
    rest_k   = u - steps * code_k                       less than one level
    result   = mean over k of  steps * upscale(code_k) + bilinear(rest_k),  rounded once, halves up

A plane with 8-bit content (`u = steps * value`) therefore becomes exactly `steps * upscale(value)`,
and a ramp between two levels stays a ramp. Equal offsets are computed once, so the tables run twice
for 9 bits, four times for 10 bits and eight times for 11 and more. For 10 bits the rests sum to 0,
except in samples above `255 * steps`.

Depths agree: a sample `v` at 2**n steps (n up to 8) has the same codes as the sample
`ceil(257 * v / 2**n)` at 257 steps.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from iqlut import arithmetic as ar
from iqlut.planes.plane_types import UpscalePlane

READINGS = 8
_CODE_MAX = 255


@dataclass(frozen=True)
class SampleDepth:
    """A depth of more than 8 bits: the steps per level of 8 bits, and the largest sample."""

    steps: int
    sample_max: int

    @property
    def offsets(self) -> Counter[int]:
        """The offsets of the readings, each with the number of readings that have it."""
        return Counter(self.steps * (2 * k + 1) // (2 * READINGS) for k in range(READINGS))


PICTURE_16_BITS = SampleDepth(257, 65535)


def rounded_to_8_bits(samples: np.ndarray) -> np.ndarray:
    """Round samples of pictures of 16 bits, uint16, to uint8. uint8 samples are returned unchanged.

    The first step of everything that looks at a picture in 8 bits: evaluation, training and the
    choice of a restoration strength.
    """
    if samples.dtype == np.uint8:
        return samples
    steps = PICTURE_16_BITS.steps
    return ((samples.astype(np.int32) + steps // 2) // steps).astype(np.uint8)


def video_depth(bits: int) -> SampleDepth:
    """The depth of video samples of 9 to 16 bits."""
    return SampleDepth(1 << (bits - 8), (1 << bits) - 1)


def upscale(
    image: np.ndarray, upscale_eight_bits: UpscalePlane, scale: int, depth: SampleDepth
) -> np.ndarray:
    """Upscale an image, uint16 (h, w) or (h, w, c), to uint16 of `scale` times its sides.

    `upscale_eight_bits` does so for uint8 images of the same shape. In an image of 2 or 4 channels
    the last one is alpha, and the rests of hidden pixels count as 0.
    """
    total: np.ndarray | None = None
    rest = READINGS * image.astype(np.int32)
    for offset, times in depth.offsets.items():
        code = np.minimum((image.astype(np.int32) + offset) // depth.steps, _CODE_MAX)
        rest -= times * depth.steps * code
        larger = upscale_eight_bits(code.astype(np.uint8)).astype(np.int32) * times
        total = larger if total is None else np.add(total, larger, out=total)
    assert total is not None
    if image.ndim == 3 and image.shape[2] in (2, 4):
        rest[image[:, :, -1] == 0] = 0  # hidden colours must not become visible
    weight = (
        (2 * scale) ** 2 if rest.any() else 1
    )  # the scale of the result of `arithmetic.bilinear`
    total *= depth.steps * weight  # below 2**26 for 257 steps at scale 4
    if weight > 1:
        _add_bilinear(total, rest, scale)
    total += weight * READINGS // 2
    total //= weight * READINGS
    return total.clip(0, depth.sample_max).astype(np.uint16)


def _add_bilinear(total: np.ndarray, rest: np.ndarray, scale: int) -> None:
    """Add the bilinear base of `rest`, scaled by `(2 * scale) ** 2`, to `total` in place.

    The base is linear, so the sum of all rests can be upscaled in one pass.
    """
    edges = ((1, 1), (1, 1)) + ((0, 0),) * (rest.ndim - 2)
    padded = np.pad(rest, edges, mode="edge")
    for row_phase in range(scale):
        for column_phase in range(scale):
            total[row_phase::scale, column_phase::scale] += ar.bilinear(
                padded, scale, row_phase, column_phase
            )
