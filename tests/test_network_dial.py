"""A network with table sets for several restoration strengths: its blends, its conversion, its start from another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training graph needs PyTorch: pip install 'iqlut[train]'")

from iqlut import engines  # noqa: E402
from iqlut.config import Config, ModelConfig  # noqa: E402
from iqlut.dial import Dial  # noqa: E402
from iqlut.model.convert import convert  # noqa: E402
from iqlut.model.network import Network  # noqa: E402
from iqlut.model.start import start_from  # noqa: E402
from test_model import gradients, lively  # noqa: E402

DIALS = (
    ModelConfig(blocks=2, channels=5, scale=2, strengths=(0.0, 1.0, 3.0), gate="channel"),
    ModelConfig(blocks=2, channels=8, symmetry=8, upsample_kernel=3, scale=3, strengths=(0.0, 3.0)),
)


def dial_network(config: ModelConfig) -> Network:
    """Its sets differ, one by larger entries than the others."""
    network = lively(replace(config, strengths=()))
    dial = Network(config)
    start_from(dial, network)
    with torch.no_grad():
        for table in dial.tables:
            for number, entries in enumerate(table.weights()):
                entries.mul_(1 + 0.4 * number + 0.2 * torch.rand_like(entries))
        dial.offset.add_(0.02 * torch.arange(len(config.strengths)).view(-1, 1))
    return dial


@pytest.mark.parametrize("config", DIALS)
@pytest.mark.parametrize("strength", [0.0, 0.5, 2.25, 3.0])
def test_the_kernel_blends_as_plain_torch_does(config: ModelConfig, strength: float) -> None:
    network = dial_network(config)
    network.set_strength(strength)
    luma = torch.randint(0, 256, (2, 9, 11), dtype=torch.uint8)
    weight = torch.randn(2, 9, 11, config.scale**2)
    residual = network(luma)
    given = gradients(network, residual, weight)
    network.plain = True
    torch.testing.assert_close(network(luma), residual, atol=1e-5, rtol=1e-5)
    for one, other in zip(gradients(network, network(luma), weight), given, strict=True):
        torch.testing.assert_close(one, other, atol=2e-4, rtol=2e-3)


@pytest.mark.parametrize("config", DIALS)
def test_table_sets_share_all_but_entries_and_biases(config: ModelConfig) -> None:
    """So they convert to a Dial, each set of which gives the pixels of the rounded network at its strength."""
    network = dial_network(config)
    dial = convert(network, Config("dial", config), {})
    assert isinstance(dial, Dial) and dial.strengths == config.strengths
    assert len({tables.sha256 for tables in dial.sets}) == len(config.strengths)
    luma = np.random.default_rng(1).integers(0, 256, (21, 17), dtype=np.uint8)
    for strength in config.strengths:
        network.set_strength(strength)
        batch = torch.from_numpy(luma)[None]
        with torch.no_grad():
            signal = 128 + 128 * (network.base(batch) + network(batch))[0]
        r = config.scale
        expected = signal.view(21, 17, r, r).permute(0, 2, 1, 3).reshape(21 * r, 17 * r).clamp(0, 255).numpy()
        got = engines.get("reference").build(dial.at(strength))(luma)
        assert np.abs(got - expected).max() < 6  # gates and gains are rounded, layer by layer
        assert np.abs(got - expected).mean() < 0.6


def test_a_dial_begins_as_another_at_its_strengths() -> None:
    first = dial_network(DIALS[0])
    more = Network(replace(DIALS[0], strengths=(0.0, 0.5, 1.0, 3.0)))
    start_from(more, first)
    for strength in (0.0, 0.5, 1.0, 3.0):
        for network in (first, more):
            network.set_strength(strength)
        for one, other in zip(more.entries(), first.entries(), strict=True):
            torch.testing.assert_close(one, other)
