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
from random_tables import symmetric_layer

NONE = symmetry.Symmetry()
GROUPS = [
    symmetry.Symmetry(count, negative)
    for count in symmetry.FLIPS_ROTATIONS
    for negative in (False, True)
]
OTHERS = [group for group in GROUPS if group != NONE]
LEVELS = 6


def symmetric_tables(
    rng: np.random.Generator, group: symmetry.Symmetry, scale: int = 4, channels: int = 16
) -> Tables:
    """Two blocks and an upsampler of random entries."""
    layers, c = [], 1
    for last in (False, False, True):
        d = scale**2 if last else channels
        n = group.order
        shape = (c // n, LEVELS, 3, 3, d) if last else (c, LEVELS, 3, 3, d // n)
        stored = rng.integers(-127, 128, shape, dtype=np.int8)
        layers.append(symmetric_layer(rng, stored, group, scale if last else None))
        c = d
    return Tables("symmetric", scale, tuple(layers), {}, group.flips_rotations, group.negative)


@pytest.mark.parametrize("engine", ["reference", "native"])
@pytest.mark.parametrize("group", OTHERS, ids=str)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_turned_picture_gives_the_turned_pixels(
    group: symmetry.Symmetry, scale: int, engine: str
) -> None:
    rng = np.random.default_rng(group.order + scale)
    upscale_plane = engines.get(engine).build(symmetric_tables(rng, group, scale))
    luma = rng.integers(0, 256, (7, 11), dtype=np.uint8)
    large, alike = upscale_plane(luma), []
    for number in range(8):
        same = upscale_plane(np.ascontiguousarray(flip_rotate(luma, number)))
        alike.append(bool((same == flip_rotate(large, number)).all()))
    assert sum(alike) == group.flips_rotations


@pytest.mark.parametrize("engine", ["reference", "native"])
@pytest.mark.parametrize("group", GROUPS, ids=str)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_negative_gives_the_negative(group: symmetry.Symmetry, scale: int, engine: str) -> None:
    """Where the upsampler rounds a tie, the two differ by one gray level."""
    rng = np.random.default_rng(group.order + scale)
    tables = symmetric_tables(rng, group, scale)
    last, shift, base = tables.layers[-1], 12, (2 * scale) ** 2
    skip = (1 << shift) // base
    # with this bias, black and white stay black and white, also where 1 / base is not binary
    bias = ((1 << shift) + 255 * ((1 << shift) - base * skip)) // 2
    constants = {"gain": 4000, "skip": skip, "bias": bias}
    arrays = {name: np.full_like(getattr(last, name), value) for name, value in constants.items()}
    last = replace(last, **arrays, acc_shift=11, shift=shift)
    upscale_plane = engines.get(engine).build(replace(tables, layers=(*tables.layers[:-1], last)))
    luma = rng.integers(0, 256, (7, 11), dtype=np.uint8)
    away = np.abs(upscale_plane(luma).astype(int) + upscale_plane(255 - luma) - 255)
    assert (away.max() <= 1 and (away > 0).mean() < 0.1) == group.negative


@pytest.mark.parametrize("group", GROUPS, ids=str)
@pytest.mark.parametrize("ensemble", [2, 4, 8, 16])
def test_the_mean_over_turns_is_that_of_one_where_all_are_the_same(
    group: symmetry.Symmetry, ensemble: int
) -> None:
    rng, count = np.random.default_rng(1), group.flips_rotations
    tables = symmetric_tables(rng, group)
    calls = []

    def upscale_plane(plane: np.ndarray) -> np.ndarray:
        calls.append(plane.shape)
        return engines.get("native").build(tables)(plane)

    luma = rng.integers(0, 256, (5, 6), dtype=np.uint8)
    once, always = (
        self_ensemble(upscale_plane, ensemble, count)(luma),
        self_ensemble(upscale_plane, ensemble)(luma),
    )
    np.testing.assert_array_equal(once, always)
    alike = {1: 1, 2: 2, 4: 2 if ensemble < 8 else 4, 8: min(ensemble, 8)}[count]
    assert len(calls) == ensemble // alike + ensemble


@pytest.mark.parametrize("group", OTHERS, ids=str)
def test_what_is_stored_says_the_whole(group: symmetry.Symmetry) -> None:
    tables, order = symmetric_tables(np.random.default_rng(2), group), group.order
    back = from_bytes(to_bytes(tables))
    assert (back.group, back.sha256, to_bytes(back)) == (group, tables.sha256, to_bytes(tables))
    for one, other in zip(back.layers, tables.layers, strict=True):
        np.testing.assert_array_equal(one.lut, other.lut)
    all_entries = 9 * LEVELS * (16 + 16 * 16 + 16 * 16)
    entries = all_entries // order
    # of the blocks, of the upsampler; knots
    constants = 2 * 16 * 8 // order + 16 * 8 + 3 * LEVELS
    assert tables.table_bytes == entries + constants
    whole = replace(tables, symmetry=1, negative=False)
    assert whole.table_bytes == all_entries + 2 * 16 * 8 + 16 * 8 + 3 * LEVELS


def test_what_is_not_symmetric_is_refused() -> None:
    tables = symmetric_tables(np.random.default_rng(3), symmetry.Symmetry(4))
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


@pytest.mark.parametrize(
    ("name", "message"), [("knots", "layer 0 has the levels"), ("skip", "layer 0 has the skips")]
)
def test_a_first_block_that_reads_the_negative_otherwise_is_refused(
    name: str, message: str
) -> None:
    tables = symmetric_tables(np.random.default_rng(3), symmetry.Symmetry(8, negative=True))
    values = getattr(tables.layers[0], name).copy()
    values[1 if name == "knots" else slice(None)] += 1
    layers = (replace(tables.layers[0], **{name: values}), *tables.layers[1:])
    assert replace(tables, layers=layers, negative=False)
    with pytest.raises(IllegalTables, match=message):
        replace(tables, layers=layers)


@pytest.mark.parametrize(
    "change", ['symmetry":2', 'symmetry":8', 'symmetry":3', 'symmetry":4,"negative":true',
               'symmetry":4,"negative":1'],
)  # fmt: skip
def test_a_file_that_says_another_symmetry_is_refused(change: str) -> None:
    data = to_bytes(symmetric_tables(np.random.default_rng(5), symmetry.Symmetry(4)))
    length = int.from_bytes(data[:8], "little")
    was, becomes = (text.replace('"', '\\"').encode() for text in ('symmetry":4', change))
    header = data[8 : 8 + length].replace(was, becomes)
    assert header != data[8 : 8 + length]
    with pytest.raises(BadModelFile):
        from_bytes(len(header).to_bytes(8, "little") + header + data[8 + length :])
