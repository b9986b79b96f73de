"""The integer artefact: frozen, and an illegal one cannot exist."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from iqlut import arithmetic as ar
from iqlut.tables import symmetry

SCALES = (2, 3, 4)
KERNELS = (1, 2, 3)
CHANNELS_MAX = 64


class IllegalTables(ValueError):
    """A table that no engine may run. The message is one sentence: what is, what was wanted."""


def accumulator_bound(magnitudes: np.ndarray) -> np.ndarray:
    """int64 (d,): the largest |acc| that entries of these magnitudes, int8 (c, levels, k, k, d), can reach."""
    return ar.ONE * magnitudes.max(axis=1).sum(axis=(0, 1, 2), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Layer:
    """One look-up layer: a block, or the upsampler at the end.

    lut      int8  (c, levels, k, k, d)  entries, |entry| <= 127
    knots    uint8 (levels,)             signal value of each level, 0 .. 255, rising
    gain     int16 (d,)                  multiplies the shifted accumulator
    skip     int16 (d,)                  multiplies the layer's input (or the bilinear base)
    bias     int32 (d,)                  includes the rounding half
    acc_shift, shift                     see `arithmetic.requantise`
    interpolate                          False: nearest level instead of the blend (DPFI off)
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
            array = np.ascontiguousarray(getattr(self, name))
            if array.dtype != dtype:
                raise IllegalTables(f"{name} is {array.dtype}, expected {np.dtype(dtype)}")
            array = array.copy()
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
        """uint8 (2, 256): signal -> code, fraction."""
        curve = ar.expand_knots(self.knots, self.interpolate)
        curve.flags.writeable = False
        return curve

    @cached_property
    def accumulator_bound(self) -> np.ndarray:
        """int64 (d,): no input can make |acc| larger than this."""
        return accumulator_bound(np.abs(self.lut))

    def total_bound(self, skip_max: int) -> int:
        """The largest sum before the last shift, its terms in any order, with a skip signal of at most `skip_max`."""
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
            f"lut maps {layer.channels_in} to {layer.channels_out} channels, expected 1 to {CHANNELS_MAX}"
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
            f"an accumulator can reach {largest} after its shift of {layer.acc_shift}, at most {ar.ACC16_MAX}"
        )


@dataclass(frozen=True, eq=False)
class Tables:
    """A whole model: the blocks in order, then the upsampler with `scale**2` outputs.

    `about` holds plain JSON values about the making (training data, seed, commit, scores, licence). `symmetry` is how
    many turns and flips the model is the same for, 1, 2, 4 or 8: then the tables are those of symmetry.py, and a device
    stores only a part of them. Layers are whole all the same, and engines need not know.
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
                    f"layer {index}: a sum can reach {total}, at most {ar.INT32_MAX}; use a smaller shift"
                )
        if channels != self.scale**2:
            raise IllegalTables(
                f"the last layer gives {channels} channels, expected {self.scale**2} (scale {self.scale})"
            )
        self._check_symmetry()

    def _check_symmetry(self) -> None:
        if self.symmetry not in symmetry.ORDERS or self.channels % self.symmetry:
            raise IllegalTables(
                f"symmetry is {self.symmetry}, expected one of {symmetry.ORDERS} that divides the channels"
            )
        if self.symmetry == 1:
            return
        for index, layer in enumerate(self.layers):
            same = symmetry.layer_of(self.stored(index), self.symmetry, self._is_last(index))
            if layer.kernel % 2 == 0 or any(
                (same[name] != getattr(layer, name)).any() for name in same
            ):
                raise IllegalTables(
                    f"layer {index} changes with {self.symmetry} turns, expected the same for all"
                )
        if any(
            symmetry.phases_differ(getattr(self.layers[-1], name), self.symmetry)
            for name in _OF_OUTPUTS
        ):
            raise IllegalTables(
                f"the upsampler's constants change with {self.symmetry} turns, expected one for all"
            )

    def with_about(self, about: dict[str, Any]) -> Tables:
        """The same tables with other words about them."""
        return replace(self, about=about)

    def _is_last(self, index: int) -> bool:
        return index == len(self.layers) - 1

    def stored(self, index: int) -> dict[str, np.ndarray]:
        """What a device stores of a layer: lut, knots, gain, skip, bias, or the part of them that symmetry leaves."""
        arrays = {name: getattr(self.layers[index], name) for name in _DTYPES}
        return symmetry.parts(arrays, self.symmetry, self._is_last(index))

    def _skip_max(self, index: int) -> int:
        """The largest value that the skip of a layer multiplies."""
        layer = self.layers[index]
        if self._is_last(index):
            return ar.SIGNAL_MAX * (2 * self.scale) ** 2
        if layer.channels_in not in (1, layer.channels_out) and layer.skip.any():
            raise IllegalTables(
                f"layer {index}: a skip from {layer.channels_in} to {layer.channels_out} channels, expected equal numbers"
            )
        return ar.SIGNAL_MAX

    @property
    def table_bytes(self) -> int:
        """All bytes a device stores: entries, knots, gain, skip and bias, each once."""
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
        """Low-resolution pixels that an output depends on, before and after its own."""
        feet = [ar.footprint(layer.kernel) for layer in self.layers]
        before, after = (sum(side) for side in zip(*feet, strict=True))
        return max(before, 1), max(after, 1)  # the bilinear base reads one pixel each way

    @property
    def receptive_field_px(self) -> int:
        """The side of the square of low-resolution pixels that one output pixel depends on."""
        return sum(self.halo) + 1

    @cached_property
    def sha256(self) -> str:
        """The hash of everything that decides a pixel (not of the name or the scores)."""
        digest = hashlib.sha256()
        for layer in self.layers:
            shape = [*layer.lut.shape, layer.acc_shift, layer.shift, layer.interpolate]
            digest.update(json.dumps([self.scale, *shape]).encode())
            for name, dtype in _DTYPES.items():
                digest.update(
                    getattr(layer, name).astype(np.dtype(dtype).newbyteorder("<")).tobytes()
                )
        return digest.hexdigest()
