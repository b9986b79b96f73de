"""The integer arithmetic: every operation from a uint8 luma plane to the upscaled uint8 luma plane.

This module is the only definition of what tables compute. The reference and torch engines call its
functions directly: those that take `Any` use only operators and methods that NumPy arrays and torch
tensors share. An implementation in C or in any other language translates a function and
names it in a comment (`/* arithmetic.round_shift */`). `docs/arithmetic.md` derives the widths and
bounds.

An image passes through the functions in this order. In each layer, `expand_knots` maps the value of
a signal to a level and a fraction, `blend` interpolates between the entries of two levels, and the
blends of all input channels and taps are summed to an accumulator, which `requantise` turns into
the next signal. In the last layer, the upsampler, `bilinear` supplies the skip signal, and each of
the `scale**2` output channels is one phase of the upscaled image.

Axes: `h w` rows and columns of the input image, `c` input channels, `d` output channels, `k` taps
along one side of the kernel. All values are integers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

VERSION = 1
"""The version of this arithmetic, to which stored vectors and measured results are tied.

Raise it whenever the same tables and the same image could give another pixel than before: when an
operation, a rounding, a bound, a constant below or the treatment of borders changes. Then make the
vectors and results again. Do not raise it for changes that no pixel can show, such as faster code,
new names or prose.
"""

FRACTION_BITS = 5
ONE = 1 << FRACTION_BITS  # fractions range from 0 to ONE, both inclusive
SIGNAL_MAX = 255  # the signals between layers are uint8
ENTRY_MAX = 127  # table entries are int8 without -128, so that |entry| <= 127
ACC16_MAX = 32767  # an accumulator fits int16 after its shift
INT32_MAX = 2**31 - 1  # every other intermediate value fits int32
SET_WEIGHT_BITS = 4  # neighbouring table sets are blended in sixteenths


def round_shift(value: Any, shift: int) -> Any:
    """Divide by `2**shift` and round to the nearest integer, halves towards plus infinity."""
    return (value + ((1 << shift) >> 1)) >> shift


def expand_knots(knots: np.ndarray, interpolate: bool = True) -> np.ndarray:
    """Tabulate level and fraction for each of the 256 signal values of a layer: uint8 (2, 256).

    `knots`, uint8 (levels,), holds the signal value of each level, rising from 0 to 255. Row 0 of
    the result is the code: the level at or below the signal value, at most `levels - 2`, so that
    level `code + 1` always exists. Row 1 is the fraction of the way to level `code + 1`, from 0 to
    ONE; the signal value 255 has the fraction ONE. Without `interpolate` the fraction is 0 or ONE
    for the nearer of the two levels, and ONE where both are equally near.

    This combines the step from a signal to a table index (T_ab), the floor and the blend weight of
    IQ-LUT eq. 4 in one look-up.
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
    """Interpolate between the entries of two neighbouring levels, scaled by ONE (IQ-LUT eq. 5).

    The magnitude of the result is at most ONE * ENTRY_MAX.
    """
    return (ONE - fraction) * below + fraction * above


def blend_sets(below: np.ndarray, above: np.ndarray, weight: int) -> np.ndarray:
    """Blend the entries of two neighbouring table sets for a restoration strength between theirs.

    `below` and `above` are int8 (c, levels, k, k, d), and so is the result. `weight` ranges from 0,
    which gives `below`, to 16, which gives `above`. For symmetric tables, the stored parts are
    blended.

    The rounding error of each entry is carried over to the next one of the same level and output
    channel, in the order of input channels and taps. These entries are summed in a pixel, so that
    hundreds of rounding errors cancel instead of shifting its brightness. A blended entry lies
    between the two that it is made of.
    """
    exact = ((1 << SET_WEIGHT_BITS) - weight) * below.astype(np.int32) + weight * above.astype(
        np.int32
    )
    c, levels, k, _, d = exact.shape
    summed = exact.transpose(0, 2, 3, 1, 4).reshape(-1, levels, d).cumsum(axis=0, dtype=np.int32)
    blended = np.diff(round_shift(summed, SET_WEIGHT_BITS), axis=0, prepend=0)
    return blended.reshape(c, k, k, levels, d).transpose(0, 3, 1, 2, 4).astype(np.int8)


