"""Training with AMX against training without."""

from __future__ import annotations

from dataclasses import replace

import pytest

from iqlut.network.configuration import ModelConfig
from iqlut.network.native_layers import Residual
from lively_networks import CONFIGS, WIDE, by, has, lively, torch


@pytest.mark.skipif(not has("amx"), reason="this processor has no AMX")
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 2, 9), (2, 24, 24), (1, 31, 53)])
@pytest.mark.parametrize("config", (*WIDE, *CONFIGS), ids=lambda config: f"{config.channels}")
def test_tiles_agree(config: ModelConfig, shape: tuple[int, int, int]) -> None:
    """The residual exactly: its sums are whole. The terms of gradients are rounded to 8 bits, which
    moves a gradient by less than a hundredth of its length.
    """
    luma = torch.randint(
        0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(5)
    )
    network = lively(config)
    (residual, *ours), (other, *theirs) = by(network, luma, "amx"), by(network, luma, "avx512")
    torch.testing.assert_close(residual, other, rtol=0, atol=0)
    for one, two in zip(ours, theirs, strict=True):
        assert (one - two).norm() <= 0.01 * two.norm() + 1e-7


@pytest.mark.skipif(not has("amx"), reason="this processor has no AMX")
def test_tiles_of_a_single_tap_between_few_channels() -> None:
    """Configurations refuse it, but the library accepts it: all channels keep their only tap."""
    config = ModelConfig(blocks=2, channels=16, kernel=1, upsample_kernel=1)
    network = lively(config)
    luma = torch.randint(
        0, 256, (1, 9, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(5)
    )
    setting, *parameters = network.layer_arguments(threads=1)
    few = replace(setting, isa="amx", spatial=(0, 8, 0))
    residual = Residual.apply(luma, few, *parameters)
    torch.testing.assert_close(residual, by(network, luma, "avx512")[0], rtol=0, atol=0)
    tables = [table.entries for table in network.tables]
    for grad in torch.autograd.grad(residual.square().sum(), tables):
        assert torch.isfinite(grad).all()
