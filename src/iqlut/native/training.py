"""Structures and prototypes of the training library: native/training/training.h."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_float, c_int, c_int32, c_void_p
from functools import lru_cache

from iqlut.native import Problem, load


class Layer(ctypes.Structure):
    """The structure iqlut_train_layer."""

    _fields_ = (
        *((name, c_int32) for name in ("channels_in", "channels_out", "kernel", "levels")),
        *((name, c_int32) for name in ("spatial_in", "spatial_out")),
        *(
            (name, c_void_p)
            for name in ("code", "fraction", "steepness", "lut", "step", "gain", "skip")
        ),
        *((name, c_void_p) for name in ("grad_lut", "grad_gain", "grad_skip", "grad_knots")),
    )


class Batch(ctypes.Structure):
    """The structure iqlut_train_batch."""

    _fields_ = (
        *((name, c_int32) for name in ("patches", "h", "w", "scale", "layer_count", "threads")),
        ("isa", c_char_p),
        ("layers", POINTER(Layer)),
        ("luma", c_void_p),
    )


class Loss(ctypes.Structure):
    """The structure iqlut_train_loss, whose kinds are numbered by their order in LOSSES."""

    _fields_ = (
        ("kind", c_int32),
        ("base", c_int32),
        ("truth", c_void_p),
        ("taught", c_void_p),
        ("weight", c_float),
        ("margin", c_int32),
    )


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL:
    """The training library with its prototypes, loaded once."""
    found = load("training")
    found.iqlut_train_residual.argtypes = (POINTER(Batch), c_void_p, POINTER(Problem))
    found.iqlut_train_gradients.argtypes = (POINTER(Batch), c_void_p, POINTER(Problem))
    found.iqlut_train_losses.argtypes = (POINTER(Batch), POINTER(Loss), c_void_p, POINTER(Problem))
    for name in ("residual", "gradients", "losses"):
        getattr(found, f"iqlut_train_{name}").restype = c_int
    return found
