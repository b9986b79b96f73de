"""The integer arithmetic: every operation between a uint8 luma plane and the upscaled uint8 luma plane.

This page is the only definition. The reference and torch engines call these functions as they stand
(they use nothing but operators and `.clip`, so a NumPy array and a torch tensor both pass through);
C, and every other language, translates them and names the function it translates.
Widths and bounds are derived in `docs/arithmetic.md`.

Axes: `h w` low-resolution rows and columns, `c` in, `d` out, `k` taps. All values are integers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

VERSION = 1  # of what these functions compute: stored vectors and results are tied to it
FRACTION_BITS = 5
ONE = 1 << FRACTION_BITS  # a fraction runs from 0 to ONE inclusive
SIGNAL_MAX = 255  # signals between layers are uint8
ENTRY_MAX = 127  # table entries are int8 without -128: |entry| <= 127
ACC16_MAX = 32767  # an accumulator after its shift fits int16
INT32_MAX = 2**31 - 1  # all else fits int32
SET_WEIGHT_BITS = 4  # two neighbouring table sets are blended in sixteenths


def round_shift(value: Any, shift: int) -> Any:
    """`value / 2**shift` rounded to the nearest integer, halves towards plus infinity."""
    return (value + ((1 << shift) >> 1)) >> shift


def expand_knots(knots: np.ndarray, interpolate: bool = True) -> np.ndarray:
    """The 256-entry curve of a layer: uint8 (2, 256), row 0 the code, row 1 the fraction.

    `knots` is uint8 (levels,): the signal value at which each level lies, from 0 to 255, rising.
    `code` is the level below a signal and at most `levels - 2`, so the row `code + 1` always exists;
    the highest signal has the fraction ONE. With `interpolate` off (no DPFI) the fraction is 0 or
    ONE, whichever level is nearer (the upper one when both are equally near).
    (IQ-LUT eq. 4: T_ab, floor and blend weight in one look-up.)
    """
    position = knots.astype(np.int32)
    signal = np.arange(SIGNAL_MAX + 1, dtype=np.int32)
    code = np.searchsorted(position[1:-1], signal, side="right")
    gap = position[code + 1] - position[code]
    fraction = (2 * ONE * (signal - position[code]) + gap) // (2 * gap)
    if not interpolate:
        fraction = np.where(2 * (signal - position[code]) >= gap, ONE, 0)
    return np.stack([code, fraction]).astype(np.uint8)


def blend(below: Any, above: Any, fraction: Any) -> Any:
    """Dual-path interpolation (IQ-LUT eq. 5) times ONE: at most ONE * ENTRY_MAX in magnitude."""
    return (ONE - fraction) * below + fraction * above


def blend_sets(below: np.ndarray, above: np.ndarray, weight: int) -> np.ndarray:
    """Entries of two neighbouring table sets, (c, levels, k, k, d), to those of a restoration strength between them.

    `weight` is 0 (`below`) to 16 (`above`). What rounding leaves of an entry is carried on to the next that it is
    summed with, input channel by input channel and tap by tap, for each level and output: the rounding errors of
    hundreds of entries cancel, where they would else shift the brightness of every pixel. A blended entry lies between
    the two. Of a symmetric model the stored parts are blended.
    """
    exact = ((1 << SET_WEIGHT_BITS) - weight) * below.astype(np.int32) + weight * above.astype(
        np.int32
    )
    c, levels, k, _, d = exact.shape
    summed = exact.transpose(0, 2, 3, 1, 4).reshape(-1, levels, d).cumsum(axis=0, dtype=np.int32)
    blended = np.diff(round_shift(summed, SET_WEIGHT_BITS), axis=0, prepend=0)
    return blended.reshape(c, k, k, levels, d).transpose(0, 3, 1, 2, 4).astype(np.int8)


def blend_biases(below: np.ndarray, above: np.ndarray, weight: int) -> np.ndarray:
    """Biases (d,) of two neighbouring table sets to those between them, rounded as everywhere."""
    exact = ((1 << SET_WEIGHT_BITS) - weight) * below.astype(np.int64) + weight * above.astype(
        np.int64
    )
    return round_shift(exact, SET_WEIGHT_BITS).astype(np.int32)


def requantise(acc: Any, skip_signal: Any, layer: Any) -> Any:
    """The accumulator of a layer to its next signal, 0..255: gate, scale and rounding at once.

    `acc` int32 (h, w, d) is the exact sum of blends over channels and taps; `skip_signal` (h, w, d or 1)
    is the layer's own input, or the upscaled base in the last layer (IQ-LUT eq. 3). `layer` has
    `acc_shift`, `shift` and, for each output channel, `gain`, `skip` and `bias`; the rounding half
    is part of the bias.
    """
    total = round_shift(acc, layer.acc_shift) * layer.gain + skip_signal * layer.skip + layer.bias
    return (total >> layer.shift).clip(0, SIGNAL_MAX)


def skip_signal(signal: Any, channels_out: int) -> Any:
    """What the skip of a block multiplies: its input (h, w, c), one channel repeated; 0 where c fits neither way.

    There all skips are 0 (`Tables` refuses others).
    """
    return signal if signal.shape[2] in (1, channels_out) else 0


def footprint(kernel: int) -> tuple[int, int]:
    """How many pixels a `kernel`-tap side reads before and after a pixel: (1, 1) for 3, (0, 1) for 2.

    A tap outside the image reads the nearest pixel inside.
    """
    return (kernel - 1) // 2, kernel // 2


def bilinear_weights(scale: int) -> tuple[tuple[int, int, int], ...]:
    """For each of the `scale` phases, the weights of the pixels before, at and after: sum 2 * scale.

    Pixel centres at half-integers, as in every image library; `scale` 4: (3,5,0) (1,7,0) (0,7,1) (0,5,3).
    """
    offsets = [2 * phase + 1 - scale for phase in range(scale)]
    return tuple((max(-o, 0), 2 * scale - abs(o), max(o, 0)) for o in offsets)


def bilinear(padded: Any, scale: int, row_phase: int, column_phase: int) -> Any:
    """One phase (h, w) of the bilinear base, times `(2 * scale) ** 2`: at most 16320 at scale 4.

    `padded` (h + 2, w + 2) is the plane with its edge pixels repeated once on every side.
    """
    rows, columns = bilinear_weights(scale)[row_phase], bilinear_weights(scale)[column_phase]
    h, w = padded.shape[0] - 2, padded.shape[1] - 2
    middle = rows[0] * padded[:h] + rows[1] * padded[1 : h + 1] + rows[2] * padded[2:]
    return (
        columns[0] * middle[:, :w] + columns[1] * middle[:, 1 : w + 1] + columns[2] * middle[:, 2:]
    )


def shuffle(phases: Any, scale: int) -> Any:
    """Phases (..., h, w, scale * scale), row phase first, to planes (..., scale * h, scale * w)."""
    *rest, h, w, _ = phases.shape
    split = phases.reshape(*rest, h, w, scale, scale)
    return split.swapaxes(-3, -2).reshape(*rest, h * scale, w * scale)


def unshuffle(planes: Any, scale: int) -> Any:
    """Planes (..., scale * h, scale * w) to phases (..., h, w, scale * scale): the inverse of `shuffle`."""
    *rest, height, width = planes.shape
    h, w = height // scale, width // scale
    split = planes.reshape(*rest, h, scale, w, scale)
    return split.swapaxes(-3, -2).reshape(*rest, h, w, scale * scale)
