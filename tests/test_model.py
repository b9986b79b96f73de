"""The trainable graph: the native kernel against plain torch, knots, and conversion to integers."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="the training graph needs PyTorch: pip install 'iqlut[train]'"
)

from iqlut import arithmetic as ar
from iqlut import engines
from iqlut.network import hat_convolution, quantisation
from iqlut.network.configuration import Config, ModelConfig
from iqlut.network.convert_to_tables import CannotConvert, convert
from iqlut.network.losses import LOSSES
from iqlut.network.native_layers import ISAS, Aim
from iqlut.network.network import IMPLEMENTATIONS, Network
from iqlut.tables.integer_tables import Tables
from lively_networks import CONFIGS, by, exact_gradients, has, lively  # noqa: F401 (a fixture)


def plain(network: Network, luma: torch.Tensor) -> torch.Tensor:
    """The rounded network in plain torch."""
    x = (luma.unsqueeze(1).float() - quantisation.CENTRE) / quantisation.CENTRE
    layers = list(zip(network.entries(), network.knots(), network.curves(), strict=True))
    for (lut, knots, curve), (gain, skip) in zip(layers, network.gates(), strict=False):
        x = hat_convolution.gate(
            x, hat_convolution.expand(x, lut, knots, curve, True), gain, skip, True
        )
    return hat_convolution.expand(x, *layers[-1], True).permute(0, 2, 3, 1)


def gradients(network: Network, residual: torch.Tensor, weight: torch.Tensor) -> list[torch.Tensor]:
    network.zero_grad()
    (residual * weight).sum().backward()
    return [p.grad.clone() for p in network.parameters() if p.grad is not None]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.channels}x{config.kernel}")
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 7), (3, 19, 23)])
@pytest.mark.parametrize(
    ("implementation", "threads"), [("native", 1), ("native", 3), ("device", 1)]
)
def test_implementations_equal_plain_torch(
    config: ModelConfig, shape: tuple[int, int, int], implementation: str, threads: int
) -> None:
    """To float32 rounding: 1e-5 of the largest value; sums run over at most 144 terms and 3 layers.

    A signal within 1e-6 of a rounding border may fall either way; the seeds are such that none
    does.
    """
    if implementation == "device" and config.knots == "learned":
        pytest.skip("knots are learned on a CPU only")
    luma = torch.randint(
        0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    network = lively(config)
    network.implementation = implementation
    ours, theirs = network(luma, threads=threads), plain(network, luma)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5 * theirs.abs().max().item())
    weight = torch.randn(ours.shape, generator=torch.Generator().manual_seed(2))
    for ours_grad, their_grad in zip(
        gradients(network, ours, weight), gradients(network, theirs, weight), strict=True
    ):
        torch.testing.assert_close(
            ours_grad, their_grad, rtol=0, atol=2e-5 * their_grad.abs().max().item() + 1e-7
        )


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.channels}x{config.kernel}")
def test_instruction_sets_agree(config: ModelConfig, isa: str) -> None:
    """The residual exactly: its sums are whole. Gradients to float32 rounding."""
    luma = torch.randint(
        0, 256, (2, 9, 13), dtype=torch.uint8, generator=torch.Generator().manual_seed(5)
    )
    if isa == "amx" or not has(isa):
        pytest.skip("test_tiles_agree covers it" if isa == "amx" else f"no {isa} here")
    network = lively(config)
    (residual, *ours), (other, *theirs) = by(network, luma, None), by(network, luma, isa)
    torch.testing.assert_close(residual, other, rtol=0, atol=0)
    for one, two in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=2e-5 * two.abs().max().item() + 1e-7)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("taught", "margin"), [(False, 0), (False, 2), (True, 0), (True, 3)])
@pytest.mark.parametrize(
    "config", (CONFIGS[0], CONFIGS[1], CONFIGS[3]), ids=lambda c: f"x{c.scale}-{c.residual}"
)
def test_the_loss_of_every_implementation_equals_plain_torch(
    config: ModelConfig, taught: bool, margin: int, loss: str
) -> None:  # fmt: skip
    """With a teacher, a margin and the bilinear base, and without: value and gradients, to float32
    rounding.
    """
    generator = torch.Generator().manual_seed(4)
    luma = torch.randint(0, 256, (3, 7, 11), dtype=torch.uint8, generator=generator)
    truth = torch.randint(
        0, 256, (3, 7, 11, config.scale**2), dtype=torch.uint8, generator=generator
    )
    teacher = torch.randn(truth.shape, generator=generator) if taught else None
    network, rows = lively(config), []
    for network.implementation in IMPLEMENTATIONS:
        network.zero_grad()
        mean = network.mean_loss(luma, Aim(loss, truth, teacher, 3.0, margin), threads=2)
        (2 * mean).backward()
        rows.append(
            [mean.detach(), *(p.grad.clone() for p in network.parameters() if p.grad is not None)]
        )
    *others, of_plain_torch = rows
    for row in others:
        for ours, theirs in zip(row, of_plain_torch, strict=True):
            torch.testing.assert_close(
                ours, theirs, rtol=0, atol=3e-5 * theirs.abs().max().item() + 1e-9
            )


def test_gradients_agree_with_finite_differences() -> None:
    """On the float network in double precision, where the loss is smooth almost everywhere."""
    network = lively(ModelConfig(blocks=2, channels=3)).double()
    luma = torch.randint(0, 256, (1, 5, 6), dtype=torch.uint8)
    loss = network(luma, rounded=False).square().sum()
    loss.backward()
    for parameter in network.parameters():
        index = tuple(int(n) for n in np.unravel_index(parameter.numel() // 2, parameter.shape))
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                parameter[index] += sign * 1e-6
                values.append(network(luma, rounded=False).square().sum().item())
                parameter[index] -= sign * 1e-6
        assert parameter.grad is not None
        assert (values[0] - values[1]) / 2e-6 == pytest.approx(
            parameter.grad[index].item(), rel=1e-4, abs=1e-6
        )


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.channels}x{config.kernel}")
def test_tables_give_what_the_rounded_network_gives(config: ModelConfig) -> None:
    """The integers differ from the rounded network in the last bits of gain and skip only.

    A signal near a rounding border may fall the other way and changes its neighbourhood a little:
    here, with noise as input and residuals several times those of a trained model, one pixel in
    seven at most.
    """
    network = lively(config)
    network.offset += 0.03 if config.symmetry > 1 else torch.linspace(-0.1, 0.1, config.scale**2)
    tables = convert(network, Config("trial", config), {})
    luma = np.random.default_rng(3).integers(0, 256, (23, 31), dtype=np.uint8)
    sr = engines.get("reference").build(tables)(luma).astype(int)
    with torch.no_grad():
        batch = torch.from_numpy(luma)[None]
        phases = (network.base(batch) + network(batch))[
            0
        ] * quantisation.CENTRE + quantisation.CENTRE
    expected = ar.shuffle((phases + 0.5).floor().clamp(0, ar.SIGNAL_MAX), config.scale)
    difference = np.abs(sr - expected.int().numpy())
    assert (difference != 0).mean() < 0.15
    assert difference.mean() < 0.3


def test_a_table_with_nan_is_refused() -> None:
    network = lively(ModelConfig(blocks=1))
    with torch.no_grad():
        network.tables[0].entries[0, 0, 0, 0, 0] = torch.nan
    with pytest.raises(CannotConvert, match="layer 0: the table holds NaN"):
        convert(network, Config(model=ModelConfig(blocks=1)), {})


def test_a_gain_too_small_to_say_is_refused() -> None:
    network = lively(ModelConfig(blocks=1))
    with torch.no_grad():
        network.alpha.fill_(-30)
    with pytest.raises(CannotConvert, match="layer 0: a gain of"):
        convert(network, Config(model=ModelConfig(blocks=1)), {})


@pytest.mark.parametrize(
    ("blocks", "channels", "largest"), [(8, 8, 34 * 1024), (12, 8, 50 * 1024), (8, 16, 124 * 1024)]
)
def test_the_models_of_the_paper_keep_their_size(blocks: int, channels: int, largest: int) -> None:
    config = ModelConfig(blocks=blocks, channels=channels)
    assert convert(Network(config), Config("size", config), {}).table_bytes <= largest


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_a_signal_learns_from_the_rise_of_exact_entries(implementation: str) -> None:
    """A rise of less than a step between neighbours of 256 levels is rounded away, but not its
    gradient.
    """
    network = Network(
        ModelConfig(blocks=1, channels=1, upsample_kernel=1, upsample_levels=256, scale=2)
    )
    network.implementation = implementation
    last = network.tables[-1].entries
    with torch.no_grad():
        network.tables[0].entries.fill_(0.1)
        last.copy_(torch.linspace(0.5, 0.501, 256).view(1, 256, 1, 1, 1).expand_as(last))
    assert (quantisation.round_entries(last).diff(dim=1) == 0).float().mean() > 0.9
    network(torch.full((1, 4, 4), 128, dtype=torch.uint8)).sum().backward()
    gain = torch.sigmoid(network.alpha.detach()).item()
    rise = 4 * 16 * 0.001 / (255 / 128)  # of the four phases of sixteen pixels
    assert network.tables[0].entries.grad.sum().item() == pytest.approx(9 * rise * gain, rel=0.02)


def test_gains_and_skips_are_rounded_to_the_nearest() -> None:
    """Not cut off: the integers are as often above the exact values as below."""
    config = ModelConfig(blocks=3, channels=16, gate="channel", scale=2)
    network = lively(config)
    with torch.no_grad():
        network.alpha.add_(torch.randn_like(network.alpha))
    tables = convert(network, Config("rounded", config), {})
    assert isinstance(tables, Tables)
    errors = {"gain": [], "skip": []}
    network.requires_grad_(False)
    for layer, entries, (gain, skip) in zip(
        tables.layers, network.entries(), network.gates(), strict=False
    ):
        step = quantisation.entry_step(entries).double().numpy()
        exact = gain.double().numpy() * step * 128 / ar.ONE * 2.0 ** (layer.acc_shift + layer.shift)
        errors["gain"] += (layer.gain - exact).tolist()
        errors["skip"] += (layer.skip - skip.double().numpy() * 2.0**layer.shift).tolist()
    for name, values in errors.items():
        assert np.abs(values).max() <= 0.5 + 1e-3, name
        assert abs(np.mean(values)) < 0.2, name
