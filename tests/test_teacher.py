"""The teacher of a second stage: its features, where a pupil follows these too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")

from iqlut.network.configuration import BadConfig, Config, ModelConfig, TrainConfig
from iqlut.network.network import Network
from iqlut.training import checkpoint as states
from iqlut.training import loop, step

MODEL = ModelConfig(scale=2, blocks=2, channels=3)
TRAIN = TrainConfig(teacher="checkpoint.pt", features=2.5, distillation=0.0, loss="mse", margin=1)


def test_the_distance_of_features_is_added_with_its_weight() -> None:
    torch.manual_seed(3)
    network, teacher = Network(MODEL), Network(replace(MODEL, levels=16))
    luma = torch.randint(0, 256, (2, 7, 6), dtype=torch.uint8)
    truth = torch.randint(0, 256, (2, 7, 6, 4), dtype=torch.uint8)
    with torch.no_grad():
        pixels = step.loss_of(network, luma, truth, replace(TRAIN, features=0.0), teacher)
        both = step.loss_of(network, luma, truth, TRAIN, teacher)
        pairs = list(zip(network.signals(luma), teacher.signals(luma), strict=True))
    assert [tuple(ours.shape) for ours, _ in pairs] == [(2, 3, 7, 6)] * 2
    distance = sum((ours - aim)[:, :, 1:-1, 1:-1].square().mean() for ours, aim in pairs) / 2
    assert distance > 1e-4
    torch.testing.assert_close(both, pixels + 2.5 * distance)


def test_features_teach_the_blocks_and_not_the_upsampler() -> None:
    torch.manual_seed(3)
    network = Network(MODEL)
    luma = torch.randint(0, 256, (1, 6, 6), dtype=torch.uint8)
    assert step.feature_distance(network, network, luma, margin=0) == 0
    step.feature_distance(network, Network(MODEL), luma, margin=0).backward()
    *blocks, last = (table.entries.grad for table in network.tables)
    assert all(grad.abs().max() > 0 for grad in blocks) and last is None


def test_a_teacher_of_other_features_is_refused(tmp_path: Path) -> None:
    path, wide = tmp_path / "teacher.pt", Config("wide", replace(MODEL, channels=4))
    states.save(states.new(wide, "hash"), wide, path)
    config = Config("trial", MODEL, replace(TRAIN, teacher=str(path)))
    with pytest.raises(BadConfig, match=r"2 blocks of 4 channels, expected 2 of 3"):
        loop.teacher_of(config)
    assert loop.teacher_of(replace(config, train=replace(config.train, features=0.0))) is not None
