"""From a network to integer tables. What integers cannot express exactly enough is refused, never
clipped.

A block is out = 128 + skip * (signal - 128) + gain * 128 * F with F = step * acc / ONE, so

    gain' = gain * step * 128 / ONE * 2**(acc_shift + shift)    int16, for each output channel
    skip' = skip * 2**shift                                     int16
    bias' = 128 * (2**shift - skip') + 2**(shift - 1)           int32

with the largest shift for which all fit. In the last layer the skip multiplies the bilinear base,
which is (2 * scale)**2 times a signal, and the bias holds the network's offset. Training rounds
entries and signals in the same way, so the integers differ from the rounded network only in the
last bits of gain' and skip'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from iqlut import arithmetic as ar
from iqlut.errors import CannotConvert
from iqlut.network.configuration import Config
from iqlut.network.network import Network
from iqlut.network.quantisation import CENTRE, entry_step
from iqlut.tables.integer_tables import Tables
from iqlut.tables.layer import Layer, accumulator_bound
from iqlut.tables.restoration_tables import RestorationTables

_INT16_MAX = 32767
_RELATIVE_ERROR_MAX = 0.02  # of a gain that matters: coarser than this is refused


def convert(network: Network, config: Config, about: dict[str, Any]) -> Tables | RestorationTables:
    """The tables of a trained network; CannotConvert or IllegalTables where there are none.

    A network with strengths becomes RestorationTables, whose table sets share everything but
    entries and biases.
    """
    strengths = config.model.strengths
    with torch.no_grad():
        sets = [_at(network, strength) for strength in strengths or (0.0,)]
        steps = network.shared_steps()
        gates = [(gain.double().numpy(), skip.double().numpy()) for gain, skip in network.gates()]
    ones = np.ones(config.model.scale**2)
    gates.append((ones, ones if config.model.residual else 0 * ones))
    layers = []
    for index, (curve, (gain, skip)) in enumerate(zip(network.curves(), gates, strict=True)):
        last = index == config.model.blocks
        entries = [entries[index] for entries, _ in sets]
        offsets = [offset.double().numpy() if last else np.zeros(len(gain)) for _, offset in sets]
        step = steps[index]
        step = entry_step(entries[0]) if step is None else step
        base_unit = (2 * config.model.scale) ** 2 if last else 1
        values = _LayerValues(
            f"layer {index}", entries, step, offsets, curve.knots, gain, skip, base_unit
        )
        layers.append(_layers(values, config.model.interpolate))
    tables = [
        Tables(config.name, config.model.scale, own, about, config.model.symmetry)
        for own in zip(*layers, strict=True)
    ]
    return RestorationTables(strengths, tuple(tables)) if strengths else tables[0]


def _at(network: Network, strength: float) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The entries of each layer and the offset of the table set of this strength."""
    if network.config.strengths:
        network.set_strength(strength)
    return network.entries(), network.phase_offset()


@dataclass(frozen=True, eq=False)
class _LayerValues:
    """A layer before its integers: entries and offset of each table set, and what the sets share.

    `step` is that of an entry for each output, `base_unit` what one signal counts in its skip: 1,
    but for the base.
    """

    where: str
    entries: list[torch.Tensor]
    step: torch.Tensor
    offsets: list[np.ndarray]
    knots: np.ndarray
    gain: np.ndarray
    skip: np.ndarray
    base_unit: int


def _layers(values: _LayerValues, interpolate: bool) -> list[Layer]:
    """The layer in each table set."""
    if not all(torch.isfinite(entries).all() for entries in values.entries):
        raise CannotConvert(
            f"{values.where}: the table holds NaN or infinite entries; take an earlier checkpoint"
        )
    step = values.step
    luts = [(entries / step).round().to(torch.int8).numpy() for entries in values.entries]
    bound = int(accumulator_bound(np.abs(np.stack(luts)).max(axis=0)).max())
    acc_shift = next((s for s in range(16) if ar.round_shift(bound, s) <= ar.ACC16_MAX), None)
    if acc_shift is None:
        raise CannotConvert(
            f"{values.where}: its sums can reach {bound}, more than any shift brings into int16"
        )
    gain = values.gain * step.double().numpy() * CENTRE / ar.ONE * 2**acc_shift
    for shift in range(22, 7, -1):
        constants = _constants(values, gain, shift)
        if constants is None:
            continue
        gains, skips, biases = constants
        layers = [
            Layer(lut, values.knots, gains, skips, bias, acc_shift, shift, interpolate)
            for lut, bias in zip(luts, biases, strict=True)
        ]
        largest = max(layer.total_bound(ar.SIGNAL_MAX * values.base_unit) for layer in layers)
        if largest <= ar.INT32_MAX // (
            2 if len(layers) > 1 else 1
        ):  # of two sets a blend can be a little more
            return layers
    raise CannotConvert(
        f"{values.where}: its gains (up to {gain.max():.3g}) do not fit the integers at any shift"
    )


def _constants(
    values: _LayerValues, gain: np.ndarray, shift: int
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]] | None:
    """gain', skip' and the bias' of each table set with this shift; None where they do not fit."""
    exact = gain * 2**shift
    gains, skips = np.round(exact), np.round(values.skip * 2**shift / values.base_unit)
    if max(np.abs(gains).max(), np.abs(skips).max()) > _INT16_MAX:
        return None
    error = np.abs(gains - exact) / np.abs(exact)
    if error.max() > _RELATIVE_ERROR_MAX:
        raise CannotConvert(
            f"{values.where}: a gain of {gains[error.argmax()]:.0f} is {error.max():.0%} off the "
            "exact one"
        )
    # a block's skip leaves the centre where it is; the base is no signal around a centre, it is the
    # picture
    kept = skips if values.base_unit == 1 else values.skip * 2**shift
    biases = [
        CENTRE * (2**shift - kept) + 2 ** (shift - 1) + np.round(CENTRE * offset * 2**shift)
        for offset in values.offsets
    ]
    return (
        gains.astype(np.int16),
        skips.astype(np.int16),
        [bias.astype(np.int32) for bias in biases],
    )
