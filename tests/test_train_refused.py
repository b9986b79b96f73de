"""Configurations, folders and checkpoints that training refuses, each in one sentence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")

from iqlut.network import configuration
from iqlut.network.configuration import BadConfig
from iqlut.training import loop, training_images
from iqlut.training.checkpoint import TrainingStopped
from iqlut.training.checkpoint_to_tables import tables_of
from iqlut.training.log import LOG
from training_runs import settings, state_of, write_images


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of training images; see `write_images`."""
    return write_images(tmp_path_factory.mktemp("images"))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"model": {"scale": 5}}, "model.scale is 5, expected a whole number from 2 to 4"),
        ({"model": {"depth": 5}}, "there is no option model.depth, expected one of model.scale"),
        ({"train": {"steps": "many"}}, "train.steps is 'many', expected a whole number from 0"),
        ({"train": {"loss": "l7"}}, "train.loss is 'l7', expected one of \"mse\""),
        (
            {"train": {"patch": 8, "margin": 4}},
            "train.margin is 4, expected less than half of a patch of 8",
        ),
        (
            {"model": {"scale": 3}, "train": {"grids": 4}},
            "train.grids is 4, expected 1 to 3, the value of model.scale",
        ),
        (
            {"train": {"features": 1.0}},
            "train.features is 1.0, expected 0 without a train.teacher",
        ),
        (
            {"train": {"flats": 1.5}},
            "train.flats is 1.5, expected a number of at least 0 and below 1",
        ),
        ({"train": 3}, "train is 3, expected a table"),
        ({"name": "../../a"}, "name is '../../a', expected one that files and folders can have"),
        ({"name": "/a"}, "name is '/a', expected one that files"),
        ({"name": ".."}, "name is '..', expected one that files"),
        ({"name": ""}, "name is '', expected one that files"),
        ({"model": {"knot_a": [0.5, 0.4]}}, "model.knot_a has 2 values, expected 1 or 8"),
    ],
)
def test_a_bad_configuration_is_refused_by_name(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadConfig, match=re.escape(sentence)):
        configuration.from_dict(values)


def test_bad_folders_are_refused_in_a_sentence(images: Path, tmp_path: Path) -> None:
    cases = {
        "is not a folder": tmp_path / "none",
        "holds no images": tmp_path,
        "is smaller than a patch": images,
    }
    for sentence, folder in cases.items():
        patch = 400 if folder == images else 12
        with pytest.raises(ValueError, match=sentence):
            loop.train(settings(folder, patch=patch), tmp_path / "run")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with pytest.raises(training_images.BadData, match=r"bad\.png is (no|not a) picture"):
        loop.train(settings(tmp_path), tmp_path / "run")


def test_two_runs_in_one_folder_are_refused(images: Path, tmp_path: Path) -> None:
    """They would write their checkpoints and rows in turn."""
    config, out, second = settings(images, steps=2), tmp_path / "run", []

    def at_step(_: str, step: int, steps: int) -> None:
        if (step, steps, second) == (1, 2, []):
            second.append(step)
            with pytest.raises(TrainingStopped, match=r"another run is writing .*run, expected"):
                loop.train(config, out)

    loop.train(config, out, progress=at_step)
    assert second and not list(out.glob(".*"))
    assert len((out / LOG).read_text().splitlines()) == 1


def test_bad_checkpoints_are_refused_in_a_sentence(images: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    checkpoint = loop.train(settings(images), run)
    with pytest.raises(TrainingStopped, match="already holds a run"):
        loop.train(settings(images), run)
    with pytest.raises(TrainingStopped, match="another configuration"):
        loop.train(settings(images, seed=2), run, resume=True)
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(TrainingStopped, match="is not a complete checkpoint"):
        tables_of(checkpoint)
    with pytest.raises(TrainingStopped, match="does not exist"):
        tables_of(tmp_path / "none.pt")


def test_what_is_no_number_stops_and_keeps_the_checkpoint(images: Path, tmp_path: Path) -> None:
    config = settings(images)
    loop.train(config, tmp_path / "run", minutes=0)
    checkpoint = tmp_path / "run/checkpoint.pt"
    saved = state_of(checkpoint)
    saved["network"]["alpha"].fill_(torch.nan)
    torch.save(saved, checkpoint)
    kept = checkpoint.read_bytes()
    with pytest.raises(TrainingStopped, match="is not finite at step 4"):
        loop.train(config, tmp_path / "run", resume=True)
    assert checkpoint.read_bytes() == kept
