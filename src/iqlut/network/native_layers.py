"""The layers of a network on the CPU by the native training library, as functions for autograd.

Entries are int8 and signals uint8, as in the integer arithmetic. A signal lies between two levels,
and the curve of the layer says which; all instruction sets but AMX read only these.
`hat_convolution.py` computes the same in plain PyTorch.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from iqlut.errors import InvalidArgument
from iqlut.native import Problem, training
from iqlut.network.level_curve import Curve
from iqlut.network.losses import LOSSES

ISAS = ("portable", "avx2", "avx512", "amx")
ISA_VARIABLE = "IQLUT_TRAIN_ISA"  # the environment variable that names one of them


@dataclass(frozen=True)
class LayerSettings:
    """The arguments of the native library that are not trained.

    curves   the curve of each layer
    base     whether the residual is added to the bilinear image, or otherwise to the centre
    threads  the number of threads
    isa      one of ISAS; None selects the one that ISA_VARIABLE names, or the fastest one that this
             processor has
    steps    the entry step (d,) of each layer; None selects that of the layer's own table
    spatial  for each layer, the number of channels with taps off the centre; 0 means all
    """

    curves: Sequence[Curve]
    scale: int
    base: bool = True
    threads: int = 1
    isa: str | None = None
    steps: Sequence[torch.Tensor | None] = ()
    spatial: Sequence[int] = ()


@dataclass(frozen=True)
class Aim:
    """What a batch is compared with.

    loss    a name from LOSSES
    truth   uint8 (n, h, w, scale**2): the original image by phases
    taught  float32, of the same shape: the residual of a teacher, or None
    weight  the weight of the distance to `taught`
    margin  low-resolution pixels on each side of a patch that the loss leaves out
    """

    loss: str
    truth: torch.Tensor
    taught: torch.Tensor | None = None
    weight: float = 0.0
    margin: int = 0


class Residual(torch.autograd.Function):
    """All layers of a network, from luma uint8 (n, h, w) to the residual (n, h, w, scale**2).

    The residual is in units of x. `apply(luma, settings, *parameters)` takes lut
    (c, levels, k, k, d), knots (levels,), gain (d,) and skip (d,) of each block in order, then lut
    and knots of the upsampler. All of them are float32, and knots are in units of x. Levels and
    kernel may differ from layer to layer. Entries are rounded, and gradients ignore the rounding.
    The forward pass takes the positions of the levels from the curves.
    """

    @staticmethod
    def forward(ctx: Any, luma: torch.Tensor, settings: LayerSettings, *parameters: torch.Tensor):
        ctx.save_for_backward(luma, *parameters)
        ctx.settings = settings
        residual = torch.empty(*luma.shape, parameters[-2].shape[4])
        _Call(luma, settings, parameters).run("residual", residual.data_ptr())
        return residual

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor):  # type: ignore[override]
        luma, *parameters = ctx.saved_tensors
        grads = [torch.empty_like(p, memory_format=torch.contiguous_format) for p in parameters]
        given = grad_outputs[0].contiguous()
        call = _Call(luma, ctx.settings, parameters, grads, ctx.needs_input_grad[2:])
        call.run("gradients", given.data_ptr())
        return None, None, *_needed(ctx, grads, 2)


class MeanLoss(torch.autograd.Function):
    """The mean loss of a batch, whose gradients are computed in the same pass.

    `apply(luma, settings, aim, *parameters)` takes the parameters of `Residual.apply`.
    """

    @staticmethod
    def forward(
        ctx: Any, luma: torch.Tensor, settings: LayerSettings, aim: Aim, *parameters: torch.Tensor
    ):
        grads = [torch.empty_like(p, memory_format=torch.contiguous_format) for p in parameters]
        truth = aim.truth.contiguous()
        taught = None if aim.taught is None else aim.taught.contiguous()
        kind = tuple(LOSSES).index(aim.loss)
        loss = training.Loss(
            kind, settings.base, truth.data_ptr(), _pointer(taught), aim.weight, aim.margin
        )
        losses = torch.empty(len(luma))
        call = _Call(luma, settings, parameters, grads, ctx.needs_input_grad[3:])
        call.run("losses", ctypes.byref(loss), losses.data_ptr())
        ctx.save_for_backward(*grads)
        return losses.sum()

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor):  # type: ignore[override]
        grads = [grad_outputs[0] * grad for grad in ctx.saved_tensors]
        return None, None, None, *_needed(ctx, grads, 3)


def _needed(ctx: Any, grads: list[torch.Tensor], first: int) -> list[torch.Tensor | None]:
    """The gradients, with None for each parameter that needs none."""
    return [
        grad if needed else None
        for grad, needed in zip(grads, ctx.needs_input_grad[first:], strict=True)
    ]


def _pointer(tensor: torch.Tensor | None) -> int | None:
    return tensor.data_ptr() if tensor is not None else None


class _Call:
    """The C structures of a call, with the tensors that they point to, which must stay alive."""

    def __init__(
        self, luma: torch.Tensor, settings: LayerSettings, parameters: Sequence[torch.Tensor],
        grads: Sequence[torch.Tensor] = (), wanted: Sequence[bool] = (),
    ) -> None:  # fmt: skip
        self._tensors = [luma.contiguous(), *(p.detach().contiguous() for p in parameters)]
        luma, *values = self._tensors
        layers, steps = [], settings.steps or (None,) * len(settings.curves)
        spatial = settings.spatial or (0,) * len(settings.curves)
        for index, (curve, step, few) in enumerate(
            zip(settings.curves, steps, spatial, strict=True)
        ):
            lut, _, *gate = values[4 * index : 4 * index + 4]
            c, levels, k, _, d = lut.shape
            gradients: list[torch.Tensor | None] = [*grads[4 * index : 4 * index + 4]]
            grad_lut, grad_knots, *grad_gate = gradients or (None, None)
            if grad_knots is not None and not wanted[4 * index + 1]:
                grad_knots = None
            layers.append(
                training.Layer(
                    c, d, k, levels, few, (few if gate else d) if few else 0,
                    curve.code.ctypes.data, curve.fraction.ctypes.data,
                    curve.steepness.ctypes.data, lut.data_ptr(), _pointer(step),
                    *map(_pointer, gate or (None, None)), _pointer(grad_lut),
                    *map(_pointer, grad_gate or (None, None)), _pointer(grad_knots),
                )
            )  # fmt: skip
        self._layers = (training.Layer * len(layers))(*layers)
        self._isa = settings.isa or os.environ.get(ISA_VARIABLE) or None
        self._batch = training.Batch(
            *luma.shape, settings.scale, len(layers), settings.threads,
            self._isa and self._isa.encode(), self._layers, luma.data_ptr(),
        )  # fmt: skip

    def run(self, what: str, *arguments: Any) -> None:
        """Call the function `iqlut_train_{what}` of the library.

        Raises a ValueError if the model exceeds a limit of the library, and InvalidArgument if this
        processor lacks the instruction set.
        """
        problem = Problem()
        function = getattr(training.library(), f"iqlut_train_{what}")
        if not function(ctypes.byref(self._batch), *arguments, ctypes.byref(problem)):
            return
        if problem.name == "NO_INSTRUCTION_SET":
            raise InvalidArgument(
                f"the training library has no {self._isa} on this processor, expected one of "
                f"{', '.join(ISAS)} that it supports; leave isa and {ISA_VARIABLE} out"
            )
        raise problem.error()
