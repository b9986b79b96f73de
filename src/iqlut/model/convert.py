"""Network -> integer tables. What cannot be said exactly enough in integers is refused, never clipped.

A block is out = 128 + skip * (signal - 128) + gain * 128 * F with F = step * acc / ONE, so

    gain' = gain * step * 128 / ONE * 2**(acc_shift + shift)    int16, for each output channel
    skip' = skip * 2**shift                                     int16
    bias' = 128 * (2**shift - skip') + 2**(shift - 1)           int32

with the largest shift for which all fit. In the last layer the skip multiplies the bilinear base,
which is (2 * scale)**2 times a signal, and the bias holds the network's offset. Training rounds entries
and signals in the same way, so the integers differ from the rounded network only in the last bits of
gain' and skip'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from iqlut import arithmetic as ar
from iqlut.config import Config
from iqlut.model.network import Network
from iqlut.model.quantiser import CENTRE, entry_step
from iqlut.tables import Layer, Tables

_INT16_MAX = 32767
_RELATIVE_ERROR_MAX = 0.02  # of a gain that matters: coarser than this is refused


class CannotConvert(ValueError):
    """A network that integer tables cannot say. The message is one sentence."""


def convert(network: Network, config: Config, about: dict[str, Any]) -> Tables:
    """The tables of a trained network; CannotConvert or IllegalTables where there are none."""
    with torch.no_grad():
        entries = network.entries()
        gates = [(gain.double().numpy(), skip.double().numpy()) for gain, skip in network.gates()]
    ones = np.ones(config.model.scale**2)
    gates.append((ones, ones if config.model.residual else 0 * ones))
    layers = []
    for index, (table, curve, (gain, skip)) in enumerate(zip(entries, network.curves(), gates, strict=True)):
        base_unit = (2 * config.model.scale) ** 2 if index == config.model.blocks else 1
        offset = network.offset.double().numpy() if index == config.model.blocks else np.zeros(len(gain))
        parts = _Parts(f"layer {index}", table, curve.knots, config.model.interpolate, gain, skip, base_unit, offset)
        layers.append(_layer(parts))
    return Tables(config.name, config.model.scale, tuple(layers), about, config.model.symmetry)


@dataclass(frozen=True, eq=False)
class _Parts:
    """A layer before its integers. `base_unit` is what one signal counts in its skip: 1, but for the base."""

    where: str
    entries: torch.Tensor
    knots: np.ndarray
    interpolate: bool
    gain: np.ndarray
    skip: np.ndarray
    base_unit: int
    offset: np.ndarray


def _layer(parts: _Parts) -> Layer:
    if not torch.isfinite(parts.entries).all():
        raise CannotConvert(f"{parts.where}: the table holds NaN or infinite entries; take an earlier checkpoint")
    step = entry_step(parts.entries)
    lut = (parts.entries / step).round().to(torch.int8).numpy()
    bound = int(ar.ONE * np.abs(lut.astype(np.int64)).max(axis=1).sum(axis=(0, 1, 2)).max())
    acc_shift = next((s for s in range(16) if ar.round_shift(bound, s) <= ar.ACC16_MAX), None)
    if acc_shift is None:
        raise CannotConvert(f"{parts.where}: its sums can reach {bound}, more than any shift brings into int16")
    gain = parts.gain * step.double().numpy() * CENTRE / ar.ONE * 2**acc_shift
    for shift in range(22, 7, -1):
        constants = _constants(parts, gain, shift)
        if constants is None:
            continue
        layer = Layer(lut, parts.knots, *constants, acc_shift, shift, parts.interpolate)
        if layer.total_bound(ar.SIGNAL_MAX * parts.base_unit) <= ar.INT32_MAX:
            return layer
    raise CannotConvert(f"{parts.where}: its gains (up to {gain.max():.3g}) do not fit the integers at any shift")


def _constants(parts: _Parts, gain: np.ndarray, shift: int) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """gain', skip' and bias' with this shift; None where they do not fit."""
    exact = gain * 2**shift
    gains, skips = np.round(exact), np.round(parts.skip * 2**shift / parts.base_unit)
    if max(np.abs(gains).max(), np.abs(skips).max()) > _INT16_MAX:
        return None
    error = np.abs(gains - exact) / np.abs(exact)
    if error.max() > _RELATIVE_ERROR_MAX:
        raise CannotConvert(
            f"{parts.where}: a gain of {gains[error.argmax()]:.0f} is {error.max():.0%} off the exact one"
        )
    # a block's skip leaves the centre where it is; the base is no signal around a centre, it is the picture
    kept = skips if parts.base_unit == 1 else parts.skip * 2**shift
    biases = CENTRE * (2**shift - kept) + 2 ** (shift - 1) + np.round(CENTRE * parts.offset * 2**shift)
    return gains.astype(np.int16), skips.astype(np.int16), biases.astype(np.int32)
