"""Where levels lie, and the rounding of entries: both as the integer tables will have them."""

from __future__ import annotations

import numpy as np
import torch

from iqlut import arithmetic as ar
from iqlut.network.configuration import ModelConfig

CENTRE = 128  # the uint8 signal that stands for x = 0; x = (signal - CENTRE) / CENTRE


def bend(position: np.ndarray, a: float, b: float) -> np.ndarray:
    """The inverse of T_ab (IQ-LUT eq. 4): a position in [-1, 1] to the x that lies there."""
    inner = position * (a / b)
    outer = a + (np.abs(position) - b) * ((1 - a) / (1 - b))
    return np.where(np.abs(position) < b, inner, np.sign(position) * outer)


def knots_of(levels: int, a: float = 0.5, b: float = 0.5) -> np.ndarray:
    """uint8 (levels,): the signals at which evenly spaced positions lie, from 0 to 255."""
    return whole_knots(CENTRE + CENTRE * bend(np.linspace(-1, 1, levels), a, b))


def whole_knots(signals: np.ndarray) -> np.ndarray:
    """uint8 (levels,): the nearest legal knots: whole, rising, the first 0 and the last 255."""
    knots, last = np.floor(signals + 0.5).astype(int), len(signals) - 1
    knots[0], knots[last] = 0, ar.SIGNAL_MAX
    for index in range(1, last):  # where many crowd, keep them apart
        knots[index] = max(knots[index], knots[index - 1] + 1)
    for index in reversed(range(1, last)):
        knots[index] = min(knots[index], knots[index + 1] - 1)
    return knots.astype(np.uint8)


def layer_knots(config: ModelConfig) -> list[np.ndarray]:
    """The knots of every layer of a model: the first (on luma) uniform, then the blocks, then the upsampler."""
    a, b = (
        knot * config.blocks if len(knot) == 1 else knot for knot in (config.knot_a, config.knot_b)
    )
    inner = [knots_of(config.levels, a[i], b[i]) for i in range(config.blocks - 1)]
    last = knots_of(config.upsample_levels, a[-1], b[-1])
    return [knots_of(config.first_levels), *inner, last]


def entry_step(entries: torch.Tensor) -> torch.Tensor:
    """(d,): the step of each output channel, so that its largest entry is ENTRY_MAX steps."""
    largest = entries.detach().abs().amax(dim=(0, 1, 2, 3))
    return largest.clamp_min(1e-6) / ar.ENTRY_MAX


def round_entries(entries: torch.Tensor, step: torch.Tensor | None = None) -> torch.Tensor:
    """Entries (c, levels, k, k, d) rounded to int8 steps, their own or those given (d,), without a gradient."""
    step = entry_step(entries) if step is None else step
    return (entries.detach() / step).round() * step
