"""The layers of a network on a GPU by tensor cores, as a function for autograd.

A layer is a convolution over hat functions (`hat_convolution.py`). Three things make it fast here,
and the first two are exact: hats and integer entries are float16, because fractions are multiples
of 1/32 and entries at most 127; signals between layers are uint8; elementwise operations between
two convolutions are compiled into one kernel. Only the sum of a convolution and the gradients are
rounded to the 11 bits of float16. On a CPU, where tests use this module, everything is float32.

Arrays are (n, h, w, ...) here, with channels last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from iqlut import arithmetic as ar
from iqlut.network import device_kernels as kernels
from iqlut.network.fused import fused
from iqlut.network.level_curve import Curve
from iqlut.network.native_layers import LayerSettings
from iqlut.network.quantisation import entry_step


class DeviceResidual(torch.autograd.Function):
    """All layers of a network, from luma uint8 (n, h, w) to the residual (n, h, w, scale**2).

    Arguments and result are those of `native_layers.Residual`. Knots get no gradient.
    """

    @staticmethod
    def forward(ctx: Any, luma: torch.Tensor, settings: LayerSettings, *parameters: torch.Tensor):
        layers = _layers(settings, parameters)
        signal, tape = luma.unsqueeze(-1), []
        sums: list[torch.Tensor] = []
        for layer in layers:
            hats, sums = [], []
            for part in layer.parts:
                hats.append(part.hats(signal, layer.curve))
                sums.append(_convolve(hats[-1], part.whole))
            tape.append((signal, hats, sums))
            if layer.gain is not None:
                signal = kernels.gate(signal, sums, layer.gain * layer.step, layer.skip)
        ctx.tape, ctx.layers, ctx.last = tape, layers, signal
        return kernels.residual(layers[-1].step, sums)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor):  # type: ignore[override]
        gradient = grad_outputs[0]
        # float16 holds about 6e-8 to 65504; the gradients of a mean loss are about 1 / samples
        scale = gradient.numel() if gradient.is_cuda else 1
        gradient = kernels.scaled(gradient, scale)
        found: list[torch.Tensor | None] = []
        signal_after = ctx.last
        for index in reversed(range(len(ctx.layers))):
            layer, (signal, hats, sums) = ctx.layers[index], ctx.tape[index]
            gate: list[torch.Tensor] = []
            path = None
            if layer.gain is not None:
                constants = (layer.gain, layer.skip, layer.step)
                gradient, path, *gate = kernels.gate_gradient(
                    gradient, sums, signal, signal_after, constants
                )
                gate = [one / scale for one in gate]
            lut, gradient = _layer_gradient(layer, signal, hats, gradient, path, index > 0)
            signal_after = signal
            found = [lut / scale, None, *gate, *found]
        return None, None, *found


@dataclass(frozen=True, eq=False)
class _Part:
    """Some taps of a table: those between its first input and its first output channels.

    whole  (d, k, k, c * levels): integer entries, for the forward pass
    exact  the same, not rounded, for the gradient of the signals
    shape  (c, levels, k, k, d)
    """

    whole: torch.Tensor
    exact: torch.Tensor
    shape: tuple[int, ...]

    @property
    def footprint(self) -> tuple[int, int]:
        return ar.footprint(self.shape[2])

    def hats(self, signal: torch.Tensor, curve: Curve) -> torch.Tensor:
        c, levels = self.shape[:2]
        position, _, _ = curve.lookup(signal.device)
        low = self.whole.dtype
        return kernels.hats(signal[..., :c], position, levels, self.footprint, low)


@dataclass(frozen=True, eq=False)
class _DeviceLayer:
    """A layer: its parts, whose sums are added, entry step (d,), gain (d,) and skip (d,)."""

    parts: list[_Part]
    curve: Curve
    step: torch.Tensor
    shape: tuple[int, ...]
    gain: torch.Tensor | None
    skip: torch.Tensor | None


_entry_step = fused(entry_step)


def _layers(settings: LayerSettings, parameters: tuple[torch.Tensor, ...]) -> list[_DeviceLayer]:
    steps = settings.steps or (None,) * len(settings.curves)
    spatial = settings.spatial or (0,) * len(settings.curves)
    layers = []
    for index, curve in enumerate(settings.curves):
        lut, _, *gate = (one.detach() for one in parameters[4 * index : 4 * index + 4])
        gain, skip = gate or (None, None)
        step, low = steps[index], torch.float16 if lut.is_cuda else torch.float32
        step = _entry_step(lut) if step is None else step
        shapes = [tuple(lut.shape)]
        if spatial[index]:
            c, levels, k, _, d = lut.shape
            few = spatial[index]
            shapes = [(c, levels, 1, 1, d), (few, levels, k, k, few if gate else d)]
        parts = []
        for shape in shapes:
            whole, exact = _weights(lut, step, shape, len(shapes) > 1, low)
            parts.append(_Part(whole, exact, shape))
        layers.append(_DeviceLayer(parts, curve, step, tuple(lut.shape), gain, skip))
    return layers


@fused
def _weights(
    lut: torch.Tensor, step: torch.Tensor, shape: tuple[int, ...], shared: bool, low: torch.dtype
) -> tuple[torch.Tensor, torch.Tensor]:
    """Integer and exact entries of a part as the weights of a convolution, (d, k, k, c * levels).

    With `shared`, another part has the taps at the centre if this one has more than that.
    """
    c, levels, k, _, d = shape
    middle = lut.shape[2] // 2
    taps = lut[:c, :, middle : middle + 1, middle : middle + 1, :d] if k == 1 else lut[:c, ..., :d]
    if shared and k > 1:
        taps = taps * _off_centre(k, lut.device)
    whole, exact = (
        values.to(low).permute(4, 2, 3, 0, 1).reshape(d, k, k, c * levels).contiguous()
        for values in ((taps / step[:d]).round(), taps)
    )
    return whole, exact


def _off_centre(k: int, device: torch.device) -> torch.Tensor:
    """1 for all taps but the one at the centre, (k, k, 1)."""
    tap = torch.arange(k, device=device)
    return ((tap.view(k, 1, 1) != k // 2) | (tap.view(1, k, 1) != k // 2)).float()


def _convolve(hats: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """A convolution without padding, (n, h + k - 1, w + k - 1, c) to (n, h, w, d)."""
    out = functional.conv2d(hats.permute(0, 3, 1, 2), weights.permute(0, 3, 1, 2))
    return out.permute(0, 2, 3, 1)


def _layer_gradient(
    layer: _DeviceLayer, signal: torch.Tensor, hats: list[torch.Tensor], gradient: torch.Tensor,
    path: torch.Tensor | None, needs_input: bool,
) -> tuple[torch.Tensor, torch.Tensor]:  # fmt: skip
    """The gradients of a table, (c, levels, k, k, d), and of the input signals, (n, h, w, c).

    `gradient` is that of F, and `path` that of the signals through the skip, if there is one.
    """
    to_hats, to_weights = [], []
    for part, planes in zip(layer.parts, hats, strict=True):
        d = part.shape[4]
        given = gradient if d == gradient.shape[3] else gradient[..., :d].contiguous()
        of_hats, of_weights, _ = torch.ops.aten.convolution_backward(
            *(one.permute(0, 3, 1, 2) for one in (given, planes, part.exact)), None,
            [1, 1], [0, 0], [1, 1], False, [0, 0], 1, [needs_input, True, False],
        )  # fmt: skip
        to_hats.append(of_hats.permute(0, 2, 3, 1) if needs_input else None)
        to_weights.append(of_weights)
    lut = _lut_gradient(to_weights[0], to_weights[1:], layer.shape)
    if not needs_input:
        return lut, gradient
    _, *curve = layer.curve.lookup(signal.device)
    total: Any = path
    for part, of_hats in zip(layer.parts, to_hats, strict=True):
        c, levels = part.shape[:2]
        slopes = kernels.hats_gradient(signal[..., :c], of_hats, curve, levels, part.footprint)
        total = kernels.fold(slopes, total, signal.shape[3], part.footprint)
    return lut, total


@fused
def _lut_gradient(
    first: torch.Tensor, others: list[torch.Tensor], shape: tuple[int, ...]
) -> torch.Tensor:
    """The gradient of a whole table from those of its parts, each (d, c * levels, k, k)."""
    c, levels, k, _, d = shape

    def table(weights: torch.Tensor) -> torch.Tensor:
        outputs, inputs, side, _ = weights.shape
        taps = weights.float().permute(1, 2, 3, 0).reshape(-1, levels, side, side, outputs)
        before = (k - side) // 2
        pads = (0, d - outputs, before, before, before, before, 0, 0, 0, c - inputs // levels)
        return functional.pad(taps, pads)

    total = table(first)
    for other in others:
        total = total + table(other) * _off_centre(k, first.device)
    return total
