"""Elementwise operations of `device_layers.py`, each compiled into one kernel on a GPU.

Arrays are (n, h, w, ...), with channels last.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from iqlut import arithmetic as ar
from iqlut.network.fused import fused
from iqlut.network.quantisation import CENTRE


@fused
def hats(
    signal: torch.Tensor, position: torch.Tensor, levels: int, footprint: tuple[int, int],
    low: torch.dtype,
) -> torch.Tensor:  # fmt: skip
    """The hats of uint8 signals with replicated edges, (n, h + k - 1, w + k - 1, c * levels)."""
    padded = _pad(signal, *footprint)
    level = torch.arange(levels, device=signal.device, dtype=torch.float32)
    distance = (position[padded.long()].unsqueeze(-1) - level).abs()
    return (1 - distance).clamp_min(0).to(low).flatten(3)


def _pad(signal: torch.Tensor, before: int, after: int) -> torch.Tensor:
    """Signals (n, h, w, c) with replicated edges."""
    for axis in (1, 2):
        size = signal.shape[axis]
        place = torch.arange(size + before + after, device=signal.device) - before
        signal = signal.index_select(axis, place.clamp(0, size - 1))
    return signal


def _summed(sums: list[torch.Tensor]) -> torch.Tensor:
    """The accumulator (n, h, w, d): the sum of the parts, some of which have fewer channels."""
    total = sums[0].float()
    for other in sums[1:]:
        total = total + functional.pad(other.float(), (0, total.shape[3] - other.shape[3]))
    return total


@fused
def residual(step: torch.Tensor, sums: list[torch.Tensor]) -> torch.Tensor:
    """The output of the upsampler in units of x, (n, h, w, scale**2)."""
    return _summed(sums) * step


@fused
def gate(
    signal: torch.Tensor, sums: list[torch.Tensor], gain: torch.Tensor, skip: torch.Tensor
) -> torch.Tensor:
    """The signals after a block, uint8 (n, h, w, d), as by `hat_convolution.gate`.

    `gain` is that of the accumulator, so it includes the entry step.
    """
    out = skip * (signal.float() - CENTRE) + _summed(sums) * (gain * CENTRE)
    return ((out + 0.5).floor() + CENTRE).clamp(0, ar.SIGNAL_MAX).to(torch.uint8)


@fused
def gate_gradient(
    gradient: torch.Tensor, sums: list[torch.Tensor], signal: torch.Tensor, after: torch.Tensor,
    constants: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
) -> tuple[torch.Tensor, ...]:  # fmt: skip
    """The gradients of F, of the signals through the skip, and of gain and skip, (d,).

    `gradient` is that of the signals `after` the block, and `constants` are its gain, skip and
    entry step, each (d,).
    """
    gain, skip, step = constants
    inside = torch.where((after > 0) & (after < ar.SIGNAL_MAX), gradient.float(), 0.0)
    x = (signal.float() - CENTRE) / CENTRE
    to_gain = (inside * _summed(sums) * step).sum((0, 1, 2))
    to_skip = (inside * x).sum((0, 1, 2))
    return (inside * gain).to(gradient.dtype), (inside * skip).to(gradient.dtype), to_gain, to_skip


@fused
def hats_gradient(
    signal: torch.Tensor, gradient: torch.Tensor, curve: tuple[torch.Tensor, torch.Tensor],
    levels: int, footprint: tuple[int, int],
) -> torch.Tensor:  # fmt: skip
    """The gradients of padded signals, (n, h + k - 1, w + k - 1, c), from those of their hats.

    `curve` holds the code of each signal value and the steepness between levels.
    """
    code, steepness = curve
    below = code[_pad(signal, *footprint).long()].unsqueeze(-1)
    level = torch.arange(levels, device=signal.device)
    sign = (level == below + 1).float() - (level == below).float()
    of_levels = gradient.unflatten(3, (-1, levels)).float()
    return ((of_levels * sign).sum(-1) * steepness[below.squeeze(-1)]).to(gradient.dtype)


@fused
def fold(
    padded: torch.Tensor, path: torch.Tensor | None, channels: int, footprint: tuple[int, int]
) -> torch.Tensor:
    """Add the gradients of padded signals to `path`, (n, h, w, channels).

    The gradient of a replicated pixel belongs to the pixel of the border that it is a copy of.
    """
    (_, tall, wide, c), (before, after) = padded.shape, footprint
    h, w = tall - before - after, wide - before - after
    y = torch.arange(h, device=padded.device).view(1, h, 1, 1)
    x = torch.arange(w, device=padded.device).view(1, 1, w, 1)
    total = torch.zeros((), device=padded.device)
    for down in range(-before, after + 1):
        for right in range(-before, after + 1):
            top, left = before + down, before + right
            copied = padded[:, top : top + h, left : left + w].float()
            for offset, place, last in ((down, y, h - 1), (right, x, w - 1)):
                if offset:
                    copied = torch.where(place == (0 if offset < 0 else last), copied, 0.0)
            total = total + copied
    total = functional.pad(total, (0, channels - c))
    return (total if path is None else total + path.float()).to(padded.dtype)


@fused
def scaled(gradient: torch.Tensor, scale: int) -> torch.Tensor:
    return (gradient * scale).to(torch.float16 if gradient.is_cuda else torch.float32)
