"""The native engine: the C code in `native/`, with the fastest instruction set of this machine.

`docs/kernel.md` explains how it works.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from itertools import count

import numpy as np

from iqlut.engines import check_plane
from iqlut.errors import InvalidArgument
from iqlut.native import ISA_VARIABLE, REFERENCE, Problem, inference
from iqlut.native.interruptible_call import interruptible
from iqlut.planes.plane_types import UpscalePlane, check_uint8
from iqlut.tables.integer_tables import Layer, Tables

# Calls with more multiplications run in a thread of their own, so that a signal can interrupt them.
# Starting a thread takes 0.1 ms, and the fastest instruction set takes tens of ms for so many.
_SHORT_CALL = 2_000_000_000


def instruction_sets() -> tuple[str, ...]:
    """The instruction sets that this machine can run, slowest first. `build` uses the last one."""
    names = iter(map(inference.library().iqlut_instruction_set, count()).__next__, None)
    return tuple(name.decode() for name in names)


def build(tables: Tables, threads: int = 1, isa: str | None = None) -> UpscalePlane:
    """See `iqlut.engines`. `isa` is one of `instruction_sets()`, or REFERENCE, which
    upscales luma only.

    None means the instruction set that the environment variable ISA_VARIABLE names, which serves to
    locate a fault without changing a program, or else the fastest one.
    """
    if threads < 1:
        raise InvalidArgument(f"threads is {threads}, expected 1 or more; leave it out for 1")
    isa = isa or os.environ.get(ISA_VARIABLE) or None
    if isa is not None and isa not in (*instruction_sets(), REFERENCE):
        raise InvalidArgument(
            f"isa is {isa!r}, expected one of {', '.join(instruction_sets())}; "
            "leave it out for the fastest"
        )
    return (Native if isa == REFERENCE else NativeColours)(tables, threads, isa)


class Native:
    """An `UpscalePlane` that runs tables on the native library."""

    def __init__(self, tables: Tables, threads: int, isa: str | None) -> None:
        self._plan = _Plan(tables, isa)
        self._scale, self._threads = tables.scale, threads
        pixel_work = sum(
            layer.channels_in * layer.channels_out * layer.kernel**2 for layer in tables.layers
        )
        self._short_call_pixels = 0 if isa == REFERENCE else _SHORT_CALL // pixel_work

    def __call__(self, luma: np.ndarray) -> np.ndarray:
        luma = check_plane(luma)
        if luma.strides[1] != 1 or luma.strides[0] < 0:
            luma = np.ascontiguousarray(luma)
        h, w = luma.shape
        out = np.empty((self._scale * h, self._scale * w), np.uint8)
        return self._run(luma, 1, out)

    def _run(self, pixels: np.ndarray, channels: int, out: np.ndarray) -> np.ndarray:
        h, w = pixels.shape[:2]

        def call(stop: ctypes.c_int32 | None) -> int:
            picture = inference.Picture(pixels.ctypes.data, h, w, pixels.strides[0], channels)
            result = inference.Result(out.ctypes.data, out.strides[0])
            pointer, threads = self._plan.pointer, self._threads
            return inference.library().iqlut_upscale(pointer, picture, result, threads, stop)

        is_short = h * w <= self._short_call_pixels
        if call(None) if is_short else interruptible(call):
            raise MemoryError(
                f"the picture has {w}x{h} pixels and needs more memory than there is, expected "
                f"one that fits into memory on {self._threads} threads; use fewer threads or "
                "smaller parts"
            )
        return out


class NativeColours(Native):
    """An `UpscalePlane` that also upscales RGB, without storing whole planes of the colours."""

    def colours(self, pixels: np.ndarray) -> np.ndarray:
        """See `iqlut.engines.Colourful`. A view of RGB and alpha without alpha is not copied."""
        check_uint8(pixels, (3,), (3,))
        if pixels.strides[1] not in (3, 4) or pixels.strides[2] != 1 or pixels.strides[0] < 0:
            pixels = np.ascontiguousarray(pixels)
        h, w = pixels.shape[:2]
        out = np.empty((self._scale * h, self._scale * w, 3), np.uint8)
        return self._run(pixels, 3 if w == 1 else pixels.strides[1], out)


class _Plan:
    """Owns an iqlut_plan: the packed tables, and working memory that calls reuse.

    Raises InvalidArgument if the tables exceed a limit of the library.
    """

    def __init__(self, tables: Tables, isa: str | None) -> None:
        layers = (inference.Layer * len(tables.layers))(*map(_layer, tables.layers))
        struct = inference.Tables(tables.scale, len(layers), layers)
        library, pointer, problem = inference.library(), ctypes.c_void_p(), Problem()
        name = isa.encode() if isa else None
        if library.iqlut_plan_create(
            ctypes.byref(struct), name, ctypes.byref(pointer), ctypes.byref(problem)
        ):
            raise problem.error()
        self.pointer = pointer.value
        # not at the end of the process, when another thread may still use the plan
        weakref.finalize(self, library.iqlut_plan_free, self.pointer).atexit = False


def _layer(layer: Layer) -> inference.Layer:
    arrays = (layer.lut, layer.curve, layer.gain, layer.skip, layer.bias)
    return inference.Layer(
        layer.channels_in,
        layer.channels_out,
        layer.kernel,
        layer.levels,
        layer.acc_shift,
        layer.shift,
        *(array.ctypes.data for array in arrays),
    )
