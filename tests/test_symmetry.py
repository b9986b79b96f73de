"""Symmetric tables, stored once for several flips and rotations, commute with them exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from iqlut import engines
from iqlut.errors import IllegalTables
from iqlut.planes.flips_rotations import flip_rotate
from iqlut.planes.self_ensemble import self_ensemble
from iqlut.tables import symmetry
from iqlut.tables.file_format import BadModelFile, from_bytes, to_bytes
from iqlut.tables.integer_tables import Tables
from random_tables import random_layer

ORDERS = [order for order in symmetry.ORDERS if order > 1]


def symmetric_tables(
    rng: np.random.Generator, order: int, scale: int = 4, channels: int = 8
) -> Tables:
    """Two blocks and an upsampler of random entries."""
    layers, c = [], 1
    for last in (False, False, True):
        d = scale**2 if last else channels
        stored = (c // order, 5, 3, 3, d) if last else (c, 5, 3, 3, d // order)
        lut = symmetry.whole(rng.integers(-127, 128, stored, dtype=np.int8), order, last)
        layer = random_layer(rng, lut, True, skip_scale=1 / (2 * scale) ** 2 if last else 1.0)
        step = d if last else order  # one constant for all phases, or for all of an orbit
        constants = {
            name: np.repeat(getattr(layer, name)[::step], step) for name in ("gain", "skip", "bias")
        }
        layers.append(replace(layer, **constants))
        c = d
    return Tables("symmetric", scale, tuple(layers), {}, order)


@pytest.mark.parametrize("engine", ["reference", "native"])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_turned_picture_gives_the_turned_pixels(order: int, scale: int, engine: str) -> None:
    rng = np.random.default_rng(order + scale)
    upscale_plane = engines.get(engine).build(symmetric_tables(rng, order, scale))
    luma = rng.integers(0, 256, (7, 11), dtype=np.uint8)
    large, alike = upscale_plane(luma), []
    for number in range(8):
        same = upscale_plane(np.ascontiguousarray(flip_rotate(luma, number)))
        alike.append(bool((same == flip_rotate(large, number)).all()))
    assert sum(alike) == order


@pytest.mark.parametrize("order", symmetry.ORDERS)
@pytest.mark.parametrize("ensemble", [2, 4, 8])
def test_the_mean_over_turns_is_that_of_one_where_all_are_the_same(
    order: int, ensemble: int
) -> None:
    rng = np.random.default_rng(order)
    tables = replace(symmetric_tables(rng, max(order, 2)), symmetry=order)
    calls = []

    def upscale_plane(plane: np.ndarray) -> np.ndarray:
        calls.append(plane.shape)
        return engines.get("native").build(tables)(plane)

    luma = rng.integers(0, 256, (5, 6), dtype=np.uint8)
    once, always = (
        self_ensemble(upscale_plane, ensemble, order)(luma),
        self_ensemble(upscale_plane, ensemble)(luma),
    )
    np.testing.assert_array_equal(once, always)
    needed = 1 if order == 8 or (ensemble == 2 and order > 1) else ensemble
    assert len(calls) == needed + ensemble


@pytest.mark.parametrize("order", ORDERS)
def test_what_is_stored_says_the_whole(order: int) -> None:
    tables = symmetric_tables(np.random.default_rng(order), order)
    back = from_bytes(to_bytes(tables))
    assert (back.symmetry, back.sha256, to_bytes(back)) == (order, tables.sha256, to_bytes(tables))
    for one, other in zip(back.layers, tables.layers, strict=True):
        np.testing.assert_array_equal(one.lut, other.lut)
    entries = 9 * 5 * (8 + 64 + 8 * 16) // order
    constants = 2 * 8 * 8 // order + 16 * 8 + 3 * 5  # of the blocks, of the upsampler; knots
    assert tables.table_bytes == entries + constants
    assert (
        replace(tables, symmetry=1).table_bytes
        == 9 * 5 * (8 + 64 + 8 * 16) + 2 * 8 * 8 + 16 * 8 + 3 * 5
    )


def test_what_is_not_symmetric_is_refused() -> None:
    tables = symmetric_tables(np.random.default_rng(3), 4)
    with pytest.raises(IllegalTables, match="symmetry is 3"):
        replace(tables, symmetry=3)
    for index, place in ((0, (0, 0, 0, 1, 1)), (1, (3, 2, 0, 0, 5)), (2, (1, 0, 2, 0, 0))):
        lut = tables.layers[index].lut.copy()
        lut[place] = 5 - np.sign(lut[place])
        layers = list(tables.layers)
        layers[index] = replace(layers[index], lut=lut)
        with pytest.raises(IllegalTables, match=f"layer {index} changes under the 4 flips"):
            replace(tables, layers=tuple(layers))
    bias = tables.layers[2].bias.copy()
    bias[0] += 1
    with pytest.raises(IllegalTables, match="constants of the upsampler change"):
        replace(tables, layers=(*tables.layers[:2], replace(tables.layers[2], bias=bias)))


def test_a_file_that_says_another_symmetry_is_refused() -> None:
    data = to_bytes(symmetric_tables(np.random.default_rng(5), 4))
    for other in (b"2", b"8", b"3"):
        with pytest.raises(BadModelFile):
            from_bytes(data.replace(b'symmetry\\":4', b'symmetry\\":' + other))
