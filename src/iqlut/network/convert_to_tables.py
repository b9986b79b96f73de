"""Conversion of a trained network to integer tables.

Values that integers cannot represent accurately enough raise CannotConvert and are never clipped.
A block computes out = 128 + skip * (signal - 128) + gain * 128 * F with F = step * acc / ONE, hence

    gain' = gain * step * 128 / ONE * 2**(acc_shift + shift)    int16, for each output channel
    skip' = skip * 2**shift                                     int16
    bias' = 128 * (2**shift - skip') + 2**(shift - 1)           int32

with the largest shift for which all three fit. In the last layer the skip multiplies the bilinear
base, which is (2 * scale)**2 times a signal, and the bias contains the offset of the network. With
the negative, it also halves the error that a rounded skip makes of white, so that black and white
are treated alike.
Training rounds entries and signals in the same way, so that the integers differ from the rounded
network only in the last bits of gain' and skip'.
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
_RELATIVE_ERROR_MAX = 0.02  # the largest relative error of a rounded gain


def convert(network: Network, config: Config, about: dict[str, Any]) -> Tables | RestorationTables:
    """Convert a trained network to tables, with the description `about`.

    A network with strengths becomes RestorationTables, whose table sets share everything except
    entries and biases. Raises CannotConvert or IllegalTables if there are no such tables.
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
        shared = (curve.knots, gain, skip, base_unit, config.model.negative)
        values = _LayerValues(f"layer {index}", entries, step, offsets, *shared)
        layers.append(_layers(values, config.model.interpolate))
    tables = [
        Tables(
            config.name,
            config.model.scale,
            own,
            about,
            config.model.symmetry,
            config.model.negative,
        )
        for own in zip(*layers, strict=True)
    ]
    return RestorationTables(strengths, tuple(tables)) if strengths else tables[0]


def _at(network: Network, strength: float) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The entries of each layer, and the offset, at this strength."""
    if network.config.strengths:
        network.set_strength(strength)
    return network.entries(), network.phase_offset()


@dataclass(frozen=True, eq=False)
class _LayerValues:
    """The float values of a layer: entries and offset of each table set, and what the sets share.

    where      the name of the layer in error messages
    entries    for each set (c, levels, k, k, d), in units of x
    step       (d,): the entry step of each output channel
    offsets    for each set (d,), in units of x
    base_unit  the factor of the skip signal: 1, or (2 * scale)**2 for the bilinear base
    negative   whether the network has the negative
    """

    where: str
    entries: list[torch.Tensor]
    step: torch.Tensor
    offsets: list[np.ndarray]
    knots: np.ndarray
    gain: np.ndarray
    skip: np.ndarray
    base_unit: int
    negative: bool


def _layers(values: _LayerValues, interpolate: bool) -> list[Layer]:
    """The integer layer of each table set. Raises CannotConvert if there is none."""
    if not all(torch.isfinite(entries).all() for entries in values.entries):
        raise CannotConvert(
            f"{values.where}: the table holds NaN or infinite entries, expected finite ones; use "
            "an earlier checkpoint"
        )
    step = values.step
    luts = [(entries / step).round().to(torch.int8).numpy() for entries in values.entries]
    bound = int(accumulator_bound(np.abs(np.stack(luts)).max(axis=0)).max())
    acc_shift = next((s for s in range(16) if ar.round_shift(bound, s) <= ar.ACC16_MAX), None)
    if acc_shift is None:
        raise CannotConvert(
            f"{values.where}: the accumulator can reach {bound}, expected a bound that a shift of "
            "at most 15 brings into int16; train with fewer channels"
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
        # a blend of two sets can slightly exceed the bounds of both
        if largest <= ar.INT32_MAX // (2 if len(layers) > 1 else 1):
            return layers
    raise CannotConvert(
        f"{values.where}: the gains reach {gain.max():.3g}, expected gains that fit int16 at a "
        "shift from 8 to 22; use an earlier checkpoint"
    )


def _constants(
    values: _LayerValues, gain: np.ndarray, shift: int
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]] | None:
    """gain', skip' and, for each table set, bias' at this shift.

    Returns None if a gain or skip does not fit int16. Raises CannotConvert if rounding
    changes a gain too much.
    """
    exact = gain * 2**shift
    gains, skips = np.round(exact), np.round(values.skip * 2**shift / values.base_unit)
    if max(np.abs(gains).max(), np.abs(skips).max()) > _INT16_MAX:
        return None
    error = np.abs(gains - exact) / np.abs(exact)
    if error.max() > _RELATIVE_ERROR_MAX:
        raise CannotConvert(
            f"{values.where}: a gain of {gains[error.argmax()]:.0f} is {error.max():.0%} off the "
            f"exact one, expected at most {_RELATIVE_ERROR_MAX:.0%}; use another checkpoint"
        )
    # the skip of a block applies to the distance of a signal from CENTRE, that of the last layer to
    # the base itself, which is an image
    kept = skips if values.base_unit == 1 else values.skip * 2**shift
    constant = CENTRE * (2**shift - kept) + 2 ** (shift - 1)
    if values.negative and values.base_unit > 1:
        constant = constant + ar.SIGNAL_MAX * (2**shift - values.base_unit * skips) // 2
    biases = [constant + np.round(CENTRE * offset * 2**shift) for offset in values.offsets]
    return (
        gains.astype(np.int16),
        skips.astype(np.int16),
        [bias.astype(np.int32) for bias in biases],
    )
