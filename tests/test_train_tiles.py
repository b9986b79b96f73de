"""Training with AMX against training without."""

from __future__ import annotations

import pytest

from iqlut.network.configuration import ModelConfig
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
