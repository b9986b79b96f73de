"""Cases for programs without Python: tables, a picture and what the reference makes of it, as native/check.c reads
them. `golden.py FILE [COUNT]` writes some."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np

from iqlut.engines import reference
from iqlut.planes.colour import join, split
from iqlut.tables.integer_tables import SCALES, Tables
from random_tables import random_tables

_CHANNELS = (1, 3, 8, 11, 16)
_KERNELS = ((3, 2), (3, 1), (3, 3), (2, 2), (1, 1))


def case(seed: int) -> bytes:
    """A random case: a plane or, every other time, a picture with colours."""
    rng = np.random.default_rng(seed)
    scale, channels, kernels = SCALES[seed % 3], _CHANNELS[seed % 5], _KERNELS[seed // 5 % 5]
    tables = random_tables(
        rng, scale, int(rng.integers(1, 4)), channels, kernels, interpolate=seed % 4 > 0
    )
    h, w = (1, 1) if seed % 11 == 0 else rng.integers(1, 30, 2).tolist()
    return case_of(tables, rng.integers(0, 256, (h, w, 3)[: 2 + seed % 2]).astype(np.uint8))


def case_of(tables: Tables, pixels: np.ndarray) -> bytes:
    """Tables, a plane or a picture, and what the reference makes of it."""
    h, w = pixels.shape[:2]
    upscale_plane = reference.build(tables)
    if pixels.ndim == 3:
        luma, rest = split(pixels)
        expected = join(upscale_plane(luma), rest, tables.scale)
    else:
        expected = upscale_plane(pixels)
    head = struct.pack("<5i", tables.scale, len(tables.layers), h, w, pixels.size // (h * w))
    return head + _layers(tables) + pixels.tobytes() + expected.tobytes()


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


if __name__ == "__main__":
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    Path(sys.argv[1]).write_bytes(b"".join(map(case, range(count))))
