"""Tables that are flips and turns of each other, stored once: a turned picture gives the turned pixels.

Channels come in orbits of n, the model's symmetry (2: the turn by 180 degrees, 4: all turns, 8: flips too): channel
n * o + g is what orbit o sees of the picture turned by the g-th of them. When the picture turns, the channels of an
orbit change places and turn with it; a layer does the same to what it gives if the tables between other members of two
orbits are those of the first, turned (group-equivariant convolution, arXiv 1602.07576). So a layer stores

    blocks      lut (c, levels, k, k, d / n), gain, skip, bias (d / n,)   what the first of each orbit gives
    upsampler   lut (c / n, levels, k, k, scale**2)                       what the first of each orbit gives to

and a device reads the rest from there, with taps, channels and phases in another order, which is wiring.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from iqlut.planes.flips_rotations import flip_rotate

# Which of `turned` belong to a group, in an order in which each of its parts is a whole orbit of a smaller group.
_NUMBERS = {1: (0,), 2: (0, 3), 4: (0, 3, 5, 6), 8: (0, 3, 5, 6, 1, 2, 4, 7)}
ORDERS = tuple(_NUMBERS)


def channels_seen(order: int) -> np.ndarray:
    """int (order, order): row h, column g: the member of an orbit that stands to the first as g does to h."""
    grid = np.arange(9).reshape(3, 3)
    places = [flip_rotate(grid, number).ravel() for number in _NUMBERS[order]]
    member = {tuple(place): index for index, place in enumerate(places)}
    back = [np.argsort(place) for place in places]
    return np.array([[member[tuple(place[other])] for place in places] for other in back])


def parts(layer: Mapping[str, np.ndarray], order: int, last: bool) -> dict[str, np.ndarray]:
    """What is stored of a layer's `lut`, `knots`, `gain`, `skip` and `bias`; `last`: the upsampler."""
    constants = {name: array if last else array[::order] for name, array in layer.items()}
    return constants | {"lut": stored(layer["lut"], order, last), "knots": layer["knots"]}


def layer_of(
    stored_parts: Mapping[str, np.ndarray], order: int, last: bool
) -> dict[str, np.ndarray]:
    """The layer whose `parts` these are."""
    constants = {
        name: array if last else np.repeat(array, order) for name, array in stored_parts.items()
    }
    return constants | {
        "lut": whole(stored_parts["lut"], order, last),
        "knots": stored_parts["knots"],
    }


def stored(lut: Any, order: int, last: bool) -> Any:
    """The part of `lut` (c, levels, k, k, d), an array or a tensor, that is stored."""
    return lut[::order] if last else lut[..., ::order]


def whole(part: np.ndarray, order: int, last: bool) -> np.ndarray:
    """The `lut` (c, levels, k, k, d) of which `part` is `stored`."""
    return part if order == 1 else part.ravel()[_places(part.shape, order, last)]


@lru_cache(maxsize=16)
def _places(shape: tuple[int, ...], order: int, last: bool) -> np.ndarray:
    """Which entry of a stored part of this shape stands at each place of the whole, int32."""
    part = np.arange(math.prod(shape), dtype=np.int32).reshape(shape)
    c, levels, k, _, d = shape
    out = np.empty(
        (c * order, levels, k, k, d) if last else (c, levels, k, k, d * order), part.dtype
    )
    for index, (number, seen) in enumerate(zip(_NUMBERS[order], channels_seen(order), strict=True)):
        if last:
            out[index::order] = _flip_rotate(part, number, phases=True)
            continue
        if c > 1:  # the first layer has one channel, luma, that turns into itself
            source = part.reshape(c // order, order, levels, k, k, d)[:, seen].reshape(part.shape)
        else:
            source = part
        out[..., index::order] = _flip_rotate(source, number)
    return out


def phases_differ(constants: np.ndarray, order: int) -> bool:
    """Whether what an upsampler has for each phase, (scale**2,), changes when the phases turn."""
    grids = _flip_rotate_phases(constants, order)
    return bool((grids != grids[0]).any())


def evened(constants: np.ndarray, order: int) -> np.ndarray:
    """The mean over the turns of what an upsampler has for each phase, (scale**2,): what does not change with them."""
    grids = np.sort(
        _flip_rotate_phases(constants, order), axis=0
    )  # the same sum, to the bit, wherever the same is summed
    return grids.mean(axis=0).ravel()


def _flip_rotate_phases(constants: np.ndarray, order: int) -> np.ndarray:
    """(order, scale, scale): what there is for each phase, turned by each member of the group, the first as it is."""
    scale = round(len(constants) ** 0.5)
    grid = constants.reshape(scale, scale)
    return np.stack([flip_rotate(grid, number) for number in _NUMBERS[order]])


def _flip_rotate(part: np.ndarray, number: int, phases: bool = False) -> np.ndarray:
    """The taps of (c, levels, k, k, d) turned as by `flips_rotations.flip_rotate`; with `phases` what is d, (scale, scale), too."""
    pairs, shape = [(2, 3)], part.shape
    if phases:
        scale = round(shape[4] ** 0.5)
        pairs, part = [(2, 3), (4, 5)], part.reshape(*shape[:4], scale, scale)
    for rows, columns in pairs:
        part = np.flip(part, columns) if number & 1 else part
        part = np.flip(part, rows) if number & 2 else part
        part = np.swapaxes(part, rows, columns) if number & 4 else part
    return part.reshape(shape)
