"""Planes of more than 8 bits per sample through tables of 8: the one rule for pictures and videos.

A depth has so many steps in one level of 8 bits: 257 in pictures of 16 bits, so that 255 becomes 65535, and
2**(bits - 8) in videos, as their standards say. With `u` the plane, and for k = 0 to READINGS - 1:

    offset_k = steps * (2 * k + 1) // (2 * READINGS)    evenly over a level, around its middle
    code_k   = min((u + offset_k) // steps, 255)        one way to read u as 8 bits
    rest_k   = u - steps * code_k                       less than one level
    result   = mean over k of  steps * upscale(code_k) + bilinear(rest_k),  rounded once, halves up

So a plane of 8-bit content (`u = steps * value`) becomes exactly `steps * upscale(value)`, and a ramp
between two levels stays a ramp. Offsets that are equal are read once: the tables run twice for 9 bits, four times
for 10 bits, where the rests sum to 0 except above `255 * steps`, and eight times from 11 bits on.

Depths agree: a sample `v` of 2**n steps, up to 16, and the sample `ceil(257 * v / 2**n)` of 257 have the same codes.
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
    """What samples of more than 8 bits mean: `steps` in one level of 8 bits, and the largest sample."""

    steps: int
    sample_max: int

    @property
    def offsets(self) -> Counter[int]:
        """The offsets of the readings, and how many readings have each."""
        return Counter(self.steps * (2 * k + 1) // (2 * READINGS) for k in range(READINGS))


PICTURE_16_BITS = SampleDepth(257, 65535)


def video_depth(bits: int) -> SampleDepth:
    """The depth of video samples of 9 to 16 bits."""
    return SampleDepth(1 << (bits - 8), (1 << bits) - 1)


def upscale(
    image: np.ndarray, upscale_eight_bits: UpscalePlane, scale: int, depth: SampleDepth
) -> np.ndarray:
    """An image, uint16 (h, w) or (h, w, c), as uint16 of `scale` times its sides.

    `upscale_eight_bits` does so for uint8 images of the same shape. With 2 or 4 channels the last one is alpha, and
    the rests of hidden pixels count as 0.
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
        rest[image[:, :, -1] == 0] = 0  # what is hidden must not shine through
    weight = (2 * scale) ** 2 if rest.any() else 1  # that `arithmetic.bilinear` multiplies by
    total *= depth.steps * weight  # below 2**26 for 257 steps and the scale 4
    if weight > 1:
        _add_bilinear(total, rest, scale)
    total += weight * READINGS // 2
    total //= weight * READINGS
    return total.clip(0, depth.sample_max).astype(np.uint16)


def _add_bilinear(total: np.ndarray, rest: np.ndarray, scale: int) -> None:
    """Add `rest`, upscaled by the bilinear base and times `(2 * scale) ** 2`, to `total`.

    The base is linear, so the sum of all rests takes one pass.
    """
    edges = ((1, 1), (1, 1)) + ((0, 0),) * (rest.ndim - 2)
    padded = np.pad(rest, edges, mode="edge")
    for row_phase in range(scale):
        for column_phase in range(scale):
            total[row_phase::scale, column_phase::scale] += ar.bilinear(
                padded, scale, row_phase, column_phase
            )
