"""Cases for the C runtime, as tests/c_runtime/check.c reads them.

A case is tables, a plane, and the pixels that are expected of it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import iqlut
from iqlut import arithmetic as ar
from iqlut.engines import reference
from iqlut.tables.integer_tables import SCALES, Tables
from iqlut.tables.restoration_tables import RestorationTables
from iqlut.tables.symmetry import Symmetry
from iqlut.targets.c import BYTE_LEVELS, biased, tap_parts
from random_tables import (
    random_restoration_tables,
    random_tables,
    symmetric_tables,
    uneven_tables,
    with_missing_taps,
)

_CHANNELS = (1, 2, 3, 5, 8)
_KERNELS = ((3, 2), (3, 1), (3, 3), (2, 2), (1, 1), (1, 3), (2, 3))
_SIDES = (1, 2, 3, 5, 15, 16, 17, 33)  # the runtime passes 16 columns at a time


def blob(cases: list[bytes]) -> bytes:
    """What check.c reads."""
    return struct.pack("<I", len(cases)) + b"".join(cases)


def random_case(seed: int) -> bytes:
    """Random legal tables on a random plane; every third with tiles, every seventh a blend."""
    rng = np.random.default_rng(seed)
    scale, kernels = SCALES[seed % 3], _KERNELS[seed % 7]
    channels = _CHANNELS[seed % 5]
    h, w = rng.choice(_SIDES, 2).tolist() if seed % 4 else (int(rng.integers(1, 12)), 40)
    luma = rng.integers(0, 256, (h, w)).astype(np.uint8)
    if seed % 7 == 6:
        model = random_restoration_tables(rng, scale, (0, 1), channels, kernels)
        return case(model, luma, weight=int(rng.integers(0, 16)))
    if seed % 7 == 5:
        widths = tuple(rng.integers(1, 9, int(rng.integers(1, 4))).tolist())
        tables = uneven_tables(rng, scale, widths)
    else:
        blocks = int(rng.integers(1, 4))
        tables = random_tables(rng, scale, blocks, channels, kernels, interpolate=seed % 4 > 0)
    tile = sum(tables.halo) + int(rng.integers(1, 9)) if seed % 3 == 0 else 0
    return case(tables, luma, tile=tile)


def symmetric_case(seed: int) -> bytes:
    """Random symmetric tables, which the runtime reads from their stored parts.

    Half of them lack taps.
    """
    rng = np.random.default_rng(1000 + seed)
    counts = [(1, True), *((count, bool(rng.integers(2))) for count in (2, 4, 8))]
    group = Symmetry(*counts[seed % 4])
    kernels = [(3, 3), (3, 1), (1, 3), *[(3, 2), (2, 3)] * (group.flips_rotations == 1)]
    channels = group.order * int(rng.integers(1, 3))
    tables = symmetric_tables(
        rng, group, int(rng.choice(SCALES)), kernels[int(rng.integers(len(kernels)))], (channels, 5)
    )
    if rng.integers(2):
        tables = with_missing_taps(rng, tables)
    h, w = rng.choice(_SIDES, 2).tolist()
    luma = rng.integers(0, 256, (h, w)).astype(np.uint8)
    return case(tables, luma, tile=sum(tables.halo) + 2)


def stored_case(row: dict[str, Any], plane: np.ndarray, output: Path) -> bytes:
    """A golden vector of vectors/index.json: its output is read, not computed."""
    model = iqlut.load(row["model"])
    tables = model.at(row["restore"]) if isinstance(model, RestorationTables) else model
    assert tables.sha256 == row["tables_sha256"]
    expected = np.fromfile(output, np.uint8)
    made = case(tables, plane)
    assert made.endswith(_padded(reference.build(tables)(plane)))
    return made[: -expected.size] + expected.tobytes()


def shipped_cases(plane: np.ndarray) -> Iterator[bytes]:
    """Every shipped model on a plane, also in tiles; with strengths its first set and a blend."""
    for name in iqlut.models():
        model = iqlut.load(name)
        if isinstance(model, RestorationTables):
            pair = RestorationTables((0.0, 1.0), model.sets[:2])
            yield case(pair, plane, weight=0)
            yield case(pair, plane, weight=7)
        else:
            yield case(model, plane, tile=sum(model.halo) + 3)


def case(
    model: Tables | RestorationTables, luma: np.ndarray, tile: int = 0, weight: int = 0
) -> bytes:
    """One case; `tile`: the width of streams in tiles, 0 for none; `weight`: of the second set."""
    sets = model.sets if isinstance(model, RestorationTables) else (model, model)
    first, second = sets[0], sets[1]
    tables = first
    if isinstance(model, RestorationTables):
        tables = model.at(weight / (1 << ar.SET_WEIGHT_BITS))
    height, width = luma.shape
    group = (first.symmetry, first.negative)
    head = (first.scale, *group, len(first.layers), weight, tile, height, width)
    parts = [struct.pack("<8I", *head)]
    other = second if isinstance(model, RestorationTables) else None
    parts += [_layer(first, other, index) for index in range(len(first.layers))]
    parts += [_padded(luma), _padded(reference.build(tables)(luma))]
    return b"".join(parts)


def _layer(first: Tables, second: Tables | None, index: int) -> bytes:
    """A layer of one set, or of two that are blended and therefore have all taps."""
    layer, stored = first.layers[index], first.stored(index)
    other = (second or first).stored(index)
    lut, around = tap_parts(first, index, is_blended=second is not None)
    sizes = (0, 0) if around is None else (around.shape[0], around.shape[3])
    bits = 8 if layer.levels <= BYTE_LEVELS else 16
    code, fraction = layer.curve.astype(np.int32)
    curve = (ar.ONE * code + fraction).astype(np.uint8 if bits == 8 else np.uint16)
    shape = (layer.levels, layer.channels_in, layer.channels_out, layer.kernel)
    numbers = (bits, lut.nbytes, len(stored["gain"]), *shape)
    arrays = (curve, stored["gain"], stored["skip"], stored["bias"], biased(lut))
    arrays += () if around is None else (biased(around),)
    arrays += (other["bias"], biased(lut if second is None else other["lut"]))
    packed = struct.pack("<11I", *numbers, layer.acc_shift, layer.shift, *sizes)
    return packed + b"".join(map(_padded, arrays))


def _padded(array: np.ndarray) -> bytes:
    data = np.ascontiguousarray(array).tobytes()
    return data + bytes(-len(data) % 4)
