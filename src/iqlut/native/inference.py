"""Structures and prototypes of the inference library: native/inference/iqlut.h."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_int, c_int32, c_int64, c_void_p
from functools import lru_cache

from iqlut.native import Problem, load


class Layer(ctypes.Structure):
    """The structure iqlut_layer."""

    _fields_ = (
        *(
            (name, c_int32)
            for name in ("channels_in", "channels_out", "kernel", "levels", "acc_shift", "shift")
        ),
        *((name, c_void_p) for name in ("lut", "curve", "gain", "skip", "bias")),
    )


class Tables(ctypes.Structure):
    """The structure iqlut_tables."""

    _fields_ = (("scale", c_int32), ("layer_count", c_int32), ("layers", POINTER(Layer)))


class Picture(ctypes.Structure):
    """The structure iqlut_picture."""

    _fields_ = (
        ("pixels", c_void_p),
        *((name, c_int64) for name in ("h", "w", "stride")),
        ("channels", c_int32),
    )


class Result(ctypes.Structure):
    """The structure iqlut_result."""

    _fields_ = (("pixels", c_void_p), ("stride", c_int64))


class CubicWeights(ctypes.Structure):
    """The structure iqlut_cubic_weights."""

    _fields_ = (("first", c_int32 * 4), ("weights", (c_int32 * 5) * 4))


class Samples(ctypes.Structure):
    """The structure iqlut_samples."""

    _fields_ = (
        ("samples", c_void_p),
        *((name, c_int64) for name in ("h", "w", "stride")),
        *((name, c_int32) for name in ("bytes", "sample_max")),
    )


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL:
    """The inference library with its prototypes, loaded once."""
    found = load("inference")
    found.iqlut_instruction_set.argtypes = (c_int,)
    found.iqlut_instruction_set.restype = c_char_p
    found.iqlut_plan_create.argtypes = (
        POINTER(Tables),
        c_char_p,
        POINTER(c_void_p),
        POINTER(Problem),
    )
    found.iqlut_plan_create.restype = c_int
    found.iqlut_plan_free.argtypes = (c_void_p,)
    found.iqlut_plan_free.restype = None
    found.iqlut_plan_isa.argtypes = (c_void_p,)
    found.iqlut_plan_isa.restype = c_char_p
    found.iqlut_upscale.argtypes = (
        c_void_p,
        POINTER(Picture),
        POINTER(Result),
        c_int,
        POINTER(c_int32),
    )
    found.iqlut_upscale.restype = c_int
    found.iqlut_upscale_samples.argtypes = (
        POINTER(Samples),
        c_int,
        POINTER(CubicWeights),
        POINTER(CubicWeights),
        c_char_p,
        c_void_p,
    )
    found.iqlut_upscale_samples.restype = c_int
    return found
