"""Network -> integer tables. What cannot be said exactly enough in integers is refused, never clipped.

A block is out = 128 + skip * (signal - 128) + gain * 128 * F with F = step * acc / ONE, so

    gain' = gain * step * 128 / ONE * 2**(acc_shift + shift)    int16, for each output channel
    skip' = skip * 2**shift                                     int16
    bias' = 128 * (2**shift - skip') + 2**(shift - 1)           int32

with the largest shift for which all fit. In the last layer the skip multiplies the bilinear base,
which is (2 * scale)**2 times a signal. Training rounds entries and signals in the same way, so the
integers differ from the rounded network only in the last bits of gain' and skip'.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from iqlut import arithmetic as ar
from iqlut.config import Config
from iqlut.model.network import Network
from iqlut.model.quantiser import CENTRE, entry_step
from iqlut.tables import IllegalTables, Layer, Tables

_INT16_MAX = 32767
_RELATIVE_ERROR_MAX = 0.02  # of a gain that matters: coarser than this is refused


class CannotConvert(ValueError):
    """A network that integer tables cannot say. The message is one sentence."""


def convert(network: Network, config: Config, about: dict[str, Any]) -> Tables:
    """The tables of a trained network; CannotConvert or IllegalTables where there are none."""
    layers = []
    with torch.no_grad():
        tables, gates = network.entries(rounded=False), network.gates()
        for index, (entries, curve) in enumerate(zip(tables, network.curves, strict=True)):
            try:
                if index < len(gates):
                    gain, skip = (gate.double().numpy() for gate in gates[index])
                    layers.append(_layer(entries, curve.knots, config.model.interpolate, gain, skip, None))
                else:
                    gain = np.ones(config.model.scale**2)
                    skip = gain * (1.0 if config.model.residual else 0.0)
                    layers.append(_layer(entries, curve.knots, config.model.interpolate, gain, skip, config.model.scale))
            except (CannotConvert, IllegalTables) as error:
                raise CannotConvert(f"layer {index}: {error}") from None
    return Tables(config.name, config.model.scale, tuple(layers), about)


def _layer(
    entries: torch.Tensor, knots: np.ndarray, interpolate: bool, gain: np.ndarray, skip: np.ndarray, scale: int | None
) -> Layer:
    """One layer; `scale` is that of the base in the last layer, None in a block."""
    if not torch.isfinite(entries).all():
        raise CannotConvert("the table holds NaN or infinite entries; take an earlier checkpoint")
    step = entry_step(entries)
    lut = (entries / step).round().to(torch.int8).numpy()
    bound = ar.ONE * np.abs(lut.astype(np.int64)).max(axis=1).sum(axis=(0, 1, 2)).max()
    acc_shift = next((s for s in range(16) if ar.round_shift(int(bound), s) <= ar.ACC16_MAX), None)
    if acc_shift is None:
        raise CannotConvert(f"its sums can reach {bound}, more than any shift brings into int16")
    gain = gain * step.double().numpy() * CENTRE / ar.ONE * 2**acc_shift
    for shift in range(22, 7, -1):
        layer = _with_shift(lut, knots, interpolate, (gain, skip), scale, (acc_shift, shift))
        if layer is not None:
            return layer
    raise CannotConvert(f"its gains (up to {gain.max():.3g}) or skips (up to {skip.max():.3g}) do not fit int16")


def _with_shift(
    lut: np.ndarray,
    knots: np.ndarray,
    interpolate: bool,
    factors: tuple[np.ndarray, np.ndarray],
    scale: int | None,
    shifts: tuple[int, int],
) -> Layer | None:
    """The layer with these shifts, or None where something would not fit."""
    acc_shift, shift = shifts
    unit = 2**shift // (1 if scale is None else (2 * scale) ** 2)
    gain, skip = np.round(factors[0] * 2**shift), np.round(factors[1] * unit)
    if max(np.abs(gain).max(), np.abs(skip).max()) > _INT16_MAX:
        return None
    error = np.abs(gain - factors[0] * 2**shift) / np.abs(factors[0] * 2**shift)
    if error.max() > _RELATIVE_ERROR_MAX:
        raise CannotConvert(f"a gain of {gain[error.argmax()]:.0f} is {error.max():.0%} off; train with a larger table")
    centre = CENTRE * (2**shift - (skip if scale is None else np.sign(skip) * 2**shift))
    try:
        return Layer(
            lut,
            knots,
            gain.astype(np.int16),
            skip.astype(np.int16),
            (centre + 2 ** (shift - 1)).astype(np.int32),
            acc_shift,
            shift,
            interpolate,
        )
    except IllegalTables:
        return None
