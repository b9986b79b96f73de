"""How good a network in training is: PSNR of the rounded network on the validation images."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from iqlut import arithmetic as ar
from iqlut.evaluation import degradation
from iqlut.evaluation.psnr_ssim import psnr
from iqlut.network.configuration import Config, DegradeConfig, TrainConfig
from iqlut.network.network import Network
from iqlut.network.quantisation import CENTRE
from iqlut.training.patch_damage import at_strength
from iqlut.training.patches import Planes


def validation_of(settings: TrainConfig) -> TrainConfig:
    """What `data.load` takes for whole luma planes of the validation images."""
    return TrainConfig(data=settings.validation, validation=settings.validation, patch=1)


def scores(network: Network, config: Config, planes: Planes, threads: int = 1) -> dict[str, float]:
    """`psnr_db` on the validation set; of a model with strengths also `psnr_db_1` and so on, on the
    damage of each.

    The damage at a strength is half noise and half JPEG, of the severities of the configuration.
    """
    row = {}
    for strength in config.model.strengths or (0.0,):
        if config.model.strengths:
            network.set_strength(strength)
        name = f"psnr_db_{strength:g}" if strength else "psnr_db"
        row[name] = validate(network, planes, threads, partial(damaged, config.degrade, strength))
    return row


def damaged(settings: DegradeConfig, strength: float, index: int, lr: np.ndarray) -> np.ndarray:
    """The plane of that number as it is at a strength: with noise if the number is even, else as a
    JPEG.
    """
    if not strength:
        return lr
    if index % 2:
        return degradation.jpeg(
            np.ascontiguousarray(lr), round(at_strength(settings.jpeg_quality, strength))
        )
    return degradation.add_noise(
        lr, at_strength(settings.noise_sigma, strength), np.random.default_rng(index)
    )


@torch.no_grad()
def validate(
    network: Network, planes: Planes, threads: int = 1,
    damage: Callable[[int, np.ndarray], np.ndarray] = lambda index, lr: lr,
) -> float:  # fmt: skip
    """Mean PSNR in dB of the rounded network over whole planes, `scale` pixels shaved;
    `damage(index, lr)` first.
    """
    scores, r = [], planes.scale
    for index in range(len(planes.sizes)):
        lr, hr = planes.pair(index)
        lr = damage(index, lr)
        luma = torch.from_numpy(np.array(lr)).unsqueeze(0).to(network.alpha.device)
        phases = network.base(luma) + network(luma, threads=threads)
        rounded = (phases[0] * CENTRE + CENTRE + 0.5).floor().clamp(0, ar.SIGNAL_MAX)
        sr = ar.shuffle(rounded, r).cpu().numpy()
        scores.append(psnr(sr, hr, shave_px=r))
    return float(np.mean(scores))
