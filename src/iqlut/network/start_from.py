"""Initialisation of a network from another one (`train.start`).

The other network may have fewer levels, blocks or channels, or another scale.
"""

from __future__ import annotations

import numpy as np
import torch

from iqlut import arithmetic as ar
from iqlut.network.configuration import BadConfig, ModelConfig
from iqlut.network.level_curve import Curve
from iqlut.network.network import Network
from iqlut.network.quantisation import CENTRE
from iqlut.network.trainable_entries import SubNetwork, Table, TableSets
from iqlut.tables import symmetry

CLOSED = -5.0  # alpha of a new block: its gain is 0.007, so that it passes on its input


@torch.no_grad()
def start_from(network: Network, other: Network) -> None:
    """Initialise `network` with the tables of `other`, read at the levels of `network`.

    Blocks that `other` lacks come before the upsampler and pass on their signals. A channel that it
    lacks is a copy of one that it has. The copies have random weights in the next layer, which sum
    to 1, so that they can learn different things (Net2Net, arXiv 1511.05641). If the scales differ,
    the upsampler is not initialised. Of a network with fewer flips and rotations, the tables that
    were stored once become several. A network with the negative and twice the channels of `other`,
    which has no negative, becomes the mean of what `other` makes of an image and of its negative.
    Each table set of `network` starts from the entries of `other` at the strength of the set.
    Raises BadConfig if the two do not fit.
    """
    old, new = other.config, network.config
    _check_fits(old, new)
    random = torch.get_rng_state()
    for number, strength in enumerate(new.strengths or (0.0,)):
        # the same random weights in every set, so that sets can be blended
        torch.set_rng_state(random)
        if old.strengths:
            other.set_strength(min(strength, old.strengths[-1]))
        _take_tables(network, number, other)
    last = old.blocks
    network.alpha[last:] = CLOSED
    alpha = other.alpha
    if old.gate == "channel":
        alpha = alpha.repeat_interleave(old.group.order, 1)
    kept = new.symmetry if _is_paired(old, new) else new.group.order
    alpha = alpha.expand(-1, old.channels)[:, ::kept]
    network.alpha[:last] = alpha[:, torch.arange(network.alpha.shape[1]) % alpha.shape[1]]


def _check_fits(old: ModelConfig, new: ModelConfig) -> None:
    """Raise BadConfig if a network of the shape `new` cannot start from one of the shape `old`."""
    fewer_gates = old.gate == "channel" and new.gate == "block"
    if old.blocks > new.blocks or old.channels > new.channels or fewer_gates:
        raise BadConfig(
            "train.start has more blocks, channels or gates than the model, expected at most as "
            "many; name another checkpoint, or make the model larger"
        )
    if old.parameterisation == "network" and old.negative != new.negative:
        raise BadConfig(
            "train.start has sub-networks and model.negative is another one than there, expected "
            "the same; name another checkpoint, or change model.negative"
        )
    keeps = old.negative or not new.negative or _is_paired(old, new)
    orbits_fit = _is_paired(old, new) or old.channels % new.group.order == 0
    if new.group.order > 1 and not (keeps and orbits_fit and old.symmetry % new.symmetry == 0):
        raise BadConfig(
            "train.start has less symmetry than the model, expected at least as much, or for "
            "model.negative = true half of the channels without it; name another checkpoint, or "
            "set model.symmetry = 1 and model.negative = false"
        )


def _is_paired(old: ModelConfig, new: ModelConfig) -> bool:
    """Whether the channels of `old` become pairs, of which one sees the negative."""
    return new.negative and not old.negative and new.channels == 2 * old.channels


def _take_tables(network: Network, number: int, other: Network) -> None:
    """Copy the entries of `other` into the table set of this number."""
    old, new = other.config, network.config
    read, curves, last = other.entries(), other.curves(), old.blocks
    for index, (table, here) in enumerate(zip(network.tables, network.curves(), strict=True)):
        if last <= index < new.blocks or (index == new.blocks and old.scale != new.scale):
            continue
        source = min(index, last)
        if isinstance(table, SubNetwork):
            _take_sub_networks(table, other.tables[source])
            continue
        entries = _at_levels(read[source], curves[source], here.knots)
        own = table.weights()[number] if isinstance(table, Table | TableSets) else None
        if own is None or entries.shape[2:4] != own.shape[2:4]:
            raise _does_not_fit()
        end = index == new.blocks
        entries = _in_smaller_orbits(entries, old.group, new.group, end)
        if index == 0 and old.negative != new.negative:
            entries = _with_skip(entries, here, other)
        if _is_paired(old, new):
            own.copy_(_paired(entries, new.symmetry, index == 0, end))
            continue
        entries = _widened(
            entries, 1 if index == 0 else new.channels, new.scale**2 if end else new.channels
        )
        own.copy_(symmetry.stored(entries, new.group, last=end))


