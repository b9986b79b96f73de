"""The expanded convolution in plain torch, for any device, whole or rounded.

With the blend a row of a table is a piecewise-linear function of one signal, so a layer is linear
in its entries: expand each input channel into `levels` hat functions (two of them not zero) and the
layer is one ordinary convolution of channels_in * levels planes, whose weights are the table.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional
from torch.nn.grad import conv2d_input, conv2d_weight

from iqlut import arithmetic as ar
from iqlut.network.curve import Curve
from iqlut.network.quantisation import CENTRE, round_entries


def hats(x: torch.Tensor, knots: torch.Tensor, curve: Curve, rounded: bool) -> torch.Tensor:
    """x (n, c, h, w) -> (n, c, levels, h, w): how much of each level a signal is (IQ-LUT eq. 4, 5).

    `rounded` takes code and fraction from the integer arithmetic for the nearest uint8 signal, with
    the slope of the exact curve as gradient.
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
    moved = signal - torch.lerp(
        knots[code], knots[code + 1], fraction
    )  # the gradient: away from where the levels lie
    fraction = fraction + (moved - moved.detach()) / (whole_knots[code + 1] - whole_knots[code])
    out = torch.zeros(*x.shape, len(knots), dtype=x.dtype, device=x.device)
    out = out.scatter(4, torch.stack([code, code + 1], 4), torch.stack([1 - fraction, fraction], 4))
    return out.movedim(4, 2)


def expand(
    x: torch.Tensor, lut: torch.Tensor, knots: torch.Tensor, curve: Curve, rounded: bool,
    step: torch.Tensor | None = None,
) -> torch.Tensor:  # fmt: skip
    """x (n, c, h, w), lut (c, levels, k, k, d), knots (levels,) -> F (n, d, h, w) before the gate
    (IQ-LUT eq. 2, 5).

    `step` (d,) is what entries are rounded to, or None: so that the largest are ENTRY_MAX steps.
    """
    before, after = ar.footprint(lut.shape[2])
    x = functional.pad(x, (before, after, before, after), mode="replicate")
    planes, weights = hats(x, knots, curve, rounded).flatten(1, 2), _weights(lut)
    if not rounded:
        return functional.conv2d(planes, weights)
    return _RoundedConvolution.apply(planes, weights, _weights(round_entries(lut, step)))  # type: ignore[no-any-return]


def _weights(lut: torch.Tensor) -> torch.Tensor:
    c, levels, k, _, d = lut.shape
    return lut.permute(4, 0, 1, 2, 3).reshape(d, c * levels, k, k)


class _RoundedConvolution(torch.autograd.Function):
    """By rounded weights, with the gradients that the exact ones would give.

    Where levels lie close, rounding leaves most neighbours equal, and the rise between them says
    nothing.
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
    """The gated residual (IQ-LUT eq. 3), clamped to what a uint8 signal can say, rounded if asked.

    Gradients pass straight through the rounding, and not where the signal is 0 or 255.
    """
    top = (ar.SIGNAL_MAX - CENTRE) / CENTRE
    out = skip.view(1, -1, 1, 1) * x + gain.view(1, -1, 1, 1) * acc
    if not rounded:
        return out.clamp(-1, top)
    whole = ((out.detach() * CENTRE + 0.5).floor() / CENTRE).clamp(-1, top)
    return whole + torch.where((whole > -1) & (whole < top), out - out.detach(), 0)
