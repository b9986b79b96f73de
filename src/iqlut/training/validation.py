"""Validation of a network in training: PSNR of the rounded network on the validation images."""

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
    """The settings with which `training_images.load` gives whole luma planes for validation."""
    return TrainConfig(data=settings.validation, validation=settings.validation, patch=1)


def scores(network: Network, config: Config, planes: Planes, threads: int = 1) -> dict[str, float]:
    """The scores of a network on the validation set, as values of a row of the log.

    `psnr_db` is the PSNR on clean images. A model with strengths also has `psnr_db_1` and so on,
    each on images with the damage of that strength: noise for one half of them and JPEG for the
    other, of the severities of the configuration.
    """
    row = {}
    for strength in config.model.strengths or (0.0,):
        if config.model.strengths:
            network.set_strength(strength)
        name = f"psnr_db_{strength:g}" if strength else "psnr_db"
        row[name] = validate(network, planes, threads, partial(damaged, config.degrade, strength))
    return row


def damaged(settings: DegradeConfig, strength: float, index: int, lr: np.ndarray) -> np.ndarray:
    """Damage the validation plane of this index as for a strength.

    Planes with an even index get noise, the others are JPEG-compressed.
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
    """The mean PSNR in dB of the rounded network over whole planes, with `scale` pixels shaved.

    `damage(index, lr)` returns the low-resolution plane that the network gets.
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
