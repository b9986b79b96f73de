"""A model on the CPU by the native training kernel: its residual, and the mean loss of a batch, for autograd.

Entries are int8 and signals uint8 as in the integer arithmetic, so a layer touches only the two levels a signal lies between,
and the levels of a signal come from its 256-entry curve. `expanded.py` is the same in plain torch.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from iqlut import arithmetic as ar
from iqlut.native import Problem, training
from iqlut.network.losses import LOSSES
from iqlut.network.quantisation import CENTRE

ISAS = ("portable", "avx2", "avx512")


@dataclass(frozen=True, eq=False)
class Curve:
    """A layer's knots, uint8, as training uses them: code uint8 (256,), fraction and steepness float32."""

    knots: np.ndarray
    code: np.ndarray
    fraction: np.ndarray
    steepness: np.ndarray
    _copies: dict[
        tuple[torch.device, torch.dtype], tuple[torch.Tensor, torch.Tensor, torch.Tensor]
    ] = field(default_factory=dict, repr=False)

    @staticmethod
    def of(knots: np.ndarray, interpolate: bool) -> Curve:
        code, fraction = ar.expand_knots(knots, interpolate)
        steepness = np.float32(CENTRE) / np.diff(knots.astype(np.float32))
        return Curve(
            knots, np.ascontiguousarray(code), fraction.astype(np.float32) / ar.ONE, steepness
        )

    def on(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """knots (levels,), code int64 (256,) and fraction (256,), where `x` is and as it is; copied there once."""
        place = (x.device, x.dtype)
        if place not in self._copies:
            knots, fraction = (
                torch.from_numpy(values.astype(np.float32))
                for values in (self.knots, self.fraction)
            )
            code = torch.from_numpy(self.code.astype(np.int64))
            self._copies[place] = (knots.to(*place), code.to(x.device), fraction.to(*place))
        return self._copies[place]


@dataclass(frozen=True)
class Setting:
    """What of a model is not a tensor: the curve of each layer, the scale; and how it is computed.

    `base` says whether the residual is added to the bilinear upscaling, or to the centre. `isa` is one of ISAS, or
    None for the fastest that there is. `steps` are the entry steps (d,) of the layers, None: of their tables.
    """

    curves: Sequence[Curve]
    scale: int
    base: bool = True
    threads: int = 1
    isa: str | None = None
    steps: Sequence[torch.Tensor | None] = ()


@dataclass(frozen=True)
class Aim:
    """What a batch is compared with, by a loss of LOSSES: truth uint8 (n, h, w, scale**2).

    `taught` float32, of the shape of `truth`, is what a teacher's residual is, its distance counted `weight` times.
    `margin` low-resolution pixels at each side of a patch do not count.
    """

    loss: str
    truth: torch.Tensor
    taught: torch.Tensor | None = None
    weight: float = 0.0
    margin: int = 0


class Residual(torch.autograd.Function):
    """All layers of a model at once: luma uint8 (n, h, w) -> F of the last layer (n, h, w, scale**2), in units of x.

    `apply(luma, setting, *parameters)` with lut (c, levels, k, k, d), knots (levels,), gain (d,) and skip (d,) of each
    block in order, then lut and knots of the upsampler; all float32, knots in units of x. Entries are rounded on the
    way, with gradients straight through. Where the levels lie the forward pass takes from the curves.
    """

    @staticmethod
    def forward(ctx: Any, luma: torch.Tensor, setting: Setting, *parameters: torch.Tensor):
        ctx.save_for_backward(luma, *parameters)
        ctx.setting = setting
        residual = torch.empty(*luma.shape, parameters[-2].shape[4])
        _Call(luma, setting, parameters).run("residual", residual.data_ptr())
        return residual

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor):  # type: ignore[override]
        luma, *parameters = ctx.saved_tensors
        grads = [torch.empty_like(p, memory_format=torch.contiguous_format) for p in parameters]
        given = grad_outputs[0].contiguous()
        _Call(luma, ctx.setting, parameters, grads, ctx.needs_input_grad[2:]).run(
            "gradients", given.data_ptr()
        )
        return None, None, *_wanted(ctx, grads, 2)


