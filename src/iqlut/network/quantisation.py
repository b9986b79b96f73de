"""The positions of levels and the rounding of entries, both as in the integer tables."""

from __future__ import annotations

import numpy as np
import torch

from iqlut import arithmetic as ar
from iqlut.network.model_options import ModelConfig

CENTRE = 128  # the uint8 signal that stands for x = 0; x = (signal - CENTRE) / CENTRE


def bend(position: np.ndarray, a: float, b: float) -> np.ndarray:
    """The inverse of T_ab (IQ-LUT eq. 4), which maps a position in [-1, 1] to x in [-1, 1]."""
    inner = position * (a / b)
    outer = a + (np.abs(position) - b) * ((1 - a) / (1 - b))
    return np.where(np.abs(position) < b, inner, np.sign(position) * outer)


def knots_of(levels: int, a: float = 0.5, b: float = 0.5) -> np.ndarray:
    """The knots, uint8 (levels,), for evenly spaced positions mapped by the parameters a and b."""
    return whole_knots(CENTRE + CENTRE * bend(np.linspace(-1, 1, levels), a, b))


def whole_knots(signals: np.ndarray) -> np.ndarray:
    """Round signals to legal knots, uint8 (levels,), which are whole and rise from 0 to 255."""
    knots, last = np.floor(signals + 0.5).astype(int), len(signals) - 1
    knots[0], knots[last] = 0, ar.SIGNAL_MAX
    for index in range(1, last):  # keep knots distinct that would round to the same signal
        knots[index] = max(knots[index], knots[index - 1] + 1)
    for index in reversed(range(1, last)):
        knots[index] = min(knots[index], knots[index + 1] - 1)
    return knots.astype(np.uint8)


def layer_knots(config: ModelConfig) -> list[np.ndarray]:
    """The knots, uint8 (levels,), of each layer of a model: the blocks, then the upsampler.

    Those of the first block, which reads luma, are uniform. With the negative they are exactly so,
    because the negative reads them in the reverse order.
    """
    first, *others = config.layer_levels
    pairs = config.layer_knot_parameters()
    bent = [knots_of(levels, *pair) for levels, pair in zip(others, pairs, strict=True)]
    if config.negative:
        return [np.linspace(0, ar.SIGNAL_MAX, first).astype(np.uint8), *bent]
    return [knots_of(first), *bent]


def entry_step(entries: torch.Tensor) -> torch.Tensor:
    """The step (d,) of each output channel for which its largest entry is ENTRY_MAX steps."""
    largest = entries.detach().abs().amax(dim=(0, 1, 2, 3))
    return largest.clamp_min(1e-6) / ar.ENTRY_MAX


def round_entries(entries: torch.Tensor, step: torch.Tensor | None = None) -> torch.Tensor:
    """Round entries (c, levels, k, k, d) to int8 multiples of `step` (d,), without a gradient.

    The default step is `entry_step` of the entries.
    """
    step = entry_step(entries) if step is None else step
    return (entries.detach() / step).round() * step
