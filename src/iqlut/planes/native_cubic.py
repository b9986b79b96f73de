"""Upscaling of a plane of samples by the cubic kernel, in the native library.

`planes.cubic.upscale` defines the samples. In NumPy, they take sixteen times as long.
"""

from __future__ import annotations

import os
from functools import lru_cache

import numpy as np

from iqlut.native import ISA_VARIABLE, REFERENCE, Problem, inference
from iqlut.planes import cubic


def upscale(
    plane: np.ndarray,
    scale: int,
    offsets: cubic.Offsets,
    sample_max: int,
    isa: str | None = None,
) -> np.ndarray:
    """Upscale a plane, uint8 or uint16 (h, w), to (scale * h, scale * w) of the same type.

    The arguments and the result are those of `planes.cubic.upscale`. `isa` is one of
    `engines.native.instruction_sets()`, or REFERENCE. None means the one that ISA_VARIABLE names,
    or the fastest.
    """
    name = isa or os.environ.get(ISA_VARIABLE)
    if name == REFERENCE:
        return cubic.upscale(plane, scale, offsets, sample_max)
    if plane.strides[1] != plane.itemsize or plane.strides[0] < 0:
        plane = np.ascontiguousarray(plane)
    h, w = plane.shape
    out = np.empty((scale * h, scale * w), plane.dtype)
    samples = inference.Samples(
        plane.ctypes.data, h, w, plane.strides[0], plane.itemsize, sample_max
    )
    down, along = (_phases(scale, offset) for offset in offsets)
    code = inference.library().iqlut_upscale_samples(
        samples, scale, down, along, name.encode() if name else None, out.ctypes.data
    )
    if code:
        raise Problem(code).error()
    return out


@lru_cache(maxsize=64)
def _phases(scale: int, offset: float) -> inference.CubicWeights:
    """`cubic.phases` as a structure of the library, which only reads it."""
    phases = inference.CubicWeights()
    for index, (first, weights) in enumerate(cubic.phases(scale, offset)):
        phases.first[index] = first
        phases.weights[index][:] = weights
    return phases
