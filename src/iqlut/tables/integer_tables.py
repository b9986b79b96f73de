"""Integer tables: a trained model as layers, immutable and checked when it is made.

`Tables` and `Layer` raise `IllegalTables` for values that an engine could not run exactly, so an
engine never has to check what it is given.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from iqlut import arithmetic as ar
from iqlut.errors import IllegalTables
from iqlut.fork_safe import cached_property
from iqlut.tables import missing_taps, symmetry
from iqlut.tables.layer import DTYPES, OF_OUTPUTS, Layer

SCALES = (2, 3, 4)
LAYERS_MAX = 256


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
    equivariant, 1, 2, 4 or 8, and `negative` says whether it is so under the negative as well. A
    device stores only a part of symmetric tables (see symmetry.py), but `layers` always holds all
    entries, so engines need not know about symmetry.

    Raises IllegalTables where layers do not fit together, where a sum could exceed int32, and where
    the layers lack the symmetry that is stated.
    """

    name: str
    scale: int
    layers: tuple[Layer, ...]
    about: dict[str, Any] = field(default_factory=dict)
    symmetry: int = 1
    negative: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        if type(self.scale) is not int or self.scale not in SCALES:
            raise IllegalTables(f"scale is {self.scale}, expected one of {SCALES}")
        if len(self.layers) < 2:
            raise IllegalTables(
                f"there are {len(self.layers)} layers, expected a block and an upsampler at least"
            )
        if len(self.layers) > LAYERS_MAX:
            raise IllegalTables(
                f"there are {len(self.layers)} layers, expected at most {LAYERS_MAX}"
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
        for index in range(len(self.layers) if self.group.order > 1 else 0):
            self._check_layer_symmetry(index)

    @classmethod
    def from_stored(
        cls, name: str, scale: int, stored: Sequence[StoredLayer], about: dict[str, Any],
        group: symmetry.Symmetry,
    ) -> Tables:  # fmt: skip
        """Make tables of the stored part of each layer and of the symmetry that restores the rest.

        Each layer is restored once and is symmetric by construction, so only what restoring does
        not ensure is checked. Raises IllegalTables as `Tables` does.
        """
        layers = []
        for index, layer in enumerate(stored):
            whole = symmetry.layer_of(layer.arrays, group, last=index == len(stored) - 1)
            layers.append(Layer(**whole, **layer.values))
        tables = cls(name, scale, tuple(layers), about)
        object.__setattr__(tables, "symmetry", group.flips_rotations)
        object.__setattr__(tables, "negative", group.negative)
        tables._check_symmetry_order()
        return tables

    def _check_symmetry_order(self) -> None:
        """Check what symmetry asks of the shape, and of the constants of the upsampler."""
        if self.symmetry not in symmetry.FLIPS_ROTATIONS or type(self.negative) is not bool:
            raise IllegalTables(
                f"symmetry is {self.symmetry} and negative {self.negative!r}, expected one of "
                f"{symmetry.FLIPS_ROTATIONS} and a bool"
            )
        if self.channels % self.group.order:
            raise IllegalTables(
                f"there are {self.channels} channels, expected a multiple of {self.group.order} "
                f"for {self.group}"
            )
        even = [index for index, layer in enumerate(self.layers) if layer.kernel % 2 == 0]
        if self.symmetry > 1 and even:
            raise IllegalTables(
                f"layer {even[0]} changes under flips and rotations because its kernel is even, "
                "expected an odd kernel"
            )
        last = self.layers[-1]
        if any(symmetry.phases_differ(getattr(last, name), self.group) for name in OF_OUTPUTS):
            raise IllegalTables(
                f"the constants of the upsampler change under {self.group}, expected the same "
                "value for all phases that these exchange"
            )
        if self.negative:
            self._check_first_block()

    def _check_first_block(self) -> None:
        """Check that the first block reads the negative of luma as it reads luma."""
        first = self.layers[0]
        position = ar.ONE * first.curve[0].astype(int) + first.curve[1]
        if (position + position[::-1] != position[-1]).any():
            raise IllegalTables(
                f"layer 0 has the levels {first.knots.tolist()}, expected levels that the negative "
                "reads in the reverse order"
            )
        if first.skip.any():
            raise IllegalTables(
                f"layer 0 has the skips {first.skip.tolist()}, expected 0 with the negative"
            )

    def _check_layer_symmetry(self, index: int) -> None:
        """Check that the stored part of a layer restores the whole of it."""
        layer = self.layers[index]
        same = symmetry.layer_of(self.stored(index), self.group, self._is_last(index))
        if any((same[name] != getattr(layer, name)).any() for name in same):
            raise IllegalTables(
                f"layer {index} changes under {self.group}, expected the same entries for all"
            )

    def with_about(self, about: dict[str, Any]) -> Tables:
        """The same tables with another description of how they were made."""
        tables = copy.copy(self)
        object.__setattr__(tables, "about", about)
        return tables

    @property
    def group(self) -> symmetry.Symmetry:
        """The symmetry group of `symmetry` and `negative`."""
        return symmetry.Symmetry(self.symmetry, self.negative)

    def _is_last(self, index: int) -> bool:
        return index == len(self.layers) - 1

    def stored(self, index: int) -> dict[str, np.ndarray]:
        """What a device stores of a layer: `lut`, `knots`, `gain`, `skip` and `bias`.

        Of symmetric tables this is the part from which `symmetry.layer_of` restores the rest.
        """
        arrays = {name: getattr(self.layers[index], name) for name in DTYPES}
        return symmetry.parts(arrays, self.group, self._is_last(index))

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
        """The bytes that a device stores: entries, knots, gain, skip and bias.

        Taps that a table does not have are not stored (see missing_taps.py).
        """
        layers = [self.stored(index) for index in range(len(self.layers))]
        entries = sum(missing_taps.entry_count(layer["lut"]) for layer in layers)
        others = (
            array.nbytes for layer in layers for name, array in layer.items() if name != "lut"
        )
        return entries + sum(others)

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
            for name, dtype in DTYPES.items():
                little_endian = np.dtype(dtype).newbyteorder("<")
                digest.update(getattr(layer, name).astype(little_endian, copy=False).data)
        return digest.hexdigest()
