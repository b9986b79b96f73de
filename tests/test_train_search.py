"""The search for (a, b): each layer takes what validates best, and the configuration says it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")

from command_line import refuses
from iqlut import cli
from iqlut.command_line import exit_codes
from iqlut.network import configuration
from iqlut.network.configuration import BadConfig, Config, ModelConfig, TrainConfig
from iqlut.network.start_from import start_from
from iqlut.training import checkpoint as states
from iqlut.training import knot_search, loop, training_images, validation

MODEL = ModelConfig(scale=2, blocks=2, channels=3, levels=5, upsample_levels=5)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, Path]:
    """A configuration, and a checkpoint of the same shape with many levels."""
    folder = tmp_path_factory.mktemp("search")
    (folder / "images").mkdir()
    pixels = np.random.default_rng(3).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((72, 72)).save(folder / "images/one.png")
    train = TrainConfig(
        data=str(folder / "images"),
        validation=str(folder / "images"),
        steps=150,
        batch=2,
        patch=12,
        learning_rate=1e-2,
        ema=0.9,
        checkpoint_every=150,
    )
    many = replace(MODEL, first_levels=64, levels=64, upsample_levels=64)
    return Config("few", MODEL, train), loop.train(Config("many", many, train), folder / "run")


def test_each_layer_takes_the_pair_that_validates_best(
    trained: tuple[Config, Path], tmp_path: Path
) -> None:
    config, checkpoint = trained
    what = knot_search.Search(config, checkpoint, (0.3, 0.5, 0.7), (0.3, 0.5, 0.7), passes=2)
    found = knot_search.greedy(what, tmp_path)
    assert found.psnr_db >= found.before_db
    assert (len(found.config.model.knot_a), len(found.config.model.knot_b)) == (2, 2)
    assert found.config.train == config.train
    # the score is that of the rounded network with the tables read at those levels
    source, _ = states.average(checkpoint)
    network = states.new(found.config, "").network
    start_from(network, source)
    images = training_images.load(replace(config.train, patch=1), 2, tmp_path, lambda *_: None)
    assert validation.validate(network, images) == found.psnr_db
    for layer in (
        2,
        3,
    ):  # in the last pass the chosen ones are the best, and no levels were tried twice
        trials = [trial for trial in found.trials if trial.layer == layer]
        passes = len([trial for trial in trials if trial.best])
        assert len(trials) == 7 * passes  # nine pairs, of which a = b are all uniform
    (last,) = [trial for trial in found.trials if trial.best and trial.layer == 3][-1:]
    assert (last.a, last.b) == (found.config.model.knot_a[1], found.config.model.knot_b[1])
    assert (
        last.psnr_db == max(trial.psnr_db for trial in found.trials[-7:]) == round(found.psnr_db, 4)
    )


def test_pairs_are_trained_on(trained: tuple[Config, Path], tmp_path: Path) -> None:
    config, checkpoint = trained
    plain = knot_search.greedy(knot_search.Search(config, checkpoint, (0.5,), (0.5,)), tmp_path)
    tuned = knot_search.greedy(
        knot_search.Search(config, checkpoint, (0.5,), (0.5,), steps=20), tmp_path
    )
    assert tuned.psnr_db > plain.psnr_db
    again = knot_search.greedy(
        knot_search.Search(config, checkpoint, (0.5,), (0.5,), steps=20), tmp_path
    )
    assert again.psnr_db == tuned.psnr_db


def test_what_does_not_fit_is_refused(trained: tuple[Config, Path], tmp_path: Path) -> None:
    config, checkpoint = trained
    for change, sentence in (
        ({"channels": 2}, "more blocks, channels"),
        ({"parameterisation": "network"}, "another kernel, parameterisation"),
    ):
        other: Any = replace(config, model=replace(MODEL, **change))
        with pytest.raises(BadConfig, match=sentence):
            knot_search.greedy(knot_search.Search(other, checkpoint), tmp_path)
    with pytest.raises(BadConfig, match="between 0 and 1"):
        knot_search.greedy(knot_search.Search(config, checkpoint, (1.5,)), tmp_path)


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[1] / "configs").rglob("*.toml")), ids=lambda p: p.stem
)
def test_configurations_survive_being_written(path: Path, tmp_path: Path) -> None:
    config = configuration.load(path)
    (tmp_path / "again.toml").write_text(configuration.to_toml(config))
    assert configuration.load(tmp_path / "again.toml") == config


def test_command(
    trained: tuple[Config, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    config, checkpoint = trained
    remark = "# kept: \N{ROCKET}\n"
    text = remark + configuration.to_toml(config)
    (tmp_path / "few.toml").write_text(text, encoding="utf-8")
    command = ["train", "search", "few.toml", str(checkpoint), "-o", "best.toml", "-t", "1"]
    assert cli.main([*command, "--a", "0.4", "0.5", "--b", "0.5", "--json"]) == exit_codes.OK
    out, err = capsys.readouterr()
    rows = json.loads(out)
    assert [row["layer"] for row in rows] == [2, 2, 3, 3]
    assert "best.toml: " in err.splitlines()[-1]
    assert remark in Path("best.toml").read_text(encoding="utf-8")
    best = configuration.load("best.toml")
    chosen = [(row["a"], row["b"]) for row in rows if row["best"]]
    assert list(zip(best.model.knot_a, best.model.knot_b, strict=True)) == chosen
    assert (
        "checkpoint.pt" in Path("best.toml").read_text()
        and str(checkpoint) not in Path("best.toml").read_text()
    )


def test_refusals(
    trained: tuple[Config, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    config, checkpoint = trained
    for name in ("few.toml", "best.toml"):
        Path(name).write_text(configuration.to_toml(config), encoding="utf-8")
    command = ["train", "search", "few.toml", str(checkpoint), "-o", "best.toml", "-t", "1"]
    for arguments, code, words in (
        (command, exit_codes.FAILED, "--overwrite"),
        ([*command, "--overwrite", "--steps", "-1"], exit_codes.USAGE, "--steps is -1"),
        (
            ["train", "search", "none.toml", "x.pt", "-o", "new.toml"],
            exit_codes.FAILED,
            "none.toml cannot be read",
        ),
        (
            ["train", "search", "few.toml", "x.pt", "-o", "new.toml"],
            exit_codes.FAILED,
            "x.pt does not exist",
        ),
    ):
        assert cli.main(arguments) == code
        refuses(capsys, code, words)
    assert not Path("new.toml").exists()
