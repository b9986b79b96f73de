"""The C kernel in `native/`: AVX-512, AVX2 or plain C, whichever this machine runs fastest, on any number of threads.

How it works is in `docs/kernel.md`.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from functools import lru_cache
from itertools import count

import numpy as np

from iqlut.engines import check_plane
from iqlut.library import load_library
from iqlut.planes.plane_types import check_uint8
from iqlut.tables.integer_tables import Layer, Tables


class _Layer(ctypes.Structure):
    """iqlut_layer in native/iqlut.h"""

    _fields_ = (
        *(
            (name, ctypes.c_int32)
            for name in ("channels_in", "channels_out", "kernel", "levels", "acc_shift", "shift")
        ),
        *((name, ctypes.c_void_p) for name in ("lut", "curve", "gain", "skip", "bias")),
    )


class _Tables(ctypes.Structure):
    """iqlut_tables"""

    _fields_ = (
        ("scale", ctypes.c_int32),
        ("layer_count", ctypes.c_int32),
        ("layers", ctypes.POINTER(_Layer)),
    )


class _Picture(ctypes.Structure):
    """iqlut_picture"""

    _fields_ = (
        ("pixels", ctypes.c_void_p),
        *((name, ctypes.c_int64) for name in ("h", "w", "stride")),
        ("channels", ctypes.c_int32),
    )


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    library = load_library()
    library.iqlut_instruction_set.restype = ctypes.c_char_p
    library.iqlut_plan_create.argtypes = (ctypes.POINTER(_Tables), ctypes.c_char_p)
    library.iqlut_plan_create.restype = ctypes.c_void_p
    library.iqlut_plan_free.argtypes = (ctypes.c_void_p,)
    library.iqlut_plan_free.restype = None
    library.iqlut_upscale.argtypes = (
        ctypes.c_void_p, ctypes.POINTER(_Picture), ctypes.c_void_p, ctypes.c_int64, ctypes.c_int,
    )  # fmt: skip
    return library


def instruction_sets() -> tuple[str, ...]:
    """What this machine can run, slowest first; the last is what `build` takes by itself."""
    names = iter(map(_library().iqlut_instruction_set, count()).__next__, None)
    return tuple(name.decode() for name in names)


def build(tables: Tables, threads: int = 1, isa: str | None = None) -> Native:
    """See `iqlut.engines`. `isa` is one of `instruction_sets()`.

    None takes what the environment variable IQLUT_ISA names (to look for a fault without changing a program), or else
    the fastest.
    """
    if threads < 1:
        raise ValueError(f"threads is {threads}, expected at least 1")
    isa = isa or os.environ.get("IQLUT_ISA") or None
    if isa is not None and isa not in instruction_sets():
        raise ValueError(f"isa is {isa!r}, expected one of {', '.join(instruction_sets())}")
    return Native(tables, threads, isa)


class Native:
    """An `UpscalePlane` that also does colours, so that no plane of them is ever held."""

    def __init__(self, tables: Tables, threads: int, isa: str | None) -> None:
        self._plan = _Plan(tables, isa)
        self._scale, self._threads = tables.scale, threads

    def __call__(self, luma: np.ndarray) -> np.ndarray:
        luma = check_plane(luma)
        if luma.strides[1] != 1 or luma.strides[0] < 0:
            luma = np.ascontiguousarray(luma)
        h, w = luma.shape
        out = np.empty((self._scale * h, self._scale * w), np.uint8)
        return self._run(luma, 1, out)

    def colours(self, pixels: np.ndarray) -> np.ndarray:
        """See `iqlut.engines.Colourful`; of RGB + alpha, the view without alpha is read as it lies."""
        check_uint8(pixels, (3,), (3,))
        if pixels.strides[1] not in (3, 4) or pixels.strides[2] != 1 or pixels.strides[0] < 0:
            pixels = np.ascontiguousarray(pixels)
        h, w = pixels.shape[:2]
        out = np.empty((self._scale * h, self._scale * w, 3), np.uint8)
        return self._run(pixels, 3 if w == 1 else pixels.strides[1], out)

    def _run(self, pixels: np.ndarray, channels: int, out: np.ndarray) -> np.ndarray:
        h, w = pixels.shape[:2]
        picture = _Picture(pixels.ctypes.data, h, w, pixels.strides[0], channels)
        arguments = (
            self._plan.pointer,
            ctypes.byref(picture),
            out.ctypes.data,
            out.strides[0],
            self._threads,
        )
        if _library().iqlut_upscale(*arguments):
            raise MemoryError(
                f"no memory to upscale a picture of {w} x {h} pixels on {self._threads} threads"
            )
        return out


class _Plan:
    """Owns an iqlut_plan: packed tables, and memory to work in that calls hand on to each other."""

    def __init__(self, tables: Tables, isa: str | None) -> None:
        layers = (_Layer * len(tables.layers))(*map(_layer, tables.layers))
        struct = _Tables(tables.scale, len(layers), layers)
        self.pointer = _library().iqlut_plan_create(
            ctypes.byref(struct), isa.encode() if isa else None
        )
        if not self.pointer:
            raise MemoryError(f"no memory to pack the tables {tables.name!r}")
        weakref.finalize(self, _library().iqlut_plan_free, self.pointer)


def _layer(layer: Layer) -> _Layer:
    arrays = (layer.lut, layer.curve, layer.gain, layer.skip, layer.bias)
    return _Layer(
        layer.channels_in, layer.channels_out, layer.kernel, layer.levels, layer.acc_shift, layer.shift,
        *(array.ctypes.data for array in arrays),
    )  # fmt: skip
