"""The average that is converted: how it begins, and what is taken out of it at the end."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")

from iqlut.network import configuration
from iqlut.network.network import Network
from iqlut.training import step_variants
from iqlut.training.mean_error import find_offset
from iqlut.training.step import kept


def test_the_average_forgets_the_beginning() -> None:
    """At first it is nearly the newest network, and slow only after some hundred steps."""
    settings = configuration.TrainConfig(ema=0.999)
    assert [kept(settings, step) for step in (0, 9, 990)] == [1 / 10, 10 / 19, 991 / 1000]
    assert kept(settings, 100_000) == 0.999
    assert kept(configuration.TrainConfig(ema=0.0), 5) == 0.0


def test_the_offset_weighs_patches_as_psnr_does() -> None:
    """What is wrong where a patch is nearly right counts more: by 1 / (mean square + 1)."""
    torch.manual_seed(2)
    config = configuration.from_dict(
        {
            "model": {"scale": 2, "blocks": 1, "channels": 2},
            "train": {"steps": 5, "batch": 8, "patch": 8, "margin": 1},
        }
    )
    network, planes = Network(config.model).requires_grad_(False), step_variants.made_up(2)
    total, weights = np.zeros(4), 0.0
    for step in range(5, 5 + 2048 // 8):
        low, high = planes.patches(config.train.seed, step, 8, 8)
        luma = torch.from_numpy(low)
        signal = (128 + 128 * (network.base(luma) + network(luma))).clamp(0, 255).numpy()
        error = (signal - high)[:, 1:-1, 1:-1]
        weight = 1 / (np.square(error).mean(axis=(1, 2, 3)) + 1)
        total += (error.mean(axis=(1, 2)) * weight[:, None]).sum(axis=0)
        weights += weight.sum()
    find_offset(network, config, planes)
    np.testing.assert_allclose(network.offset.numpy(), -total / weights / 128, atol=2e-5)
