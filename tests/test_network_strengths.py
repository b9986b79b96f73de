"""A network with table sets for several restoration strengths: blends, conversion and start."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="the training graph needs PyTorch: pip install 'iqlut[train]'"
)

from iqlut import arithmetic as ar
from iqlut import engines
from iqlut.network.configuration import Config, ModelConfig
from iqlut.network.convert_to_tables import convert
from iqlut.network.network import Network
from iqlut.network.start_from import start_from
from iqlut.tables.restoration_tables import RestorationTables
from test_model import gradients, lively

DIALS = (
    ModelConfig(blocks=2, channels=5, scale=2, strengths=(0.0, 1.0, 3.0), gate="channel"),
    ModelConfig(blocks=2, channels=8, symmetry=8, upsample_kernel=3, scale=3, strengths=(0.0, 3.0)),
)


def restoration_network(config: ModelConfig) -> Network:
    """A network whose table sets differ; those of higher strengths have larger entries."""
    network = lively(replace(config, strengths=()))
    restoration_tables = Network(config)
    start_from(restoration_tables, network)
    with torch.no_grad():
        for table in restoration_tables.tables:
            for number, entries in enumerate(table.weights()):
                entries.mul_(1 + 0.4 * number + 0.2 * torch.rand_like(entries))
        restoration_tables.offset.add_(0.02 * torch.arange(len(config.strengths)).view(-1, 1))
    return restoration_tables


@pytest.mark.parametrize("config", DIALS)
@pytest.mark.parametrize("strength", [0.0, 0.5, 2.25, 3.0])
def test_the_kernel_blends_as_plain_torch_does(config: ModelConfig, strength: float) -> None:
    network = restoration_network(config)
    network.set_strength(strength)
    luma = torch.randint(0, 256, (2, 9, 11), dtype=torch.uint8)
    weight = torch.randn(2, 9, 11, config.scale**2)
    residual = network(luma)
    given = gradients(network, residual, weight)
    network.implementation = "plain"
    torch.testing.assert_close(network(luma), residual, atol=1e-5, rtol=1e-5)
    for one, other in zip(gradients(network, network(luma), weight), given, strict=True):
        torch.testing.assert_close(one, other, atol=2e-4, rtol=2e-3)


@pytest.mark.parametrize("config", DIALS)
def test_table_sets_share_all_but_entries_and_biases(config: ModelConfig) -> None:
    """The network converts to RestorationTables, which agree with it at each strength.

    The pixels are those of the rounded network, except for the rounding of gates and gains.
    """
    network = restoration_network(config)
    restoration_tables = convert(network, Config("dial", config), {})
    assert (
        isinstance(restoration_tables, RestorationTables)
        and restoration_tables.strengths == config.strengths
    )
    assert len({tables.sha256 for tables in restoration_tables.sets}) == len(config.strengths)
    luma = np.random.default_rng(1).integers(0, 256, (21, 17), dtype=np.uint8)
    for strength in config.strengths:
        network.set_strength(strength)
        batch = torch.from_numpy(luma)[None]
        with torch.no_grad():
            signal = 128 + 128 * (network.base(batch) + network(batch))[0]
        expected = ar.shuffle(signal, config.scale).clamp(0, ar.SIGNAL_MAX).numpy()
        got = engines.get("reference").build(restoration_tables.at(strength))(luma)
        assert np.abs(got - expected).max() < 6  # gates and gains are rounded, layer by layer
        assert np.abs(got - expected).mean() < 0.6


def test_a_dial_begins_as_another_at_its_strengths() -> None:
    first = restoration_network(DIALS[0])
    more = Network(replace(DIALS[0], strengths=(0.0, 0.5, 1.0, 3.0)))
    start_from(more, first)
    for strength in (0.0, 0.5, 1.0, 3.0):
        for network in (first, more):
            network.set_strength(strength)
        for one, other in zip(more.entries(), first.entries(), strict=True):
            torch.testing.assert_close(one, other)
