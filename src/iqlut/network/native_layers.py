"""The layers of a network on the CPU by the native training library: the residual and the mean
loss, for autograd.

Entries are int8 and signals uint8, as in the integer arithmetic, so a layer reads only the two
levels between which a signal lies; its curve says which. `hat_convolution.py` computes the same in
plain PyTorch.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from iqlut.native import Problem, training
from iqlut.network.curve import Curve
from iqlut.network.losses import LOSSES

ISAS = ("portable", "avx2", "avx512")


@dataclass(frozen=True)
class LayerSettings:
    """What is not a tensor of a network: the curve of each layer, the scale, and how the layers are
    computed.

    `base` says whether the residual is added to the bilinear image or to the centre. `isa` is one
    of ISAS, or None for the fastest one here. `steps` are the entry steps (d,) of the layers; None
    takes that of the layer's own table.
    """

    curves: Sequence[Curve]
    scale: int
    base: bool = True
    threads: int = 1
    isa: str | None = None
    steps: Sequence[torch.Tensor | None] = ()


@dataclass(frozen=True)
class Aim:
    """What a batch is compared with by a loss of LOSSES: `truth` uint8 (n, h, w, scale**2).

    `taught` float32, of the shape of `truth`, is the residual of a teacher; the distance to it has
    the weight `weight`. `margin` low-resolution pixels at each side of a patch are left out.
    """

    loss: str
    truth: torch.Tensor
    taught: torch.Tensor | None = None
    weight: float = 0.0
    margin: int = 0


class Residual(torch.autograd.Function):
    """All layers of a network: luma uint8 (n, h, w) -> F of the last layer (n, h, w, scale**2), in
    units of x.

    `apply(luma, settings, *parameters)` takes lut (c, levels, k, k, d), knots (levels,), gain (d,)
    and skip (d,) of each block in order, then lut and knots of the upsampler; all float32, knots in
    units of x. Levels and kernel may differ from layer to layer. Entries are rounded on the way,
    with straight-through gradients. The forward pass takes the places of the levels from the
    curves.
    """

    @staticmethod
    def forward(ctx: Any, luma: torch.Tensor, settings: LayerSettings, *parameters: torch.Tensor):
        ctx.save_for_backward(luma, *parameters)
        ctx.settingss = settings
        residual = torch.empty(*luma.shape, parameters[-2].shape[4])
        _Call(luma, settings, parameters).run("residual", residual.data_ptr())
        return residual

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor):  # type: ignore[override]
        luma, *parameters = ctx.saved_tensors
        grads = [torch.empty_like(p, memory_format=torch.contiguous_format) for p in parameters]
        given = grad_outputs[0].contiguous()
        _Call(luma, ctx.settingss, parameters, grads, ctx.needs_input_grad[2:]).run(
            "gradients", given.data_ptr()
        )
        return None, None, *_asked_for(ctx, grads, 2)


class MeanLoss(torch.autograd.Function):
    """The mean loss of a batch and its gradients in the same pass: `apply(luma, settings, aim,
    *parameters)`.
    """

    @staticmethod
    def forward(
        ctx: Any, luma: torch.Tensor, settings: LayerSettings, aim: Aim, *parameters: torch.Tensor
    ):
        grads = [torch.empty_like(p, memory_format=torch.contiguous_format) for p in parameters]
        truth, taught = (
            aim.truth.contiguous(),
            None if aim.taught is None else aim.taught.contiguous(),
        )
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
        return None, None, None, *_asked_for(ctx, grads, 3)


def _asked_for(ctx: Any, grads: list[torch.Tensor], first: int) -> list[torch.Tensor | None]:
    return [
        grad if asked else None
        for grad, asked in zip(grads, ctx.needs_input_grad[first:], strict=True)
    ]


def _pointer(tensor: torch.Tensor | None) -> int | None:
    return tensor.data_ptr() if tensor is not None else None


class _Call:
    """The structures of a call, and the tensors they point to, which are kept alive with them."""

    def __init__(
        self, luma: torch.Tensor, settings: LayerSettings, parameters: Sequence[torch.Tensor],
        grads: Sequence[torch.Tensor] = (), wanted: Sequence[bool] = (),
    ) -> None:  # fmt: skip
        self._tensors = [luma.contiguous(), *(p.detach().contiguous() for p in parameters)]
        luma, *values = self._tensors
        layers, steps = [], settings.steps or (None,) * len(settings.curves)
        for index, (curve, step) in enumerate(zip(settings.curves, steps, strict=True)):
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
            *luma.shape, settings.scale, len(layers), settings.threads, settings.isa and settings.isa.encode(),
            self._layers, luma.data_ptr(),
        )  # fmt: skip
        self._isa = settings.isa

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
