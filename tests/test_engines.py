"""Every engine computes the pixels of the reference, whatever the tables, size and threads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine_cases import ALL, CASES, THREADS, Build, random_case
from iqlut import engines
from iqlut.engines import reference
from iqlut.tables.integer_tables import Tables
from iqlut.tables.symmetry import Symmetry
from random_tables import (
    random_layer,
    random_lut,
    symmetric_tables,
    uneven_tables,
    without_taps,
)

LARGE = (
    (2, 64),
    (3, 64),
    (5, 24),
    (7, 24),
    (6, 48),
    (8, 20),
    (9, 8),
    (9, 16),
    (10, 8),
    (64, 32),
    (256, 5),
)


def tables_with(levels: int, channels: int, scale: int = 2) -> Tables:
    rng = np.random.default_rng(levels * channels)
    shapes = ((1, channels), (channels, channels), (channels, scale**2))
    luts = [random_lut(rng, (c, levels, 3, 3, d)) for c, d in shapes]
    skips = (1.0, 1.0, 1 / (2 * scale) ** 2)
    layers = [random_layer(rng, lut, True, skip) for lut, skip in zip(luts, skips, strict=True)]
    return Tables("random", scale, tuple(layers), {})


@ALL
def test_random_tables_and_planes(build: Build) -> None:
    for seed in range(CASES):
        tables, luma, expected = random_case(seed)
        threads = THREADS[seed % len(THREADS)]
        actual = build(tables, threads)(luma)
        assert actual.dtype == np.uint8
        np.testing.assert_array_equal(
            actual, expected, f"seed {seed}, {luma.shape}, {threads} threads"
        )


@ALL
@pytest.mark.parametrize(("levels", "channels"), LARGE)
def test_the_largest_tables(build: Build, levels: int, channels: int) -> None:
    tables = tables_with(levels, channels)
    luma = np.random.default_rng(0).integers(0, 256, (5, 21)).astype(np.uint8)
    np.testing.assert_array_equal(build(tables, 1)(luma), reference.build(tables)(luma))


@ALL
@pytest.mark.parametrize(
    ("channels", "levels", "few_in", "few_out"),
    [(16, 7, 8, 8), (24, 7, 8, 17), (32, 7, 16, 24), (40, 7, 8, 8), (48, 5, 8, 16), (48, 7, 24, 8)],
)
@pytest.mark.parametrize("height", [1, 2, 9])
def test_few_taps_of_wide_layers(
    build: Build, channels: int, levels: int, few_in: int, few_out: int, height: int
) -> None:
    """Layers that are packed as two parts, which look up pairs of channels where they can."""
    rng = np.random.default_rng(channels * levels)
    luts = [
        random_lut(rng, (1, levels, 3, 3, channels)),
        without_taps(random_lut(rng, (channels, levels, 3, 3, channels)), few_in, few_out),
        without_taps(random_lut(rng, (channels, levels, 3, 3, 16)), few_in, 16),
    ]
    layers = [
        random_layer(rng, lut, True, skip) for lut, skip in zip(luts, (1, 1, 1 / 64), strict=True)
    ]
    tables = Tables("random", 4, tuple(layers), {})
    luma = rng.integers(0, 256, (height, 37)).astype(np.uint8)
    np.testing.assert_array_equal(build(tables, 2)(luma), reference.build(tables)(luma))


def tables_with_a_heavy_tap(channels: int) -> Tables:
    """Tables whose row sums fit int16 for 8 channels without the last tap of the middle row."""
    rng = np.random.default_rng(channels)
    group = min(channels, 8)
    most = np.full((3, 3), 32767 // (32 * 3 * group))
    most[1] = (32767 // (32 * 2 * group), 32767 // (32 * 2 * group), 127)
    layers = []
    for c, d in ((1, channels), (channels, channels), (channels, 16)):
        lut = np.broadcast_to(np.minimum(most, 127)[:, :, None], (c, 5, 3, 3, d)).copy()
        lut[:, 0] *= -1  # dark planes reach the least sum, bright ones the largest
        lut[:, 2] = rng.integers(-lut[:, 1], lut[:, 1] + 1)
        layers.append(random_layer(rng, lut.astype(np.int8), True, 1 / 64 if d == 16 else 1.0))
    return Tables("random", 4, tuple(layers), {})


@ALL
@pytest.mark.parametrize("channels", [3, 4, 5, 8, 11, 16])
def test_the_heaviest_tap(build: Build, channels: int) -> None:
    """The native engine sums it apart from its row."""
    tables = tables_with_a_heavy_tap(channels)
    for luma in (
        np.zeros((4, 9)),
        np.full((4, 9), 255),
        np.random.default_rng(0).integers(0, 256, (9, 37)),
    ):
        plane = luma.astype(np.uint8)
        np.testing.assert_array_equal(build(tables, 1)(plane), reference.build(tables)(plane))


@ALL
@pytest.mark.parametrize("seed", [3, 21, 40, 55, 83])
def test_a_plane_is_the_same_on_any_number_of_threads(build: Build, seed: int) -> None:
    tables = random_case(seed)[0]
    luma = np.random.default_rng(seed).integers(0, 256, (67, 41)).astype(np.uint8)
    expected = reference.build(tables)(luma)
    for threads in THREADS:
        np.testing.assert_array_equal(build(tables, threads)(luma), expected)


@ALL
@pytest.mark.parametrize("seed", range(0, 90, 9))
def test_tiled_equals_untiled(build: Build, seed: int) -> None:
    """A crop with the halo around it, as far as the image reaches, gives the same pixels."""
    tables = random_case(seed)[0]
    rng = np.random.default_rng(seed)
    luma = rng.integers(0, 256, (40, 43)).astype(np.uint8)
    upscale, scale, (before, after) = build(tables, 1), tables.scale, tables.halo
    whole = upscale(luma)
    for _ in range(4):
        top, left = rng.integers(0, 40), rng.integers(0, 43)
        bottom, right = rng.integers(top, 40) + 1, rng.integers(left, 43) + 1
        first_row, first_column = max(0, top - before), max(0, left - before)
        tile = upscale(luma[first_row : bottom + after, first_column : right + after])
        inner = tile[(top - first_row) * scale :, (left - first_column) * scale :]
        inner = inner[: (bottom - top) * scale, : (right - left) * scale]
        np.testing.assert_array_equal(
            inner, whole[top * scale : bottom * scale, left * scale : right * scale]
        )


@ALL
def test_views_are_read_right_and_left_alone(build: Build) -> None:
    tables = random_case(33)[0]
    plane = np.random.default_rng(0).integers(0, 256, (24, 30)).astype(np.uint8)
    frozen = plane.copy()
    frozen.flags.writeable = False
    views = (
        plane[3:17, 5:22],
        plane[::2],
        plane[:, ::3],
        plane[::-1],
        plane[:, ::-1],
        plane.T,
        plane[4:5],
        frozen,
    )
    upscale = build(tables, 2)
    for view in (
        *views,
        np.broadcast_to(plane[:1], (9, 30)),
        np.broadcast_to(plane[:, :1], (24, 6)),
    ):
        kept = view.copy()
        np.testing.assert_array_equal(upscale(view), reference.build(tables)(kept))
        np.testing.assert_array_equal(view, kept)


@ALL
@pytest.mark.parametrize(
    "plane",
    [
        np.zeros((4, 4), np.float32),
        np.zeros((4, 4), np.int8),
        np.zeros((4, 4, 1), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros((4, 0), np.uint8),
        [[1, 2], [3, 4]],
    ],
    ids=["float", "int8", "3-d", "1-d", "no rows", "no columns", "list"],
)
def test_what_is_no_plane_is_refused(build: Build, plane: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected a uint8 array"):
        build(random_case(0)[0], 1)(plane)


def test_unknown_engines_are_refused() -> None:
    with pytest.raises(ValueError, match="expected one of reference, native, torch"):
        engines.get("fast")


@ALL
@pytest.mark.parametrize("widths", [(8, 4), (2, 8), (16, 8, 8), (4, 4, 11)])
def test_blocks_that_widen_or_narrow(build: Build, widths: tuple[int, ...]) -> None:
    """They have no skip, since there is nothing to skip from."""
    rng = np.random.default_rng(3)
    tables = uneven_tables(rng, 2, widths)
    luma = rng.integers(0, 256, (9, 13)).astype(np.uint8)
    np.testing.assert_array_equal(build(tables, 1)(luma), reference.build(tables)(luma))


@ALL
@pytest.mark.parametrize("widths", [(16, 16), (8, 16, 24), (24, 40, 9), (64, 33), (16, 7)])
@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_outputs_with_lines_of_taps(build: Build, widths: tuple[int, ...], share: float) -> None:
    """Any share of the outputs has a column of taps, and the others have a row."""
    rng = np.random.default_rng(4)
    tables = uneven_tables(rng, 2, widths)
    layers = list(tables.layers)
    for index, layer in enumerate(layers[1:-1], 1):
        lut, columns = layer.lut.copy(), rng.random(layer.lut.shape[4]) < share
        lut[:, :, ::2, :, ~columns] = 0
        lut[:, :, :, ::2, columns] = 0
        layers[index] = replace(layer, lut=lut)
    tables = replace(tables, layers=tuple(layers))
    luma = rng.integers(0, 256, (11, 37)).astype(np.uint8)
    np.testing.assert_array_equal(build(tables, 1)(luma), reference.build(tables)(luma))


def with_one_more(lut: np.ndarray) -> np.ndarray:
    """`lut` with another last entry of its last tap."""
    changed = lut.copy()
    changed[-1, -1, 2, 2, -1] = -changed[-1, -1, 2, 2, -1] or 1
    return changed


@ALL
@pytest.mark.parametrize(
    "kind",
    [
        "symmetric",
        "negative",
        "partial",
        "partial negative",
        "rotations",
        "rotations negative",
        "partial rotations",
        "partial rotations negative",
        "lines",
        "nearly symmetric",
        "nearly negative",
        "nearly rotations negative",
        "nearly partial",
        "nearly lines",
    ],
)
@pytest.mark.parametrize(
    ("channels", "levels", "scale"),
    [
        (8, 12, 4),
        (16, 7, 4),
        (24, 7, 4),
        (24, 6, 3),
        (32, 5, 2),
        (32, 12, 2),
        (40, 5, 2),
        (48, 6, 4),
        (48, 7, 2),
        (64, 4, 3),
        (64, 7, 2),
    ],
)
def test_symmetric_tables(build: Build, channels: int, levels: int, scale: int, kind: str) -> None:
    """The native engine keeps rows once for all flips and rotations, and leaves out missing taps;
    not if one entry is another.
    """
    rng = np.random.default_rng(levels * channels)
    members = 4 if "rotations" in kind else 8
    group = Symmetry(members, negative="negative" in kind and channels % (2 * members) == 0)
    tables = symmetric_tables(rng, group, scale, shape=(channels, levels), lines="lines" in kind)
    layers = list(tables.layers)
    for index in (1, 2):
        lut = layers[index].lut
        if "partial" in kind:
            outputs = min(channels, group.order * (2 - levels % 2)) if index == 1 else scale**2
            lut = without_taps(lut, group.order, outputs)
        layers[index] = replace(layers[index], lut=with_one_more(lut) if "nearly" in kind else lut)
    group = Symmetry(1, negative=False) if "nearly" in kind else group
    tables = replace(
        tables, layers=tuple(layers), symmetry=group.flips_rotations, negative=group.negative
    )
    luma = rng.integers(0, 256, (9, 37)).astype(np.uint8)
    np.testing.assert_array_equal(build(tables, 1)(luma), reference.build(tables)(luma))
