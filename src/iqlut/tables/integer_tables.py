"""Integer tables: the layers of a trained model, immutable and checked when they are made.

`Layer` is one look-up layer and `Tables` a whole model. Both raise `IllegalTables` for values that
an engine could not run exactly, so an engine never has to check what it is given.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from iqlut import arithmetic as ar
from iqlut.errors import IllegalTables
from iqlut.tables import symmetry

SCALES = (2, 3, 4)
KERNELS = (1, 2, 3)
CHANNELS_MAX = 64


def accumulator_bound(magnitudes: np.ndarray) -> np.ndarray:
    """The largest accumulator magnitude that any input can reach, int64 (d,).

    `magnitudes` is int8 (c, levels, k, k, d): the absolute values of the entries of a layer.
    """
    return ar.ONE * magnitudes.max(axis=1).sum(axis=(0, 1, 2), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Layer:
    """One look-up layer: a block, or the upsampler at the end.

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
        for name, dtype in _DTYPES.items():
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


_DTYPES: dict[str, type] = {
    "lut": np.int8,
    "knots": np.uint8,
    "gain": np.int16,
    "skip": np.int16,
    "bias": np.int32,
}
_OF_OUTPUTS = ("gain", "skip", "bias")


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
    for name in _OF_OUTPUTS:
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


