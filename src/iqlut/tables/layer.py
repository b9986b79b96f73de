"""One lookup layer of integer tables, immutable and checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from iqlut import arithmetic as ar
from iqlut.errors import IllegalTables
from iqlut.fork_safe import cached_property

KERNELS = (1, 2, 3)
CHANNELS_MAX = 64


def accumulator_bound(magnitudes: np.ndarray) -> np.ndarray:
    """The largest accumulator magnitude that any input can reach, int64 (d,).

    `magnitudes` is int8 (c, levels, k, k, d): the absolute values of the entries of a layer.
    """
    return ar.ONE * magnitudes.max(axis=1).sum(axis=(0, 1, 2), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Layer:
    """One lookup layer: a block, or the upsampler at the end.

    Axes: c input channels, k taps a side, d output channels.

    lut          int8  (c, levels, k, k, d)  table entries, each from -127 to 127
    knots        uint8 (levels,)             signal value of each level, rising from 0 to 255
    gain         int16 (d,)                  factor of the shifted accumulator
    skip         int16 (d,)                  factor of the layer's input, or of the bilinear base
    bias         int32 (d,)                  added before the last shift, with the rounding half
    acc_shift    int, 0 to 15                shift of the accumulator, see `arithmetic.requantise`
    shift        int, 0 to 30                shift of the sum, see `arithmetic.requantise`
    interpolate  bool                        False takes the nearest level instead of a blend

    The arrays are copied and made read-only. Raises IllegalTables for any other type, shape or
    range, and where an accumulator could exceed int16 after its shift.
    """

    lut: np.ndarray
    knots: np.ndarray
    gain: np.ndarray
    skip: np.ndarray
    bias: np.ndarray
    acc_shift: int
    shift: int
    interpolate: bool = True

    def __post_init__(self) -> None:
        for name, dtype in DTYPES.items():
            array = np.asarray(getattr(self, name))
            if array.dtype != dtype:
                raise IllegalTables(f"{name} is {array.dtype}, expected {np.dtype(dtype)}")
            array = array.copy(order="C")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        for name, kind in (("acc_shift", int), ("shift", int), ("interpolate", bool)):
            if type(getattr(self, name)) is not kind:
                raise IllegalTables(
                    f"{name} is {type(getattr(self, name)).__name__}, expected {kind.__name__}"
                )
        _check_shapes(self)
        _check_values(self)

    @property
    def channels_in(self) -> int:
        return self.lut.shape[0]

    @property
    def levels(self) -> int:
        return self.lut.shape[1]

    @property
    def kernel(self) -> int:
        return self.lut.shape[2]

    @property
    def channels_out(self) -> int:
        return self.lut.shape[4]

    @cached_property
    def curve(self) -> np.ndarray:
        """The code and the fraction of each signal value, uint8 (2, 256)."""
        curve = ar.expand_knots(self.knots, self.interpolate)
        curve.flags.writeable = False
        return curve

    @property
    def hats(self) -> np.ndarray:
        """The weight that `arithmetic.blend` gives each level, for each signal value: uint8
        (256, levels).

        The weights of a signal value sum to ONE, and at most two of them are not 0. A convolution
        of them by the entries is the accumulator.
        """
        code, fraction = self.curve
        signal = np.arange(ar.SIGNAL_MAX + 1)
        hats = np.zeros((len(signal), self.levels), np.uint8)
        hats[signal, code] = ar.ONE - fraction
        hats[signal, code + 1] = fraction
        return hats

    @cached_property
    def accumulator_bound(self) -> np.ndarray:
        """The largest accumulator magnitude of each output channel, int64 (d,)."""
        return accumulator_bound(np.abs(self.lut))

    def total_bound(self, skip_max: int) -> int:
        """The largest magnitude of the sum before the last shift, whatever the order of its terms.

        `skip_max` is the largest value of the skip signal.
        """
        acc = ar.round_shift(self.accumulator_bound, self.acc_shift)
        gain, skip, bias = (
            np.abs(getattr(self, name).astype(np.int64)) for name in ("gain", "skip", "bias")
        )
        return int((acc * gain + skip_max * skip + bias).max())


DTYPES: dict[str, type] = {
    "lut": np.int8,
    "knots": np.uint8,
    "gain": np.int16,
    "skip": np.int16,
    "bias": np.int32,
}
OF_OUTPUTS = ("gain", "skip", "bias")


def _check_shapes(layer: Layer) -> None:
    if (
        layer.lut.ndim != 5
        or layer.lut.shape[2] != layer.lut.shape[3]
        or layer.kernel not in KERNELS
    ):
        raise IllegalTables(
            f"lut is {layer.lut.shape}, expected (c, levels, k, k, d) with k in {KERNELS}"
        )
    if not 2 <= layer.levels <= 256:
        raise IllegalTables(f"lut has {layer.levels} levels, expected 2 to 256")
    if not (1 <= layer.channels_in <= CHANNELS_MAX and 1 <= layer.channels_out <= CHANNELS_MAX):
        raise IllegalTables(
            f"lut maps {layer.channels_in} to {layer.channels_out} channels, "
            f"expected 1 to {CHANNELS_MAX} of each"
        )
    if layer.knots.shape != (layer.levels,):
        raise IllegalTables(
            f"knots are {layer.knots.shape}, expected ({layer.levels},): one for each level"
        )
    for name in OF_OUTPUTS:
        if getattr(layer, name).shape != (layer.channels_out,):
            raise IllegalTables(
                f"{name} is {getattr(layer, name).shape}, expected ({layer.channels_out},)"
            )


def _check_values(layer: Layer) -> None:
    if layer.lut.min() < -ar.ENTRY_MAX:
        raise IllegalTables(
            f"an entry is {layer.lut.min()}, expected -{ar.ENTRY_MAX} to {ar.ENTRY_MAX}"
        )
    knots = layer.knots.astype(int)
    if knots[0] != 0 or knots[-1] != ar.SIGNAL_MAX or (np.diff(knots) <= 0).any():
        raise IllegalTables(
            f"knots are {knots.tolist()}, expected rising values from 0 to {ar.SIGNAL_MAX}"
        )
    if not (0 <= layer.acc_shift <= 15 and 0 <= layer.shift <= 30):
        raise IllegalTables(
            f"shifts are {layer.acc_shift} and {layer.shift}, expected 0..15 and 0..30"
        )
    largest = int(ar.round_shift(layer.accumulator_bound, layer.acc_shift).max())
    if largest > ar.ACC16_MAX:
        raise IllegalTables(
            f"an accumulator can reach {largest} after its shift of {layer.acc_shift}, "
            f"expected at most {ar.ACC16_MAX}; use a larger acc_shift"
        )
