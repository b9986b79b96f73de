"""Sixteen bits through tables of eight: several readings of the high byte, and the rest by the bilinear base.

Eight bits become sixteen as `257 * value`, so that 0 and 255 become 0 and 65535. With `u` the deep image:

    code_k = (u + offset_k) // 257              one of `READINGS` ways to say u in 8 bits, offsets evenly over a level
    rest_k = u - 257 * code_k                   less than one level
    deep   = mean over k of  257 * upscale(code_k) + bilinear(rest_k),  rounded once

An image that was 8 bits deep (`u = 257 * value`) has rests of zero and equal codes: it becomes exactly
`257 * upscale(value)`. Between two levels the readings turn from one to the next in eight places, and the
rests fill the gaps, so a slow ramp stays a ramp. `docs/pictures.md` has the figures.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from iqlut import arithmetic as ar

READINGS = 8
_LEVEL = 257  # 16-bit steps in one of 8 bits
_DEEP_MAX = 65535


def upscale(
    image: np.ndarray, upscale_plane: Callable[[np.ndarray], np.ndarray], scale: int
) -> np.ndarray:
    """An image, uint16 (h, w) or (h, w, c), as uint16 of `scale` times its sides; `upscale` does so for uint8."""
    hidden = image[:, :, -1] == 0 if image.ndim == 3 and image.shape[2] in (2, 4) else None
    weight = (2 * scale) ** 2  # what `bilinear` is multiplied by; the sum stays below 2**25
    total = np.zeros((image.shape[0] * scale, image.shape[1] * scale, *image.shape[2:]), np.int32)
    for offset in _offsets():
        code = (image.astype(np.int32) + offset) // _LEVEL
        rest = image - _LEVEL * code
        if hidden is not None:
            rest[hidden] = 0  # what cannot be seen shines through nowhere
        total += upscale_plane(code.astype(np.uint8)).astype(np.int32) * (weight * _LEVEL)
        _add_bilinear(total, rest, scale)
    weight *= READINGS
    total += weight // 2
    total //= weight
    return total.clip(0, _DEEP_MAX).astype(np.uint16)


def _offsets() -> list[int]:
    """Evenly over one level, around its middle: each below 257, so that whole levels are read alike."""
    return [_LEVEL * (2 * k + 1) // (2 * READINGS) for k in range(READINGS)]


def _add_bilinear(total: np.ndarray, rest: np.ndarray, scale: int) -> None:
    """Add `rest`, upscaled and times `(2 * scale) ** 2`, to `total`."""
    edges = ((1, 1), (1, 1)) + ((0, 0),) * (rest.ndim - 2)
    padded = np.pad(rest, edges, mode="edge")
    for i in range(scale):
        for j in range(scale):
            total[i::scale, j::scale] += ar.bilinear(padded, scale, i, j)
