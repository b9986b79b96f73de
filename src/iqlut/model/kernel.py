"""The layers of a model on the CPU by the native training kernel, as one `torch.autograd.Function`.

Signals are uint8 as in the integer law, so a layer touches only the two levels a signal lies between
and the levels of a signal come from its 256-entry curve. `expanded.py` is the same in plain torch.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from iqlut import arithmetic as ar
from iqlut.library import load_library
from iqlut.model.quantiser import CENTRE


class _Shape(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int32) for name in ("patches", "h", "w", "channels_in", "channels_out", "kernel", "levels")),
        *((name, ctypes.c_void_p) for name in ("code", "fraction", "steepness")),
    )


@dataclass(frozen=True, eq=False)
class Curve:
    """A layer's knots, uint8, as training uses them: code uint8 (256,), fraction and steepness float32."""

    knots: np.ndarray
    code: np.ndarray
    fraction: np.ndarray
    steepness: np.ndarray
    _copies: dict[tuple[torch.device, torch.dtype], tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = field(
        default_factory=dict, repr=False
    )

    @staticmethod
    def of(knots: np.ndarray, interpolate: bool) -> Curve:
        code, fraction = ar.expand_knots(knots, interpolate)
        steepness = np.float32(CENTRE) / np.diff(knots.astype(np.float32))
        return Curve(knots, np.ascontiguousarray(code), fraction.astype(np.float32) / ar.ONE, steepness)

    def on(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """knots (levels,), code int64 (256,) and fraction (256,), where `x` is and as it is; copied there once."""
        place = (x.device, x.dtype)
        if place not in self._copies:
            knots, fraction = (torch.from_numpy(values.astype(np.float32)) for values in (self.knots, self.fraction))
            code = torch.from_numpy(self.code.astype(np.int64))
            self._copies[place] = (knots.to(*place), code.to(x.device), fraction.to(*place))
        return self._copies[place]


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    library = load_library()
    library.iqlut_train_forward.restype = ctypes.c_int
    library.iqlut_train_backward.restype = ctypes.c_int
    return library


def _pointer(tensor: torch.Tensor | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(tensor.data_ptr() if tensor is not None else None)


def _shape(signal: torch.Tensor, lut: torch.Tensor, curve: Curve) -> _Shape:
    n, h, w, c = signal.shape
    return _Shape(
        n, h, w, c, lut.shape[4], lut.shape[2], lut.shape[1],
        curve.code.ctypes.data, curve.fraction.ctypes.data, curve.steepness.ctypes.data,
    )  # fmt: skip


def _forward(
    signal: torch.Tensor, lut: torch.Tensor, gate: tuple[torch.Tensor, torch.Tensor] | None, curve: Curve, threads: int
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """F (n, h, w, d) of a layer and, with a gate, the next signal."""
    n, h, w, _ = signal.shape
    acc = torch.empty(n, h, w, lut.shape[4])
    out = torch.empty(n, h, w, lut.shape[4], dtype=torch.uint8) if gate else None
    gain, skip = gate or (None, None)
    shape = _shape(signal, lut, curve)
    if _library().iqlut_train_forward(
        ctypes.byref(shape), _pointer(signal), _pointer(lut), _pointer(gain), _pointer(skip),
        threads, _pointer(acc), _pointer(out),
    ):  # fmt: skip
        raise MemoryError("the training kernel got no memory")
    return acc, out


class Layers(torch.autograd.Function):
    """All layers of a model at once: luma uint8 (n, h, w) -> F of the last layer (n, h, w, scale**2).

    `apply(luma, curves, threads, *parameters)` with lut, knots (levels,), gain (d,) and skip (d,) of each
    block in order, then lut and knots of the upsampler; all float32 and contiguous, knots in units of x.
    The forward pass takes the knots from `curves`, which holds them rounded.
    """

    @staticmethod
    def forward(ctx: Any, luma: torch.Tensor, curves: list[Curve], threads: int, *parameters: torch.Tensor):
        signal: Any = luma.contiguous().unsqueeze(3)
        tensors = []
        parameters = tuple(p.detach().contiguous() for p in parameters)
        for index, curve in enumerate(curves[:-1]):
            lut, _, gain, skip = parameters[4 * index : 4 * index + 4]
            acc, out = _forward(signal, lut, (gain, skip), curve, threads)
            tensors += [signal, acc]
            signal = out
        residual, _ = _forward(signal, parameters[-2], None, curves[-1], threads)
        ctx.save_for_backward(*tensors, signal, *parameters)
        ctx.curves, ctx.threads = curves, threads
        return residual

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor):  # type: ignore[override]
        curves, blocks = ctx.curves, len(ctx.curves) - 1
        saved = ctx.saved_tensors
        parameters = saved[2 * blocks + 1 :]
        states: Any = (*saved[: 2 * blocks + 1], None, None)
        grads: list[torch.Tensor | None] = []
        grad: torch.Tensor | None = grad_outputs[0].contiguous()
        for index in reversed(range(blocks + 1)):
            signal, acc, out = states[2 * index : 2 * index + 3]
            lut, knots, *gate = parameters[4 * index : 4 * index + 4]
            own = [torch.empty_like(lut), torch.empty_like(knots), *(torch.empty(lut.shape[4]) for _ in range(2))]
            grad_signal = torch.empty(signal.shape) if index else None
            shape = _shape(signal, lut, curves[index])
            if _library().iqlut_train_backward(
                ctypes.byref(shape), _pointer(signal), _pointer(lut), *map(_pointer, gate or (None, None)),
                _pointer(acc), _pointer(out), _pointer(grad), ctx.threads, *map(_pointer, own), _pointer(grad_signal),
            ):  # fmt: skip
                raise MemoryError("the training kernel got no memory")
            grads = [*(own if gate else own[:2]), *grads]
            grad = grad_signal
        return None, None, None, *grads
