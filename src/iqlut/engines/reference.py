"""The reference engine: NumPy code, written to be read, that defines what tables compute."""

from __future__ import annotations

import numpy as np

from iqlut import arithmetic as ar
from iqlut.engines import check_plane
from iqlut.planes.plane_types import UpscalePlane
from iqlut.tables.integer_tables import Tables
from iqlut.tables.layer import Layer


def build(tables: Tables, threads: int = 1) -> UpscalePlane:
    """See `iqlut.engines`.

    It runs on one thread whatever `threads` is, because it serves for reading and checking.
    """

    def upscale(luma: np.ndarray) -> np.ndarray:
        luma = check_plane(luma)
        signal = luma[:, :, None].astype(np.int32)
        for layer in tables.layers[:-1]:
            own = ar.skip_signal(signal, layer.channels_out)
            signal = ar.requantise(accumulate(layer, signal), own, layer)
        last = tables.layers[-1]
        phases = ar.requantise(accumulate(last, signal), base(luma, tables.scale), last)
        return ar.shuffle(phases.astype(np.uint8), tables.scale)

    return upscale


def accumulate(layer: Layer, signal: np.ndarray) -> np.ndarray:
    """The expanded convolution (IQ-LUT eq. 2): signal (h, w, c) to accumulator int32 (h, w, d)."""
    h, w, _ = signal.shape
    side = ar.footprint(layer.kernel)
    padded = np.pad(signal, (side, side, (0, 0)), mode="edge")
    code, fraction = layer.curve[:, padded].astype(np.int32)
    acc = np.zeros((h, w, layer.channels_out), np.int32)
    for c in range(layer.channels_in):
        for i in range(layer.kernel):
            for j in range(layer.kernel):
                rows = layer.lut[c, :, i, j, :].astype(np.int32)
                at = np.s_[i : i + h, j : j + w, c]
                acc += ar.blend(rows[code[at]], rows[code[at] + 1], fraction[at][:, :, None])
    return acc


def base(luma: np.ndarray, scale: int) -> np.ndarray:
    """The bilinear base in fixed point: luma (h, w) to int32 (h, w, scale * scale)."""
    padded = np.pad(luma.astype(np.int32), 1, mode="edge")
    return np.stack(
        [ar.bilinear(padded, scale, p, q) for p in range(scale) for q in range(scale)], axis=2
    )
