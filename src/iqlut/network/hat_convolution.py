"""The layers of a network in plain torch, on any device, exact or rounded as in integer arithmetic.

With interpolation, a row of a table is a piecewise-linear function of one signal, so that a layer
is linear in its entries. If each input channel is expanded into `levels` hat functions, two of
which are not zero for a signal, the layer is an ordinary convolution of channels_in * levels
planes, and the table is its weights.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional
from torch.nn.grad import conv2d_input, conv2d_weight

from iqlut import arithmetic as ar
from iqlut.network.level_curve import Curve
from iqlut.network.quantisation import CENTRE, round_entries


def hats(x: torch.Tensor, knots: torch.Tensor, curve: Curve, rounded: bool) -> torch.Tensor:
    """Expand signals x (n, c, h, w) into the share of each level, (n, c, levels, h, w).

    The shares of the two neighbouring levels of a signal sum to 1, the others are 0 (IQ-LUT eq. 4,
    5). With `rounded`, level and fraction are those of the integer arithmetic for the nearest uint8
    signal, and the gradient is the slope of the exact curve.
    """
    signal = CENTRE + CENTRE * x
    whole_knots, codes, fractions = curve.on(x)
    if rounded:
        whole = signal.detach().round().clamp(0, ar.SIGNAL_MAX).long()
        code, fraction = codes[whole], fractions[whole]
    else:
        below = torch.searchsorted(whole_knots, signal.detach().contiguous(), right=True) - 1
        code = below.clamp(0, len(knots) - 2)
        fraction = (
            (signal - whole_knots[code]) / (whole_knots[code + 1] - whole_knots[code])
        ).detach()
    # `moved` carries the gradients of the signal and of the knots
    moved = signal - torch.lerp(knots[code], knots[code + 1], fraction)
    fraction = fraction + (moved - moved.detach()) / (whole_knots[code + 1] - whole_knots[code])
    out = torch.zeros(*x.shape, len(knots), dtype=x.dtype, device=x.device)
    out = out.scatter(4, torch.stack([code, code + 1], 4), torch.stack([1 - fraction, fraction], 4))
    return out.movedim(4, 2)


def expand(
    x: torch.Tensor, lut: torch.Tensor, knots: torch.Tensor, curve: Curve, rounded: bool,
    step: torch.Tensor | None = None,
) -> torch.Tensor:  # fmt: skip
    """The output F of a layer before the gate, (n, d, h, w), in units of x (IQ-LUT eq. 2, 5).

    x      (n, c, h, w), in units of x
    lut    (c, levels, k, k, d)
    knots  (levels,), as signals from 0 to 255
    step   (d,): the step that entries are rounded to with `rounded`; None selects the step for
           which the largest entry of each output channel is ENTRY_MAX steps
    """
    before, after = ar.footprint(lut.shape[2])
    x = functional.pad(x, (before, after, before, after), mode="replicate")
    planes, weights = hats(x, knots, curve, rounded).flatten(1, 2), _weights(lut)
    if not rounded:
        return functional.conv2d(planes, weights)
    return _RoundedConvolution.apply(planes, weights, _weights(round_entries(lut, step)))  # type: ignore[no-any-return]


def _weights(lut: torch.Tensor) -> torch.Tensor:
    """A table as the weights of a convolution, (d, c * levels, k, k)."""
    c, levels, k, _, d = lut.shape
    return lut.permute(4, 0, 1, 2, 3).reshape(d, c * levels, k, k)


class _RoundedConvolution(torch.autograd.Function):
    """A convolution by rounded weights that has the gradients of the exact weights.

    If levels lie close together, rounding makes most neighbouring entries equal, and the gradient
    of the rounded table would carry no information.
    """

    @staticmethod
    def forward(
        ctx: Any, planes: torch.Tensor, weights: torch.Tensor, rounded: torch.Tensor
    ) -> torch.Tensor:
        ctx.save_for_backward(planes, weights)
        return functional.conv2d(planes, rounded)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # type: ignore[override]
        planes, weights = ctx.saved_tensors
        to_planes, to_weights, _ = ctx.needs_input_grad
        return (
            conv2d_input(planes.shape, weights, grad) if to_planes else None,
            conv2d_weight(planes, weights.shape, grad) if to_weights else None,
            None,
        )


def gate(
    x: torch.Tensor, acc: torch.Tensor, gain: torch.Tensor, skip: torch.Tensor, rounded: bool
) -> torch.Tensor:
    """The gated residual of a block (IQ-LUT eq. 3), clamped to the range of uint8 signals.

    With `rounded` it is also rounded to uint8 signals. The gradient ignores the rounding; it is 0
    where the signal is 0 or 255.
    """
    top = (ar.SIGNAL_MAX - CENTRE) / CENTRE
    out = skip.view(1, -1, 1, 1) * x + gain.view(1, -1, 1, 1) * acc
    if not rounded:
        return out.clamp(-1, top)
    whole = ((out.detach() * CENTRE + 0.5).floor() / CENTRE).clamp(-1, top)
    return whole + torch.where((whole > -1) & (whole < top), out - out.detach(), 0)