def blend_biases(below: np.ndarray, above: np.ndarray, weight: int) -> np.ndarray:
    """Blend the biases, int32 (d,), of two neighbouring table sets with the same `weight`."""
    exact = ((1 << SET_WEIGHT_BITS) - weight) * below.astype(np.int64) + weight * above.astype(
        np.int64
    )
    return round_shift(exact, SET_WEIGHT_BITS).astype(np.int32)


def requantise(acc: Any, skip_signal: Any, layer: Any) -> Any:
    """Turn the accumulator of a layer into its output signal, 0 to 255, (h, w, d).

    `acc`, int32 (h, w, d), is the sum of blends over input channels and taps. `skip_signal` is
    (h, w, d) or (h, w, 1): the input of the layer, or the bilinear base in the last layer (IQ-LUT
    eq. 3). `layer` supplies `acc_shift` and `shift`, and for each output channel `gain`, `skip` and
    `bias`; the bias includes one half of `2**shift`, so that the last shift rounds.
    """
    total = round_shift(acc, layer.acc_shift) * layer.gain + skip_signal * layer.skip + layer.bias
    return (total >> layer.shift).clip(0, SIGNAL_MAX)


def skip_signal(signal: Any, channels_out: int) -> Any:
    """The skip signal of a block: its input (h, w, c) if that fits its output channels, or else 0.

    An input of one channel is broadcast to all outputs, and one of `channels_out` channels is used
    as it is. For any other number `Tables` requires that all skips are 0.
    """
    return signal if signal.shape[-1] in (1, channels_out) else 0


def footprint(kernel: int) -> tuple[int, int]:
    """How many pixels before and after its own a kernel reads along each axis.

    This is (1, 1) for `kernel` 3 and (0, 1) for 2. Taps beyond the border read the nearest pixel of
    the image (edge replication).
    """
    return (kernel - 1) // 2, kernel // 2


def bilinear_weights(scale: int) -> tuple[tuple[int, int, int], ...]:
    """The weights of the pixels before, at and after a position, for each of the `scale` phases.

    The weights of a phase sum to 2 * scale. Pixel centres lie at half-integers, as in common image
    libraries. Scale 4 has the weights (3, 5, 0), (1, 7, 0), (0, 7, 1) and (0, 5, 3).
    """
    offsets = [2 * phase + 1 - scale for phase in range(scale)]
    return tuple((max(-o, 0), 2 * scale - abs(o), max(o, 0)) for o in offsets)


def bilinear(padded: Any, scale: int, row_phase: int, column_phase: int) -> Any:
    """One phase (h, w) of the bilinear base times `(2 * scale) ** 2`: at most 16320 at scale 4.

    `padded`, (h + 2, w + 2), is the luma plane with its edges replicated by one pixel on each side.
    """
    rows, columns = bilinear_weights(scale)[row_phase], bilinear_weights(scale)[column_phase]
    h, w = padded.shape[0] - 2, padded.shape[1] - 2
    middle = rows[0] * padded[:h] + rows[1] * padded[1 : h + 1] + rows[2] * padded[2:]
    return (
        columns[0] * middle[:, :w] + columns[1] * middle[:, 1 : w + 1] + columns[2] * middle[:, 2:]
    )


def shuffle(phases: Any, scale: int) -> Any:
    """Pixel shuffle: phases (..., h, w, scale * scale) to planes (..., scale * h, scale * w).

    The phases of a pixel are in row-major order: the row phase changes slowest.
    """
    *rest, h, w, _ = phases.shape
    split = phases.reshape(*rest, h, w, scale, scale)
    return split.swapaxes(-3, -2).reshape(*rest, h * scale, w * scale)


def unshuffle(planes: Any, scale: int) -> Any:
    """Undo `shuffle`: planes (..., scale * h, scale * w) to phases (..., h, w, scale * scale)."""
    *rest, height, width = planes.shape
    h, w = height // scale, width // scale
    split = planes.reshape(*rest, h, scale, w, scale)
    return split.swapaxes(-3, -2).reshape(*rest, h, w, scale * scale)
