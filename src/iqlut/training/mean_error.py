"""Removal of the mean error of each phase from the averaged network, at the end of a run.

Entries that are averaged over steps are rounded differently from those that were trained. The small
errors of all entries of a phase add up, and made some phases a whole grey level too bright. The
offset that removes the mean error becomes part of the bias of the last integer layer, at no cost.
"""

from __future__ import annotations

import math

import torch

from iqlut import arithmetic as ar
from iqlut.network.configuration import Config, TrainConfig
from iqlut.network.losses import inner
from iqlut.network.network import Network
from iqlut.network.quantisation import CENTRE
from iqlut.tables import symmetry
from iqlut.training.patches import Planes

_PATCHES = 2048  # the number of patches over which the error is averaged


@torch.no_grad()
def find_offset(network: Network, config: Config, planes: Planes, threads: int = 1) -> None:
    """Change `network.offset`, (scale**2,) or (sets, scale**2), so that the mean errors become 0.

    The error is that of each phase. With symmetry it is that of all phases that are flips or
    rotations of one another. The patches are those that the next steps would use. The weight of a
    patch is 1 / (its mean square error + 1), in grey levels, as in the gradient of PSNR. Each table
    set has an offset of its own, found on patches with the damage of its strength.
    """
    if not config.model.strengths:
        offset = network.offset - _mean_error(
            network, config.train, planes, config.degrade.strength, threads
        )
        network.offset.copy_(_evened(offset, network))
    for index, strength in enumerate(config.model.strengths):
        network.set_strength(strength)
        offset = network.offset[index] - _mean_error(
            network, config.train, planes, strength, threads
        )
        network.offset[index] = _evened(offset, network)


def _evened(offset: torch.Tensor, network: Network) -> torch.Tensor:
    """The offset, averaged over the phases that symmetry requires to be equal."""
    return torch.from_numpy(symmetry.evened(offset.cpu().numpy(), network.config.group)).to(offset)


def _mean_error(
    network: Network, settings: TrainConfig, planes: Planes, strength: float, threads: int
) -> torch.Tensor:  # fmt: skip
    """The weighted mean error of each phase, (scale**2,), in units of x."""
    total = torch.zeros_like(network.phase_offset())
    weights = torch.zeros_like(total[0])
    for step in range(settings.steps, settings.steps + math.ceil(_PATCHES / settings.batch)):
        patches = planes.patches(
            settings.seed, step, settings.batch, settings.patch, strength=strength
        )
        luma, truth = (torch.from_numpy(values).to(total.device) for values in patches)
        signal = CENTRE + CENTRE * (network.base(luma) + network(luma, threads=threads))
        error = inner(signal.clamp(0, ar.SIGNAL_MAX) - truth, settings.margin)
        weight = 1 / (error.square().mean(dim=(1, 2, 3)) + 1)
        total += (error.mean(dim=(1, 2)) * weight.unsqueeze(1)).sum(dim=0)
        weights += weight.sum()
    return total / weights / CENTRE