class MeanLoss(torch.autograd.Function):
    """The mean loss of a batch, with its gradients in the same pass: `apply(luma, setting, aim, *parameters)`."""

    @staticmethod
    def forward(
        ctx: Any, luma: torch.Tensor, setting: Setting, aim: Aim, *parameters: torch.Tensor
    ):
        grads = [torch.empty_like(p, memory_format=torch.contiguous_format) for p in parameters]
        truth, taught = (
            aim.truth.contiguous(),
            None if aim.taught is None else aim.taught.contiguous(),
        )
        kind = tuple(LOSSES).index(aim.loss)
        loss = training.Loss(
            kind, setting.base, truth.data_ptr(), _pointer(taught), aim.weight, aim.margin
        )
        losses = torch.empty(len(luma))
        call = _Call(luma, setting, parameters, grads, ctx.needs_input_grad[3:])
        call.run("losses", ctypes.byref(loss), losses.data_ptr())
        ctx.save_for_backward(*grads)
        return losses.sum()

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor):  # type: ignore[override]
        grads = [grad_outputs[0] * grad for grad in ctx.saved_tensors]
        return None, None, None, *_wanted(ctx, grads, 3)


def _wanted(ctx: Any, grads: list[torch.Tensor], first: int) -> list[torch.Tensor | None]:
    return [
        grad if asked else None
        for grad, asked in zip(grads, ctx.needs_input_grad[first:], strict=True)
    ]


def _pointer(tensor: torch.Tensor | None) -> int | None:
    return tensor.data_ptr() if tensor is not None else None


class _Call:
    """The structures of a call, and the tensors they point to, which live as long."""

    def __init__(
        self, luma: torch.Tensor, setting: Setting, parameters: Sequence[torch.Tensor],
        grads: Sequence[torch.Tensor] = (), wanted: Sequence[bool] = (),
    ) -> None:  # fmt: skip
        self._tensors = [luma.contiguous(), *(p.detach().contiguous() for p in parameters)]
        luma, *values = self._tensors
        layers, steps = [], setting.steps or (None,) * len(setting.curves)
        for index, (curve, step) in enumerate(zip(setting.curves, steps, strict=True)):
            lut, _, *gate = values[4 * index : 4 * index + 4]
            c, levels, k, _, d = lut.shape
            gradients: list[torch.Tensor | None] = [*grads[4 * index : 4 * index + 4]]
            grad_lut, grad_knots, *grad_gate = gradients or (None, None)
            if grad_knots is not None and not wanted[4 * index + 1]:
                grad_knots = None
            layers.append(
                training.Layer(
                    c, d, k, levels, curve.code.ctypes.data, curve.fraction.ctypes.data, curve.steepness.ctypes.data,
                    lut.data_ptr(), _pointer(step), *map(_pointer, gate or (None, None)), _pointer(grad_lut),
                    *map(_pointer, grad_gate or (None, None)), _pointer(grad_knots),
                )
            )  # fmt: skip
        self._layers = (training.Layer * len(layers))(*layers)
        self._batch = training.Batch(
            *luma.shape, setting.scale, len(layers), setting.threads, setting.isa and setting.isa.encode(),
            self._layers, luma.data_ptr(),
        )  # fmt: skip
        self._isa = setting.isa

    def run(self, what: str, *arguments: Any) -> None:
        """Calls `iqlut_train_{what}`; ValueError if the model exceeds a limit of the library."""
        problem = Problem()
        function = getattr(training.library(), f"iqlut_train_{what}")
        if not function(ctypes.byref(self._batch), *arguments, ctypes.byref(problem)):
            return
        if problem.name == "NO_INSTRUCTION_SET":
            raise ValueError(
                f"the training kernel has no {self._isa} here, expected one of {', '.join(ISAS)}"
            )
        raise problem.error()
