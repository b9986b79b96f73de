"""The last act of a run: what the average network gets wrong in the mean, phase by phase, is taken
out.

Entries that are averaged over steps round otherwise than those that were trained, and 72 small
errors of one phase add up: some phases were a whole grey level too bright. The bias of the last
integer layer holds what undoes it, at no cost.
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

_PATCHES = 2048  # that are looked at


@torch.no_grad()
def find_offset(network: Network, config: Config, planes: Planes, threads: int = 1) -> None:
    """Moves `network.offset` (scale**2,) so that the mean error of each phase is 0, or of those
    that are turns of it.

    The errors are those of patches that no step has seen. Each counts by 1 / (mean square of its
    patch + 1), in grey levels: as PSNR weighs it. Each table set has an offset of its own, found on
    the damage of its strength.
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
    return torch.from_numpy(symmetry.evened(offset.cpu().numpy(), network.config.symmetry)).to(
        offset
    )


def _mean_error(
    network: Network, settings: TrainConfig, planes: Planes, strength: float, threads: int
) -> torch.Tensor:  # fmt: skip
    """(scale**2,) in units of x."""
    total, weights = (
        torch.zeros_like(network.phase_offset()),
        torch.zeros_like(network.phase_offset()[0]),
    )
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
