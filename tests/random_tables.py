"""Random legal tables: what every engine and target is tried on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iqlut import arithmetic as ar
from iqlut.tables import symmetry
from iqlut.tables.integer_tables import Tables
from iqlut.tables.layer import Layer
from iqlut.tables.restoration_tables import RestorationTables


def random_tables(
    rng: np.random.Generator,
    scale: int = 4,
    blocks: int = 2,
    channels: int = 8,
    kernels: tuple[int, int] = (3, 2),
    interpolate: bool = True,
) -> Tables:
    """Legal tables of the given shape.

    Now and then all entries are at their largest, or most channels have no taps off the centre.
    """
    layers, c = [], 1
    for index in range(blocks + 1):
        last = index == blocks
        d = scale**2 if last else channels
        levels = int(rng.integers(2, 20))
        lut = random_lut(rng, (c, levels, kernels[last], kernels[last], d))
        if kernels[last] == 3 and c > 1 and rng.random() < 0.4:
            few_in, few_out = int(rng.integers(1, c + 1)), int(rng.integers(1, d + 1))
            if rng.random() < 0.5:  # whole eights, as those that are looked up in pairs
                few_in += -few_in % 8
            lut = without_taps(lut, few_in, d if last else few_out)
        layers.append(
            random_layer(rng, lut, interpolate, skip_scale=1 / (2 * scale) ** 2 if last else 1.0)
        )
        c = d
    return Tables("random", scale, tuple(layers), {})


def deep_tables(blocks: int) -> Tables:
    """Tables of this many equal blocks of one channel."""
    tables = random_tables(np.random.default_rng(1), 2, 1, 1, (1, 1))
    block = replace(tables.layers[0], skip=np.zeros(1, np.int16))
    return replace(tables, layers=(block,) * blocks + tables.layers[-1:])


def without_taps(lut: np.ndarray, few_in: int, few_out: int) -> np.ndarray:
    """`lut` with taps off the centre only between its first inputs and outputs."""
    kept = np.zeros_like(lut)
    kept[:, :, 1, 1] = lut[:, :, 1, 1]
    kept[:few_in, ..., :few_out] = lut[:few_in, ..., :few_out]
    return kept


def random_lut(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    if rng.random() < 0.2:
        return (rng.choice([-1, 1], shape) * ar.ENTRY_MAX).astype(np.int8)
    if rng.random() < 0.2:
        return np.full(shape, rng.choice([-1, 1]) * ar.ENTRY_MAX, np.int8)
    return rng.integers(-ar.ENTRY_MAX, ar.ENTRY_MAX + 1, shape).astype(np.int8)


def random_layer(
    rng: np.random.Generator, lut: np.ndarray, interpolate: bool, skip_scale: float
) -> Layer:
    """Constants that keep every sum in int32 and most outputs off the clip."""
    levels, d = lut.shape[1], lut.shape[4]
    inner = 1 + rng.choice(254, levels - 2, replace=False)
    knots = np.sort(np.concatenate([[0, 255], inner])).astype(np.uint8)
    bound = int((ar.ONE * np.abs(lut.astype(np.int64)).max(axis=1).sum(axis=(0, 1, 2))).max())
    acc_shift = 0
    while ar.round_shift(bound, acc_shift) > ar.ACC16_MAX:
        acc_shift += 1
    shift = int(rng.integers(8, 16))
    gain_max = min(
        32767,
        (1 << 29) // max(1, bound >> acc_shift),
        (256 << shift) // max(1, (bound >> acc_shift) // 8) + 1,
    )
    skip_max = min(32767, (1 << shift) * skip_scale)
    return Layer(
        lut,
        knots,
        gain=rng.integers(-gain_max, gain_max + 1, d).astype(np.int16),
        skip=np.round(rng.uniform(0, 1, d) * skip_max).astype(np.int16),
        bias=rng.integers(0, 128 << shift, d).astype(np.int32),
        acc_shift=acc_shift,
        shift=shift,
        interpolate=interpolate,
    )


def random_restoration_tables(
    rng: np.random.Generator,
    scale: int = 4,
    strengths: tuple[float, ...] = (0, 1, 3),
    channels: int = 8,
    kernels: tuple[int, int] = (3, 2),
) -> RestorationTables:
    """Table sets of one lineage: random entries and biases, the rest shared and legal for the
    largest entries.
    """
    first = random_tables(rng, scale, 2, channels, kernels)
    shared = []
    for index, layer in enumerate(first.layers):
        largest = np.full(layer.lut.shape, ar.ENTRY_MAX, np.int8)
        skip_scale = 1.0 if index < first.blocks else 1 / (2 * scale) ** 2
        shared.append(random_layer(rng, largest, layer.interpolate, skip_scale))
    sets = []
    for _ in strengths:
        layers = []
        for layer in shared:
            bias = rng.integers(0, 128 << layer.shift, len(layer.bias)).astype(np.int32)
            layers.append(replace(layer, lut=random_lut(rng, layer.lut.shape), bias=bias))
        sets.append(replace(first, layers=tuple(layers)))
    return RestorationTables(strengths, tuple(sets))


def uneven_tables(rng: np.random.Generator, scale: int, widths: tuple[int, ...]) -> Tables:
    """Tables whose blocks have these numbers of outputs, and no skip where a block has other inputs
    than outputs.
    """
    layers, c = [], 1
    for index, d in enumerate((*widths, scale**2)):
        last = index == len(widths)
        lut = random_lut(rng, (c, int(rng.integers(2, 9)), 3, 3, d))
        layer = random_layer(rng, lut, True, 1 / (2 * scale) ** 2 if last else 1.0)
        if not last and c not in (1, d):
            layer = replace(layer, skip=np.zeros(d, np.int16))
        layers.append(layer)
        c = d
    return Tables("uneven", scale, tuple(layers), {})


def symmetric_tables(
    rng: np.random.Generator,
    group: symmetry.Symmetry,
    scale: int,
    kernels: tuple[int, int] = (3, 3),
    shape: tuple[int, int] | None = None,
    lines: bool = False,
) -> Tables:
    """Two blocks of this shape, (channels, levels), and the upsampler.

    By default there are five levels and one or two orbits of channels. With `lines`, the stored
    outputs of the second block have a row of taps only.
    """
    order = group.order
    channels, levels = shape or (order * int(rng.integers(1, 3)) if order < 8 else order, 5)
    layers, c = [], 1
    for index in range(3):
        last = index == 2
        kernel, d = kernels[last], scale**2 if last else channels
        count = 6 if index == 0 and group.negative else levels
        part = (c // order if last else c, count, kernel, kernel, d if last else d // order)
        stored = random_lut(rng, part)
        if lines and index == 1:
            stored[:, :, ::2] = 0
        layers.append(symmetric_layer(rng, stored, group, scale if last else None))
        c = d
    return Tables("symmetric", scale, tuple(layers), {}, group.flips_rotations, group.negative)


def with_missing_taps(rng: np.random.Generator, tables: Tables) -> Tables:
    """`tables` with taps off the centre only between few stored inputs and outputs of a layer."""
    layers = []
    for index, layer in enumerate(tables.layers):
        last = index == tables.blocks
        stored = tables.stored(index)["lut"]
        if layer.kernel == 3:
            ends = (int(rng.integers(0, stored.shape[axis] + 1)) for axis in (0, 4))
            stored = without_taps(stored, *ends)
        layers.append(replace(layer, lut=symmetry.whole(stored, tables.group, last)))
    return replace(tables, layers=tuple(layers))


def symmetric_layer(
    rng: np.random.Generator,
    stored: np.ndarray,
    group: symmetry.Symmetry,
    scale: int | None = None,
) -> Layer:
    """A layer with these stored entries: an upsampler if there is a scale, or else a block.

    The number of levels of a first block with the negative is 6, or another one that both read
    alike.
    """
    last = scale is not None
    lut = symmetry.whole(stored, group, last)
    layer = random_layer(rng, lut, True, 1 / (2 * scale) ** 2 if scale else 1.0)
    d = lut.shape[4]
    first = np.zeros(d, int) if last else np.arange(d) // group.order * group.order
    constants = {name: getattr(layer, name)[first] for name in ("gain", "skip", "bias")}
    if len(lut) == 1 and group.negative:
        constants["skip"] = np.zeros(d, np.int16)
        constants["knots"] = np.linspace(0, 255, lut.shape[1]).astype(np.uint8)
    return replace(layer, **constants)
