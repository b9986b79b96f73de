"""Networks whose gradients are far from 0, and their gradients by an instruction set."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

torch = pytest.importorskip(
    "torch", reason="the training graph needs PyTorch: pip install 'iqlut[train]'"
)

from iqlut.network.configuration import ModelConfig
from iqlut.network.native_layers import ISA_VARIABLE, Residual
from iqlut.network.network import Network

CONFIGS = (
    ModelConfig(blocks=2),
    ModelConfig(blocks=3, channels=5, scale=3, upsample_kernel=3),
    ModelConfig(blocks=2, channels=16, interpolate=False, scale=2),
    ModelConfig(blocks=2, kernel=2, upsample_kernel=1, residual=False, gate="channel"),
    ModelConfig(blocks=2, channels=11, knot_a=(0.4, 0.5), knot_b=(0.6, 0.7)),
    ModelConfig(blocks=2, parameterisation="network"),
    ModelConfig(blocks=3, channels=6, knots="learned", scale=2),
    ModelConfig(blocks=2, channels=12, symmetry=4, gate="channel", upsample_kernel=3),
    ModelConfig(blocks=2, channels=8, symmetry=8, upsample_kernel=1, scale=3),
    ModelConfig(blocks=3, channels=6, kernel=(3, 1, 2), levels=(9, 4), upsample_kernel=3),
    ModelConfig(blocks=2, channels=8, symmetry=8, kernel=(1, 3), levels=11, upsample_kernel=3),
    ModelConfig(
        blocks=3,
        channels=24,
        symmetry=8,
        gate="channel",
        upsample_kernel=3,
        spatial_channels=(16, 8),
        upsample_spatial_channels=8,
    ),
    ModelConfig(blocks=2, channels=6, upsample_kernel=3, spatial_channels=4),
    ModelConfig(blocks=2, channels=16, symmetry=8, taps="lines", upsample_kernel=3, scale=2),
    ModelConfig(
        blocks=2,
        channels=16,
        symmetry=8,
        negative=True,
        upsample_kernel=3,
        first_levels=6,
        levels=5,
    ),
)

# Layers of many channels, which AMX trains with rounded gradients.
WIDE = (
    ModelConfig(blocks=2, channels=24, symmetry=4, negative=True, upsample_kernel=3),
    ModelConfig(blocks=3, channels=40, levels=5, kernel=(3, 1, 2), scale=2),
    ModelConfig(blocks=2, channels=19, upsample_kernel=3, gate="channel"),
    ModelConfig(
        blocks=2, channels=48, symmetry=8, upsample_kernel=3, spatial_channels=16, knots="learned"
    ),
    ModelConfig(blocks=2, channels=24, symmetry=8, upsample_kernel=3, spatial_channels=8),
)


@pytest.fixture(autouse=True)
def exact_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train without AMX, which rounds gradients, but where a test asks for it."""
    if has("amx"):
        monkeypatch.setenv(ISA_VARIABLE, "avx512")


@cache
def has(isa: str) -> bool:
    """Whether the training library has an instruction set on this processor."""
    settings, *parameters = Network(ModelConfig(blocks=1)).layer_arguments(threads=1)
    try:
        Residual.apply(
            torch.zeros(1, 1, 1, dtype=torch.uint8), replace(settings, isa=isa), *parameters
        )
    except ValueError:
        return False
    return True


def lively(config: ModelConfig, seed: int = 0) -> Network:
    """A network whose blocks and residual are far from those of a new one."""
    torch.manual_seed(seed)
    network = Network(config)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1 + 0.5 * torch.rand_like(parameter))
        for bend in network.bends:
            bend.add_(torch.randn_like(bend))
        if config.parameterisation == "table":
            network.tables[-1].entries.mul_(5)
    return network


def by(network: Network, luma: torch.Tensor, isa: str | None) -> list[torch.Tensor]:
    """The residual by an instruction set, and the gradients of the sum of its squares."""
    setting, *parameters = network.layer_arguments(threads=2)
    residual = Residual.apply(luma, replace(setting, isa=isa), *parameters)
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    grads = torch.autograd.grad(residual.square().sum(), trained, allow_unused=True)
    return [residual.detach(), *(grad for grad in grads if grad is not None)]