def _take_sub_networks(networks: SubNetwork, others: torch.nn.Module) -> None:
    """Copy the parameters of `others`; they do not depend on the number of levels."""
    new, old = networks.state_dict(), others.state_dict()
    if {name: value.shape for name, value in new.items()} != {
        name: value.shape for name, value in old.items()
    }:
        raise _does_not_fit()
    networks.load_state_dict(old)


def _does_not_fit() -> BadConfig:
    return BadConfig(
        "train.start has another kernel, parameterisation or width of sub-networks than the model, "
        "expected the same; name another checkpoint"
    )


def _at_levels(entries: torch.Tensor, there: Curve, knots: np.ndarray) -> torch.Tensor:
    """The entries at other knots, by interpolation between those of a table."""
    code, fraction = (torch.from_numpy(x[knots]) for x in (there.code.astype(int), there.fraction))
    fraction = fraction.view(1, -1, 1, 1, 1)
    return (1 - fraction) * entries[:, code] + fraction * entries[:, code + 1]


def _with_skip(entries: torch.Tensor, curve: Curve, other: Network) -> torch.Tensor:
    """The entries of the first block, (1, levels, k, k, d), for another skip than that of `other`.

    With the negative there is no skip. The entries take over what a skip adds of luma, or lose what
    the skip of the new network will add.
    """
    gain, skip = other.gates()[0]
    taken = (gain - 1 if other.config.negative else skip) / gain
    luma = (torch.from_numpy(curve.knots.astype(np.float32)) - CENTRE) / CENTRE
    centre, changed = ar.footprint(entries.shape[2])[0], entries.clone()
    changed[0, :, centre, centre] += luma.unsqueeze(1) * taken
    return changed


def _in_smaller_orbits(
    entries: torch.Tensor, old: symmetry.Symmetry, new: symmetry.Symmetry, last: bool
) -> torch.Tensor:
    """The entries (c, levels, k, k, d) with their channels in the orbits of a smaller group.

    Orbits with the negative are split in each half. Without it, the leading part of an orbit is one
    of the smaller group, and so is each later part.
    """
    if not (old.negative and new.negative):
        return entries
    count, fewer = old.flips_rotations, new.flips_rotations
    members = torch.arange(old.order).view(2, count // fewer, fewer).transpose(0, 1).flatten()
    for axis in (0,) if last else (0, 4):
        channels = entries.shape[axis]
        if channels > 1:  # not luma, the input of the first layer
            first = torch.arange(0, channels, old.order).view(-1, 1)
            entries = entries.index_select(axis, (first + members).flatten())
    return entries


def _paired(entries: torch.Tensor, orbit: int, first: bool, last: bool) -> torch.Tensor:
    """The stored entries of a layer of pairs of channels, of which one sees the negative.

    `entries` (c, levels, k, k, d) are those without the negative, where an orbit of the new network
    would have `orbit` channels.
    """
    if last:
        return entries[::orbit] / 2
    own = entries[..., ::orbit]
    if first:
        return own
    orbits = own.reshape(-1, orbit, *own.shape[1:])
    return torch.stack([orbits, torch.zeros_like(orbits)], dim=1).reshape(-1, *own.shape[1:])


def _widened(entries: torch.Tensor, channels_in: int, channels_out: int) -> torch.Tensor:
    """Entries (c, levels, k, k, d) with copied channels, in the given numbers.

    The contribution of an input channel is distributed over its copies with random weights.
    """
    c, _, k, _, d = entries.shape
    source = torch.arange(channels_in) % c
    entries = entries[source][..., torch.arange(channels_out) % d]
    if channels_in == c:
        return entries
    shares = torch.empty(channels_in, 1, k, k, channels_out).uniform_(0.5, 1.5)
    total = torch.zeros(c, 1, k, k, channels_out).index_add_(0, source, shares)
    return entries * shares / total[source]