@dataclass(frozen=True)
class StoredLayer:
    """What is stored of a layer.

    arrays  `lut`, `knots`, `gain`, `skip` and `bias`, as `Tables.stored` returns them
    values  `acc_shift`, `shift` and `interpolate`
    """

    arrays: Mapping[str, np.ndarray]
    values: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Tables:
    """A whole model: the blocks in order, then the upsampler with `scale**2` output channels.

    `about` holds JSON values that describe how the model was made: training data, seed, commit,
    scores, licence. `symmetry` is the number of flips and rotations under which the model is
    equivariant: 1, 2, 4 or 8. A device stores only a part of symmetric tables (see symmetry.py),
    but `layers` always holds all entries, so engines need not know about symmetry.

    Raises IllegalTables where layers do not fit together, where a sum could exceed int32, and where
    the layers lack the symmetry that is stated.
    """

    name: str
    scale: int
    layers: tuple[Layer, ...]
    about: dict[str, Any] = field(default_factory=dict)
    symmetry: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        if type(self.scale) is not int or self.scale not in SCALES:
            raise IllegalTables(f"scale is {self.scale}, expected one of {SCALES}")
        if len(self.layers) < 2:
            raise IllegalTables(
                f"there are {len(self.layers)} layers, expected a block and an upsampler at least"
            )
        channels = 1
        for index, layer in enumerate(self.layers):
            if layer.channels_in != channels:
                raise IllegalTables(
                    f"layer {index}: {layer.channels_in} channels in, expected {channels}"
                )
            channels = layer.channels_out
            total = layer.total_bound(self._skip_max(index))
            if total > ar.INT32_MAX:
                raise IllegalTables(
                    f"layer {index}: a sum can reach {total}, expected at most {ar.INT32_MAX}; "
                    "use a smaller shift"
                )
        if channels != self.scale**2:
            raise IllegalTables(
                f"the last layer has {channels} output channels, expected {self.scale**2} "
                f"for scale {self.scale}"
            )
        self._check_symmetry_order()
        for index in range(len(self.layers) if self.symmetry > 1 else 0):
            self._check_layer_symmetry(index)

    @classmethod
    def from_stored(
        cls, name: str, scale: int, stored: Sequence[StoredLayer], about: dict[str, Any], order: int
    ) -> Tables:
        """Make tables of the stored part of each layer and of the symmetry that restores the rest.

        Each layer is restored once and is symmetric by construction, so only what restoring does
        not ensure is checked. Raises IllegalTables as `Tables` does.
        """
        layers = []
        for index, layer in enumerate(stored):
            whole = symmetry.layer_of(layer.arrays, order, last=index == len(stored) - 1)
            layers.append(Layer(**whole, **layer.values))
        tables = cls(name, scale, tuple(layers), about)
        object.__setattr__(tables, "symmetry", order)
        tables._check_symmetry_order()
        return tables

    def _check_symmetry_order(self) -> None:
        """Check what symmetry asks of the shape, and of the constants of the upsampler."""
        order = self.symmetry
        if order not in symmetry.ORDERS or self.channels % order:
            raise IllegalTables(
                f"symmetry is {order}, expected one of {symmetry.ORDERS} that divides "
                f"{self.channels} channels"
            )
        even = [index for index, layer in enumerate(self.layers) if layer.kernel % 2 == 0]
        if order > 1 and even:
            raise IllegalTables(
                f"layer {even[0]} changes under the {order} flips and rotations because its kernel "
                "is even, expected an odd kernel"
            )
        last = self.layers[-1]
        if any(symmetry.phases_differ(getattr(last, name), order) for name in _OF_OUTPUTS):
            raise IllegalTables(
                f"the constants of the upsampler change under the {order} flips and rotations, "
                "expected the same value for all phases that these exchange"
            )

    def _check_layer_symmetry(self, index: int) -> None:
        """Check that the stored part of a layer restores the whole of it."""
        layer = self.layers[index]
        same = symmetry.layer_of(self.stored(index), self.symmetry, self._is_last(index))
        if any((same[name] != getattr(layer, name)).any() for name in same):
            raise IllegalTables(
                f"layer {index} changes under the {self.symmetry} flips and rotations, "
                "expected the same entries for all"
            )

    def with_about(self, about: dict[str, Any]) -> Tables:
        """The same tables with another description of how they were made."""
        tables = copy.copy(self)
        object.__setattr__(tables, "about", about)
        return tables

    def _is_last(self, index: int) -> bool:
        return index == len(self.layers) - 1

    def stored(self, index: int) -> dict[str, np.ndarray]:
        """What a device stores of a layer: `lut`, `knots`, `gain`, `skip` and `bias`.

        Of symmetric tables this is the part from which `symmetry.layer_of` restores the rest.
        """
        arrays = {name: getattr(self.layers[index], name) for name in _DTYPES}
        return symmetry.parts(arrays, self.symmetry, self._is_last(index))

    def _skip_max(self, index: int) -> int:
        """The largest skip signal of a layer; IllegalTables where a skip lacks its input."""
        layer = self.layers[index]
        if self._is_last(index):
            return ar.SIGNAL_MAX * (2 * self.scale) ** 2
        if layer.channels_in not in (1, layer.channels_out) and layer.skip.any():
            raise IllegalTables(
                f"layer {index} skips from {layer.channels_in} to {layer.channels_out} channels, "
                "expected equal numbers or a skip of 0"
            )
        return ar.SIGNAL_MAX

    @property
    def table_bytes(self) -> int:
        """The bytes that a device stores: entries, knots, gain, skip and bias."""
        return sum(
            part.nbytes for index in range(len(self.layers)) for part in self.stored(index).values()
        )

    @property
    def blocks(self) -> int:
        return len(self.layers) - 1

    @property
    def channels(self) -> int:
        return self.layers[0].channels_out

    @property
    def halo(self) -> tuple[int, int]:
        """How many input pixels before and after its own an output pixel depends on, per axis."""
        feet = [ar.footprint(layer.kernel) for layer in self.layers]
        before, after = (sum(side) for side in zip(*feet, strict=True))
        return max(before, 1), max(after, 1)  # the bilinear base reads one pixel on each side

    @property
    def receptive_field_px(self) -> int:
        """The side of the square of input pixels that one output pixel depends on."""
        return sum(self.halo) + 1

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of everything that decides a pixel; the name and `about` are left out."""
        digest = hashlib.sha256()
        for layer in self.layers:
            shape = [*layer.lut.shape, layer.acc_shift, layer.shift, layer.interpolate]
            digest.update(json.dumps([self.scale, *shape]).encode())
            for name, dtype in _DTYPES.items():
                little_endian = np.dtype(dtype).newbyteorder("<")
                digest.update(getattr(layer, name).astype(little_endian, copy=False).data)
        return digest.hexdigest()
