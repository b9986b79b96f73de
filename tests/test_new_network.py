"""What a new network begins with, and which taps it has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import pytest

torch = pytest.importorskip(
    "torch", reason="the training graph needs PyTorch: pip install 'iqlut[train]'"
)

from iqlut.network.configuration import BadConfig, Config, ModelConfig
from iqlut.network.convert_to_tables import convert
from iqlut.network.network import Network
from iqlut.tables.integer_tables import Tables


@pytest.mark.parametrize("parameterisation", ["table", "network"])
def test_a_new_network_begins_with_filters_of_detail(
    parameterisation: Literal["table", "network"],
) -> None:
    network = Network(ModelConfig(blocks=2, parameterisation=parameterisation))
    sums = network.entries()[0].sum(dim=(2, 3))
    torch.testing.assert_close(sums, torch.zeros_like(sums), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "config",
    [
        ModelConfig(residual=False),
        ModelConfig(residual=False, interpolate=False, levels=16),
        ModelConfig(
            residual=False,
            interpolate=False,
            parameterisation="network",
            levels=(9, *[256] * 6),
            knot_b=(0.7,),
        ),
        ModelConfig(residual=False, kernel=2, knot_b=(0.65,), strengths=(0.0, 1.0), scale=2),
        ModelConfig(
            residual=False,
            channels=24,
            symmetry=8,
            upsample_kernel=3,
            spatial_channels=16,
            upsample_spatial_channels=8,
        ),
        ModelConfig(residual=False, channels=16, symmetry=8, negative=True, upsample_kernel=3),
    ],
    ids=["tables", "nearest", "sub-networks", "strengths", "symmetry", "negative"],
)
def test_a_new_network_without_residual_upscales_its_input(config: ModelConfig) -> None:
    """Otherwise its eight layers give noise, from which it hardly learns."""
    rows, columns = torch.meshgrid(torch.arange(24.0), torch.arange(24.0), indexing="ij")
    luma = (128 + 60 * torch.sin(columns / 5) + 60 * torch.cos(rows / 4)).to(torch.uint8)[None]
    for seed in range(3):
        torch.manual_seed(seed)
        upscaled = Network(config)(luma).detach().mean(dim=3)
        both = torch.stack([upscaled.flatten(), luma.flatten().float()])
        assert torch.corrcoef(both)[0, 1] > 0.9, seed


def test_lines_of_taps_are_rows_of_half_of_the_channels() -> None:
    """And columns of the other half, in the network and in the tables made of it."""
    config = ModelConfig(blocks=2, channels=16, symmetry=8, taps="lines", upsample_kernel=3)
    lines, square = (
        convert(Network(one), Config("taps", one), {})
        for one in (config, replace(config, taps="square"))
    )
    assert isinstance(lines, Tables)
    lut = lines.layers[1].lut
    has_row, has_column = lut[:, :, 1, ::2].any((0, 1, 2)), lut[:, :, ::2, 1].any((0, 1, 2))
    assert has_row.sum() == has_column.sum() == 8 and not (has_row & has_column).any()
    assert not lut[:, :, ::2, ::2].any()
    assert lines.table_bytes == square.table_bytes - 6 * 16 * 7 * 2  # of the second block alone


@pytest.mark.parametrize(
    "changes", [{"symmetry": 4}, {"kernel": (3, 1)}, {"spatial_channels": 8}], ids=str
)
def test_lines_without_what_they_need_are_refused(changes: dict[str, Any]) -> None:
    values = {"blocks": 2, "channels": 16, "symmetry": 8, "taps": "lines", "upsample_kernel": 3}
    with pytest.raises(BadConfig, match="'lines' with symmetry"):
        ModelConfig(**values | changes)
    with pytest.raises(BadConfig, match="'lines' with one block, expected two or more"):
        ModelConfig(**values | {"blocks": 1})
