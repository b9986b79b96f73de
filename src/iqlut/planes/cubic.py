"""The cubic kernel, and upscaling by it in integers, which defines chroma of pictures and videos.

The kernel is that of Keys (1981, IEEE ASSP 29, eq. 15) with a = -0.5. For upscaling its weights are
integers of the sum 2**WEIGHT_BITS, which are exact if new samples lie at multiples of an eighth
between the old ones. The vertical pass is exact, and the horizontal pass rounds once, to multiples
of 2**-FRACTION_BITS. `native/inference/colour_tmpl.c` translates this module for chroma of 8 bits
that is centred.

Bounds: the magnitudes of the weights of one phase sum to at most 1.25 * 2**10, so two passes over
samples of magnitude m give at most 1.5625 * m * 2**20. That fits int32 for m <= 1310, and so for
samples of 10 bits. Deeper samples are summed as int64.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

WEIGHT_BITS = 10
FRACTION_BITS = 5
BEFORE, AFTER = 2, 3  # samples read beyond the border: the padding of `upscale_padded`
_INT32_SAMPLE_MAX = 1310
_BAND_PX = 1 << 15  # new samples computed at a time, few enough to stay in the cache

Offsets = tuple[float, float]


def keys(distance: np.ndarray) -> np.ndarray:
    """The kernel at distances in samples. It is 0 at distances of 2 and more."""
    x = np.abs(distance)
    inner = (1.5 * x - 2.5) * x * x + 1
    outer = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, inner, np.where(x <= 2, outer, 0))


def centred(scale: int) -> float:
    """The offset, as defined in `phases`, of samples at the centres of their pixels."""
    return (scale - 1) / (2 * scale)


@lru_cache(maxsize=64)
def phases(scale: int, offset: float) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """For each phase p, the first old sample that is read and five integer weights.

    The first old sample is relative to n for the new sample `scale * n + p`. `offset` is the
    distance by which the first new sample precedes the first old one, in old samples. The weights
    of a phase sum to 2**WEIGHT_BITS: the weight of the nearest sample absorbs the rounding errors.
    """
    found = []
    for phase in range(scale):
        position = phase / scale - offset
        nearest = int(np.floor(position + 0.5))
        exact = keys(nearest + np.arange(-2, 3) - position)
        weights = np.round(exact * (1 << WEIGHT_BITS)).astype(int).tolist()
        weights[2] += (1 << WEIGHT_BITS) - sum(weights)
        found.append((nearest - 2, tuple(weights)))
    return tuple(found)


def upscale_padded(padded: np.ndarray, scale: int, offsets: Offsets) -> np.ndarray:
    """Upscale a padded plane: (BEFORE + h + AFTER, BEFORE + w + AFTER) to (scale * h, scale * w).

    padded   int32, or int64 for samples of magnitude above 1310; the result has the same type
    offsets  of the rows and of the columns, see `phases`

    The result is scaled by 2**FRACTION_BITS and rounded, halves up.
    """
    h, w = (side - BEFORE - AFTER for side in padded.shape)
    tall = np.empty((h, scale, padded.shape[1]), padded.dtype)
    for phase, (first, weights) in enumerate(phases(scale, offsets[0])):
        top = BEFORE + first
        tall[:, phase] = sum(
            weight * padded[top + k : top + k + h] for k, weight in enumerate(weights) if weight
        )
    lines = tall.reshape(h * scale, -1)
    wide = np.empty((h * scale, w, scale), padded.dtype)
    shift = 2 * WEIGHT_BITS - FRACTION_BITS
    for phase, (first, weights) in enumerate(phases(scale, offsets[1])):
        left = BEFORE + first
        total = sum(
            weight * lines[:, left + k : left + k + w] for k, weight in enumerate(weights) if weight
        )
        wide[:, :, phase] = (total + (1 << (shift - 1))) >> shift
    return wide.reshape(h * scale, w * scale)


def pad(plane: np.ndarray, sample_max: int) -> np.ndarray:
    """Pad a plane for `upscale_padded` by edge replication.

    The result has an integer type in which the sums of samples up to `sample_max` cannot overflow.
    """
    kind = np.int32 if sample_max <= _INT32_SAMPLE_MAX else np.int64
    return np.pad(plane.astype(kind), ((BEFORE, AFTER),) * 2, mode="edge")


def upscale(plane: np.ndarray, scale: int, offsets: Offsets, sample_max: int) -> np.ndarray:
    """Upscale a plane (h, w) of samples from 0 to `sample_max` to (scale * h, scale * w).

    The result has the type of `plane`. The values of `upscale_padded` are rounded, halves up, and
    clipped.
    """
    h, w = plane.shape
    padded = pad(plane, sample_max)
    out = np.empty((scale * h, scale * w), plane.dtype)
    band = max(1, _BAND_PX // (w * scale * scale))
    half = 1 << (FRACTION_BITS - 1)
    for top in range(0, h, band):
        bottom = min(top + band, h)
        value = upscale_padded(padded[top : bottom + BEFORE + AFTER], scale, offsets)
        value += half
        value >>= FRACTION_BITS
        out[scale * top : scale * bottom] = value.clip(0, sample_max, out=value)
    return out
