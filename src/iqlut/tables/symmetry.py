"""Symmetric tables: a transformed image gives the transformed result.

The transformations are flips and rotations, and the negative, 255 - luma. The tables of a symmetric
model are transformations of each other, so one of each group is stored and the others are read from
it (group-equivariant convolution, arXiv 1602.07576).

Channels come in orbits of n, the order of the model's symmetry group. Channel n * o + g is what
orbit o computes on the image transformed by member g of the group. When the image is transformed,
the channels of an orbit are permuted and each is transformed as well. A layer preserves this if the
tables between other members of two orbits are those between the first members, transformed. So a
layer stores

    blocks     lut (c, levels, k, k, d / n), gain, skip, bias (d / n,)  first output of each orbit
    upsampler  lut (c / n, levels, k, k, scale**2)                      first input of each orbit

and a device reads the rest from there with taps, channels and phases in another order, which costs
it wiring and no memory. For the members of the negative, the first block reads its levels from the
last to the first, and the upsampler subtracts its entries where it adds those of the others. The
negative of an image then gives the same signals in the other channels of each orbit, and the
negative of the result, but for the roundings of the upsampler, which may change a gray level by
one. (This needs an upsampler whose skip and bias treat black and white alike, as conversion makes
them.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from iqlut.planes.flips_rotations import GROUPS, flip_rotate

FLIPS_ROTATIONS = tuple(GROUPS)  # how many may belong to a group


@dataclass(frozen=True)
class Symmetry:
    """A symmetry group.

    flips_rotations  how many of them: 2 is the rotation by 180 degrees, 4 all rotations, 8 all
                     rotations and flips; 1 is none
    negative         whether the group has each of these for the negative, too: member
                     g + flips_rotations is member g for the negative
    """

    flips_rotations: int = 1
    negative: bool = False

    @property
    def order(self) -> int:
        """The number of members, which is the number of channels in an orbit."""
        return self.flips_rotations * (1 + self.negative)

    def __str__(self) -> str:
        negative = " of the image and of its negative" if self.negative else ""
        if self.flips_rotations == 1:
            return "the negative" if self.negative else "no transformation"
        return f"the {self.flips_rotations} flips and rotations{negative}"


def channels_seen(group: Symmetry) -> np.ndarray:
    """The multiplication table that relates members of an orbit, int (order, order).

    Row g, column h holds the member that stands to the first one as h stands to g.
    """
    grid, n = np.arange(9).reshape(3, 3), group.flips_rotations
    places = [flip_rotate(grid, number).ravel() for number in GROUPS[n]]
    member = {tuple(place): index for index, place in enumerate(places)}
    back = [np.argsort(place) for place in places]
    seen = np.array([[member[tuple(place[other])] for place in places] for other in back])
    return np.block([[seen, seen + n], [seen + n, seen]]) if group.negative else seen


def parts(layer: Mapping[str, np.ndarray], group: Symmetry, last: bool) -> dict[str, np.ndarray]:
    """The stored part of a layer's `lut`, `knots`, `gain`, `skip` and `bias`.

    `last` says that the layer is the upsampler.
    """
    constants = {name: array if last else array[:: group.order] for name, array in layer.items()}
    return constants | {"lut": stored(layer["lut"], group, last), "knots": layer["knots"]}


def layer_of(
    stored_parts: Mapping[str, np.ndarray], group: Symmetry, last: bool
) -> dict[str, np.ndarray]:
    """Restore the arrays of a layer from its stored part: the inverse of `parts`."""
    if group.order == 1:
        return dict(stored_parts)
    restored = dict(stored_parts) | {"lut": whole(stored_parts["lut"], group, last)}
    for name in restored.keys() - {"lut", "knots"} if not last else ():
        restored[name] = np.repeat(restored[name], group.order)
    return restored


def stored(lut: Any, group: Symmetry, last: bool) -> Any:
    """The stored part of `lut` (c, levels, k, k, d), which is an array or a tensor."""
    return lut[:: group.order] if last else lut[..., :: group.order]


def whole(part: np.ndarray, group: Symmetry, last: bool) -> np.ndarray:
    """Restore `lut` (c, levels, k, k, d) from its stored part: the inverse of `stored`."""
    if group.order == 1:
        return part
    lut = part.ravel().take(places(part.shape, group, last), mode="clip")
    if last and group.negative:
        lut *= signs(len(lut), group).reshape(-1, 1, 1, 1, 1)
    return lut


def signs(channels: int, group: Symmetry) -> np.ndarray:
    """The factor of the entries of each input of an upsampler: int8 (channels,).

    It is -1 for the members of the negative.
    """
    return np.where(np.arange(channels) % group.order < group.flips_rotations, 1, -1).astype(
        np.int8
    )


@lru_cache(maxsize=16)
def places(shape: tuple[int, ...], group: Symmetry, last: bool) -> np.ndarray:
    """For each entry of the whole, the index of its source in the stored part of this shape.

    With the negative, half of the entries of the upsampler are multiplied by -1 (`signs`) as well.
    """
    order, count = group.order, group.flips_rotations
    part = np.arange(math.prod(shape), dtype=np.intp).reshape(shape)
    c, levels, k, _, d = shape
    out = np.empty(
        (c * order, levels, k, k, d) if last else (c, levels, k, k, d * order), part.dtype
    )
    for index, seen in enumerate(channels_seen(group)):
        number = GROUPS[count][index % count]
        if last:
            out[index::order] = _flip_rotate(part, number, phases=True)
            continue
        if c > 1:
            source = part.reshape(c // order, order, levels, k, k, d)[:, seen].reshape(part.shape)
        else:  # the first layer has one channel, luma, which is transformed into itself
            source = part[:, ::-1] if index >= count else part
        out[..., index::order] = _flip_rotate(source, number)
    out.flags.writeable = False
    return out


def phases_differ(constants: np.ndarray, group: Symmetry) -> bool:
    """Whether the constants of the phases, (scale**2,), change when the phases are transformed."""
    if (constants == constants[0]).all():  # as of nearly all models, and quicker to find
        return False
    grids = _flip_rotate_phases(constants, group)
    return bool((grids != grids[0]).any())


def evened(constants: np.ndarray, group: Symmetry) -> np.ndarray:
    """The mean of the constants of the phases, (scale**2,), over all transformations of the group.

    The result does not change when the phases are transformed. It is 0 if the group has the
    negative, which changes the sign of what is added to a phase.
    """
    if group.negative:
        return np.zeros_like(constants)
    # Sorting makes equal sets of values sum in the same order, hence to the same bits.
    grids = np.sort(_flip_rotate_phases(constants, group), axis=0)
    return grids.mean(axis=0).ravel()


def _flip_rotate_phases(constants: np.ndarray, group: Symmetry) -> np.ndarray:
    """The constants of the phases under each member of the group, (order, scale, scale)."""
    scale = round(len(constants) ** 0.5)
    grid = constants.reshape(scale, scale)
    return np.stack([flip_rotate(grid, number) for number in GROUPS[group.flips_rotations]])


def _flip_rotate(part: np.ndarray, number: int, phases: bool = False) -> np.ndarray:
    """Transform the taps of (c, levels, k, k, d) as `flips_rotations.flip_rotate` does a plane.

    `phases` says that d is (scale, scale) and is transformed as well.
    """
    pairs, shape = [(2, 3)], part.shape
    if phases:
        scale = round(shape[4] ** 0.5)
        pairs, part = [(2, 3), (4, 5)], part.reshape(*shape[:4], scale, scale)
    for rows, columns in pairs:
        part = np.flip(part, columns) if number & 1 else part
        part = np.flip(part, rows) if number & 2 else part
        part = np.swapaxes(part, rows, columns) if number & 4 else part
    return part.reshape(shape)
