"""A network that begins as another does: of fewer levels, blocks or channels, or of another scale
(`train.start`).
"""

from __future__ import annotations

import numpy as np
import torch

from iqlut.network.configuration import BadConfig
from iqlut.network.curve import Curve
from iqlut.network.layer_tables import Table, TableSets
from iqlut.network.network import Network
from iqlut.tables import symmetry

CLOSED = -5.0  # alpha of a block that is new: gain 0.007, so that it hands on what it gets


@torch.no_grad()
def start_from(network: Network, other: Network) -> None:
    """Takes over the tables of `other`, read at the levels of `network`; BadConfig where they do
    not fit.

    Blocks that `other` lacks come before the upsampler and hand on their signals. A channel that it
    lacks is a copy of one that it has; the two are told apart by their shares in the next layer,
    which are random and sum to 1 (Net2Net, arXiv 1511.05641). For another scale the upsampler is
    new. Each table set of `network` begins as `other`, or as it is at that set's strength.
    """
    old, new = other.config, network.config
    fewer_gates = old.gate == "channel" and new.gate == "block"
    if old.blocks > new.blocks or old.channels > new.channels or fewer_gates:
        raise BadConfig(
            "train.start has more blocks, channels or gates than the model; it can have fewer or "
            "as many"
        )
    if new.symmetry > 1 and (old.symmetry % new.symmetry or old.channels != new.channels):
        raise BadConfig(
            "train.start has less symmetry than the model, or fewer channels; expected as much "
            "and as many"
        )
    random = torch.get_rng_state()
    for number, strength in enumerate(new.strengths or (0.0,)):
        torch.set_rng_state(
            random
        )  # copies of a channel share alike in every set, so that sets can be blended
        if old.strengths:
            other.set_strength(min(strength, old.strengths[-1]))
        _take_tables(network, number, other)
    last = old.blocks
    network.alpha[last:] = CLOSED
    alpha = other.alpha.repeat_interleave(old.symmetry, 1) if old.gate == "channel" else other.alpha
    alpha = alpha.expand(-1, old.channels)[:, :: new.symmetry]
    network.alpha[:last] = alpha[:, torch.arange(network.alpha.shape[1]) % alpha.shape[1]]


def _take_tables(network: Network, number: int, other: Network) -> None:
    """The entries of `other` into the table set of that number."""
    old, new = other.config, network.config
    read, curves, last = other.entries(), other.curves(), old.blocks
    for index, (table, here) in enumerate(zip(network.tables, network.curves(), strict=True)):
        if last <= index < new.blocks or (index == new.blocks and old.scale != new.scale):
            continue
        source = min(index, last)
        entries = _at_levels(read[source], curves[source], here.knots)
        own = table.weights()[number] if isinstance(table, Table | TableSets) else None
        if own is None or entries.shape[2:4] != own.shape[2:4]:
            raise BadConfig(
                "train.start holds tables of another kind; only levels, blocks and channels may "
                "differ"
            )
        end = index == new.blocks
        entries = _widened(
            entries, 1 if index == 0 else new.channels, new.scale**2 if end else new.channels
        )
        own.copy_(symmetry.stored(entries, new.symmetry, last=end))


def _at_levels(entries: torch.Tensor, there: Curve, knots: np.ndarray) -> torch.Tensor:
    """The functions of a table, at other levels."""
    code, fraction = (torch.from_numpy(x[knots]) for x in (there.code.astype(int), there.fraction))
    fraction = fraction.view(1, -1, 1, 1, 1)
    return (1 - fraction) * entries[:, code] + fraction * entries[:, code + 1]


def _widened(entries: torch.Tensor, channels_in: int, channels_out: int) -> torch.Tensor:
    """(c, levels, k, k, d) with copies of channels; those going in share what one gave."""
    c, _, k, _, d = entries.shape
    source = torch.arange(channels_in) % c
    entries = entries[source][..., torch.arange(channels_out) % d]
    if channels_in == c:
        return entries
    shares = torch.empty(channels_in, 1, k, k, channels_out).uniform_(0.5, 1.5)
    total = torch.zeros(c, 1, k, k, channels_out).index_add_(0, source, shares)
    return entries * shares / total[source]
