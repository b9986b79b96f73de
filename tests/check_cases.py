"""Cases for programs without Python, in the format that native/check.c reads, and a reader of that
format.

Random cases hold what the reference of today computes: they compare another program with the
reference, and an error that both share stays hidden. The stored pixels in vectors/, which do not
change, are what is golden. `check_cases.py FILE [COUNT]` writes the cases of vectors/edge.bin, one
for each output of vectors/index.json, and COUNT random ones.
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import numpy as np

import iqlut
from iqlut.engines import reference
from iqlut.planes.colour import join, split
from iqlut.tables.integer_tables import SCALES, Layer, Tables
from iqlut.tables.restoration_tables import tables_at
from random_tables import random_tables

_CHANNELS = (1, 3, 8, 11, 16)
_KERNELS = ((3, 2), (3, 1), (3, 3), (2, 2), (1, 1))
_VECTORS = Path(__file__).parents[1] / "vectors"


def case(seed: int) -> bytes:
    """Return a random case: a plane or, for every other seed, an RGB picture."""
    rng = np.random.default_rng(seed)
    scale, channels, kernels = SCALES[seed % 3], _CHANNELS[seed % 5], _KERNELS[seed // 5 % 5]
    tables = random_tables(
        rng, scale, int(rng.integers(1, 4)), channels, kernels, interpolate=seed % 4 > 0
    )
    h, w = (1, 1) if seed % 11 == 0 else rng.integers(1, 30, 2).tolist()
    return case_of(tables, rng.integers(0, 256, (h, w, 3)[: 2 + seed % 2]).astype(np.uint8))


def case_of(tables: Tables, pixels: np.ndarray) -> bytes:
    """Return tables, a plane or a picture, and what the reference computes, as bytes."""
    upscale_plane = reference.build(tables)
    if pixels.ndim == 3:
        luma, rest = split(pixels)
        expected = join(upscale_plane(luma), rest, tables.scale)
    else:
        expected = upscale_plane(pixels)
    return _packed(tables, pixels, expected.tobytes())


def golden_cases() -> list[bytes]:
    """Return a case for each output of vectors/index.json, whose pixels are read, not computed."""
    index = json.loads((_VECTORS / "index.json").read_text(encoding="utf-8"))
    plane = np.fromfile(_VECTORS / index["plane"]["file"], np.uint8)
    plane = plane.reshape(index["plane"]["height"], index["plane"]["width"])
    cases = []
    for row in index["outputs"]:
        tables = tables_at(iqlut.load(row["model"]), row["restore"] or 0.0)
        assert tables.sha256 == row["tables_sha256"], row["file"]
        cases.append(_packed(tables, plane, (_VECTORS / row["file"]).read_bytes()))
    return cases


def _packed(tables: Tables, pixels: np.ndarray, expected: bytes) -> bytes:
    h, w = pixels.shape[:2]
    head = struct.pack("<5i", tables.scale, len(tables.layers), h, w, pixels.size // (h * w))
    return head + _layers(tables) + pixels.tobytes() + expected


def _layers(tables: Tables) -> bytes:
    parts = []
    for layer in tables.layers:
        shape = (
            layer.channels_in,
            layer.channels_out,
            layer.kernel,
            layer.levels,
            layer.acc_shift,
            layer.shift,
        )
        arrays = (layer.lut, layer.curve, layer.gain, layer.skip, layer.bias)
        parts += [
            struct.pack("<6i", *shape),
            *(np.ascontiguousarray(array).tobytes() for array in arrays),
        ]
    return b"".join(parts)


def read(data: bytes) -> list[tuple[Tables, np.ndarray, np.ndarray]]:
    """Return the tables, the pixels (h, w) or (h, w, 3) and the expected pixels of each case in
    `data`.
    """
    cases, start = [], 0
    while start < len(data):
        scale, count, h, w, channels = struct.unpack_from("<5i", data, start)
        start += struct.calcsize("<5i")
        layers = []
        for _ in range(count):
            layer, start = _read_layer(data, start)
            layers.append(layer)
        shape = (h, w) if channels == 1 else (h, w, channels)
        pixels, start = _read_array(data, start, np.uint8, shape)
        large = (h * scale, w * scale, *shape[2:])
        expected, start = _read_array(data, start, np.uint8, large)
        cases.append((Tables("stored", scale, tuple(layers), {}), pixels, expected))
    return cases


def _read_layer(data: bytes, start: int) -> tuple[Layer, int]:
    """Return a layer and where the next one begins; its curve must be the stored one."""
    c, d, kernel, levels, acc_shift, shift = struct.unpack_from("<6i", data, start)
    start += struct.calcsize("<6i")
    lut, start = _read_array(data, start, np.int8, (c, levels, kernel, kernel, d))
    curve, start = _read_array(data, start, np.uint8, (2, 256))
    gain, start = _read_array(data, start, np.int16, (d,))
    skip, start = _read_array(data, start, np.int16, (d,))
    bias, start = _read_array(data, start, np.int32, (d,))
    knots = [int(np.argmax(curve[0] == level)) for level in range(levels - 1)] + [255]
    for interpolate in (True, False):
        constants = (gain, skip, bias, acc_shift, shift, interpolate)
        layer = Layer(lut, np.array(knots, np.uint8), *constants)
        if np.array_equal(layer.curve, curve):
            return layer, start
    raise AssertionError("the curve of no knots is the stored one: arithmetic.expand_knots changed")


def _read_array(
    data: bytes, start: int, dtype: type, shape: tuple[int, ...]
) -> tuple[np.ndarray, int]:
    array = np.frombuffer(data, dtype, int(np.prod(shape)), start).reshape(shape)
    return array, start + array.nbytes


if __name__ == "__main__":
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    cases = [(_VECTORS / "edge.bin").read_bytes(), *golden_cases(), *map(case, range(count))]
    Path(sys.argv[1]).write_bytes(b"".join(cases))
