"""The checkpoints that are kept: each was made by the configuration of its name, whose start is there too."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")

from iqlut.network import configuration

ROOT = Path(__file__).parents[1]
CHECKPOINTS = sorted((ROOT / "checkpoints").glob("*.pt"))


@pytest.mark.parametrize("checkpoint", CHECKPOINTS, ids=lambda path: path.stem)
def test_a_checkpoint_is_of_the_configuration_of_its_name(checkpoint: Path) -> None:
    made_by = configuration.from_dict(
        torch.load(checkpoint, map_location="cpu", weights_only=True)["config"]
    )
    config = configuration.load(ROOT / "configs" / f"{checkpoint.stem}.toml")
    assert made_by == config
    if config.train.start:
        assert (ROOT / config.train.start) in CHECKPOINTS
