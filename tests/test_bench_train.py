"""`iqlut bench train`: ways to make a step take turns, and say where they ran."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")

from command_line import refuses
from iqlut import cli
from iqlut.command_line import exit_codes
from iqlut.network.configuration import Config, ModelConfig, TrainConfig
from iqlut.timing import interleaved, training_steps
from iqlut.training import checkpoint as states
from iqlut.training import step_variants, training_images
from iqlut.training.step import host_step

SETTING = training_steps.TimedTraining(8, 8, 7, 4, 8, 32, "cpu", 1)


def test_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """They alternate, and the first round is not counted."""
    order, clock = [], iter(range(1000))
    monkeypatch.setattr(interleaved.time, "perf_counter", lambda: next(clock) ** 2 / 1000)
    trainers = [
        training_steps.TimedTrainer(name, lambda count, name=name: order.append((name, count)))
        for name in "ab"
    ]
    one, other = training_steps.time_interleaved(trainers, SETTING, rounds=3, steps=2)
    assert order == [("a", 2), ("b", 2)] * 4
    # a run from tick 2 i to 2 i + 1 lasts 4 i + 1 ms; round r holds the runs 2 r and 2 r + 1, of
    # two steps each
    assert (one.ms, other.ms) == ((4 * 4 + 1) / 2, (4 * 5 + 1) / 2)
    assert (one.ratio, other.ratio) == (1, round(17 / 21, 3))
    assert one.steps_per_s == round(1000 / 8.5, 2)
    assert (
        (one.blocks, one.device, one.rounds, one.steps) == (8, "cpu", 3, 2)
        and one.commit
        and one.cpu
    )
    with pytest.raises(ValueError, match="1 or more"):
        training_steps.time_interleaved(trainers, SETTING, rounds=0)


def test_all_ways_train_the_same() -> None:
    """After a few steps the parameters agree to a thousandth of their size: the same patches, the
    same gradients.
    """
    config = Config(
        "trial", ModelConfig(blocks=2, channels=4), TrainConfig(batch=2, patch=9, steps=100)
    )
    planes, lasts = step_variants.made_up(4), []
    for plain in (False, True):
        state = states.new(config, "")
        state.network.implementation = "plain" if plain else None
        for state.step in range(3):
            loss = host_step(state, config, planes, None, 1)
        lasts.append((float(loss), state.network))
    assert lasts[0][0] == pytest.approx(lasts[1][0], rel=1e-4)
    for one, other in zip(*(network.parameters() for _, network in lasts), strict=True):
        torch.testing.assert_close(
            one, other, rtol=0, atol=1e-3 * float(other.detach().abs().max())
        )


def test_planes_that_are_made_up() -> None:
    planes = step_variants.made_up(2)
    lr, hr = planes.pair(5)
    assert lr.shape == (step_variants.SIDE, step_variants.SIDE) and hr.shape == (
        2 * step_variants.SIDE,
        2 * step_variants.SIDE,
    )
    np.testing.assert_array_equal(planes.hr, step_variants.made_up(2).hr)


COMMAND = [
    "bench",
    "train",
    "--blocks",
    "1",
    "--channels",
    "2",
    "--rounds",
    "1",
    "--steps",
    "1",
    "-t",
    "1",
]


def test_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert (
        cli.main([*COMMAND, "--patch", "8", "--batch", "2", "--scale", "2", "--json"])
        == exit_codes.OK
    )
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == ["torch", "native"]
    assert {
        (row["blocks"], row["channels"], row["scale"], row["patch"], row["threads"]) for row in rows
    } == {(1, 2, 2, 8, 1)}
    assert rows[1]["ratio"] > 0 and rows[1]["steps_per_s"] > 0 and rows[1]["commit"]
    (tmp_path / "small.toml").write_text("[model]\nscale = 3\nlevels = 5\n")
    assert (
        cli.main([*COMMAND, "--config", str(tmp_path / "small.toml"), "--patch", "8"])
        == exit_codes.OK
    )
    assert "8 patches of 8x8" in capsys.readouterr().out


def test_images_of_ones_own(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "images").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "images/one.png")
    monkeypatch.chdir(tmp_path)
    assert cli.main([*COMMAND, "--patch", "8", "--data", "images", "--json"]) == exit_codes.OK
    assert len(json.loads(capsys.readouterr().out)) == 2
    planes = training_images.load(
        TrainConfig(data="images", patch=8),
        4,
        Path("runs/cache"),
        lambda *_: pytest.fail("decoded"),
    )
    assert planes.sizes.tolist() == [[16, 16]]


def test_refusals(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for arguments, code, words in (
        (["--patch", "1000"], exit_codes.USAGE, "--patch is 1000"),
        (["--rounds", "0"], exit_codes.USAGE, "expected 1 or more"),
        (["--batch", "0"], exit_codes.USAGE, "train.batch is 0, expected a whole number from 1"),
        (["--scale", "5"], exit_codes.USAGE, "scale is 5"),
        (["--config", "none.toml"], exit_codes.FAILED, "none.toml cannot be read"),
        (["--data", str(tmp_path)], exit_codes.FAILED, "holds no images"),
    ):
        assert cli.main(["bench", "train", *arguments]) == code, arguments
        refuses(capsys, code, words)
