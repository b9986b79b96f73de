"""The checkpoints that are kept: each was made by the stage of its name, is needed, and holds one
network.
"""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")

from configurations import without_folders
from iqlut.network import configuration, stages
from iqlut.tables import shipped_models

ROOT = Path(__file__).parents[1]
CHECKPOINTS = sorted((ROOT / "checkpoints").glob("*.pt"))
STAGES = {
    Path(one.kept_as).stem: one.config
    for file in sorted((ROOT / "configs").glob("*.toml"))
    for one in stages.load(file).stages
}


@pytest.mark.parametrize("checkpoint", CHECKPOINTS, ids=lambda path: path.stem)
def test_a_checkpoint_is_of_the_stage_of_its_name(checkpoint: Path) -> None:
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    assert saved.keys() == {"config", "step", "data_sha256", "ema"}
    config = STAGES[checkpoint.stem]
    trained = configuration.from_dict(saved["config"])
    assert without_folders(trained) == without_folders(config)
    if config.train.start:
        assert (ROOT / config.train.start) in CHECKPOINTS


def test_every_checkpoint_is_read_by_something() -> None:
    """A stage starts from it, a shipped model is converted from it, or a script or a command in the
    documentation reads it.
    """
    starts = {Path(config.train.start).stem for config in STAGES.values()}
    readers = (*(ROOT / "scripts").rglob("*.py"), *(ROOT / "docs").glob("*.md"))
    text = "".join(path.read_text(encoding="utf-8") for path in readers)
    for checkpoint in CHECKPOINTS:
        assert (
            checkpoint.stem in starts
            or checkpoint.stem in shipped_models.models()
            or f"checkpoints/{checkpoint.name}" in text
        ), checkpoint.name


def test_every_log_is_of_a_checkpoint() -> None:
    kept = {path.stem for path in CHECKPOINTS}
    assert {path.stem for path in (ROOT / "results/logs").glob("*.jsonl")} <= kept
    assert sorted((ROOT / "checkpoints").iterdir()) == CHECKPOINTS
