"""`iqlut train` and `iqlut convert`: stages, overrides, unfinished runs and help on options."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")

from command_line import refuses
from iqlut import cli
from iqlut.network import configuration, stages
from iqlut.tables import file_format
from iqlut.training import checkpoint as states

STAGES = """
name = "tiny"
[model]
blocks = 1
channels = 2
scale = 2
[train]
data = "images"
validation = "images"
steps = 3
batch = 1
patch = 8
[[stage]]
name = "one"
[[stage]]
name = "two"
[stage.train]
loss = "psnr"
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with an image and the configuration tiny.toml."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images").mkdir()
    pixels = np.random.default_rng(3).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "images/one.png")
    (tmp_path / "tiny.toml").write_text(STAGES)
    return tmp_path


def test_stages_run_in_order_and_go_on_at_the_right_one(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = ["train", "tiny.toml", "-t", "1"]
    assert cli.main([*train, "--minutes", "0"]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == "stopped at step 0 of 3 of stage one; continue with --resume"
    assert cli.main(["convert", "runs/tiny/one/checkpoint.pt", "-o", "half.iqlut"]) == 0
    assert "is at step 0 of 3, expected a finished run" in capsys.readouterr().err
    assert file_format.read(here / "half.iqlut").about["steps"] == "0 of 3"
    assert cli.main([*train, "--resume"]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == (
        "runs/tiny/two/checkpoint.pt is ready: "
        "iqlut convert runs/tiny/two/checkpoint.pt -o tiny.iqlut"
    )
    second = states.read(here / "runs/tiny/two/checkpoint.pt")["config"]["train"]
    assert (second["start"], second["loss"]) == ("runs/tiny/one/checkpoint.pt", "psnr")
    assert cli.main([*train, "--resume"]) == 0  # nothing is left to do
    assert cli.main(["convert", "runs/tiny/two/checkpoint.pt", "-o", "tiny.iqlut"]) == 0
    assert "steps" not in file_format.read(here / "tiny.iqlut").about
    capsys.readouterr()
    refuses(capsys, cli.main(train), "already holds a run", "--resume")
    refuses(capsys, cli.main([*train, "--stage", "three"]), "its stages are one, two")


def test_one_stage_with_another_value(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["train", "tiny.toml", "-t", "1", "--set", "train.steps=2"]
    refuses(capsys, cli.main([*command, "--stage", "two"]), "train with --stage")
    assert cli.main([*command, "--set", "train.seed=7", "--stage", "one"]) == 0
    saved = states.read(here / "runs/tiny/one/checkpoint.pt")
    assert (saved["step"], saved["config"]["train"]["seed"]) == (2, 7)
    assert not (here / "runs/tiny/two").exists()
    capsys.readouterr()
    refuses(capsys, cli.main([*command, "--set", "train.stepz=2"]), "no option train.stepz")


def test_tables_are_not_written_under_another_ending(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.main(["convert", "x.pt", "-o", "a.onnx"])
    refuses(capsys, code, "a.onnx ends in .onnx, expected .iqlut")


def test_every_option_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "--explain"]) == 0
    text = capsys.readouterr().out
    for kind in (configuration.Config, *configuration.SECTIONS.values()):
        for option in configuration.options_of(kind):
            assert f"\n  {option.name} = " in text
            assert option.explanation.endswith((".", ")"))
    assert "patch = 48    (a whole number from 1 to 4,096; unit: low-resolution pixels)" in text


def test_a_new_file_is_commented_and_reads_as_the_defaults(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["train", "--init", "new.toml"]) == 0
    text = (here / "new.toml").read_text(encoding="utf-8")
    assert stages.load("new.toml").config() == configuration.Config(name="new")
    for kind in configuration.SECTIONS.values():
        assert all(f"{option.name} = " in text for option in configuration.options_of(kind))
    capsys.readouterr()
    refuses(capsys, cli.main(["train", "--init", "new.toml"]), "new.toml exists")
    refuses(capsys, cli.main(["train", "--init", "new.txt"]), "expected .toml")
    refuses(capsys, cli.main(["train"]), "no configuration was named")
