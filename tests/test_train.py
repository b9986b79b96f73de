"""The trainer: it learns, resumes bit for bit, and refuses in sentences."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")

from iqlut import engines
from iqlut.evaluation.scores import with_scores
from iqlut.network import configuration
from iqlut.network.configuration import BadConfig, Config
from iqlut.planes import resize
from iqlut.tables import file_format
from iqlut.tables.restoration_tables import tables_at
from iqlut.training import checkpoint as states
from iqlut.training import loop, step_variants, training_images
from iqlut.training.checkpoint import TrainingStopped
from iqlut.training.checkpoint_to_tables import tables_of
from iqlut.training.mean_error import find_offset
from iqlut.training.step import host_step, learning_rate
from states import equal


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures with edges, one in a subfolder, one too small."""
    folder = tmp_path_factory.mktemp("images")
    (folder / "more").mkdir()
    rng = np.random.default_rng(4)
    for name, size in (("one.png", 96), ("more/two.webp", 80), ("tiny.png", 20)):
        picture = np.zeros((size, size, 3), np.uint8)
        for _ in range(60):
            y, x, side = (int(n) for n in rng.integers((0, 0, 4), (size, size, 30)))
            picture[y : y + side, x : x + side] = rng.integers(0, 256, 3)
        Image.fromarray(picture).save(folder / name, lossless=True)
    return folder


def settings(images: Path, **train: Any) -> Config:
    values = {
        "data": str(images),
        "validation": str(images),
        "steps": 12,
        "batch": 3,
        "patch": 12,
        "checkpoint_every": 4,
    }
    return configuration.from_dict(
        {
            "name": "trial",
            "model": {"blocks": 2, "channels": 4},
            "train": {**values, "validate_every": 12, **train},
        }
    )


def state_of(path: Path) -> dict[str, Any]:
    return torch.load(path, weights_only=True)


def test_it_learns(images: Path, tmp_path: Path) -> None:
    loop.train(settings(images, steps=240, checkpoint_every=40, ema=0.9), tmp_path / "run")
    rows = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [40, 80, 120, 160, 200, 240]
    assert rows[-1]["loss"] < 0.9 * rows[0]["loss"]


def test_a_resumed_run_is_the_uninterrupted_one(images: Path, tmp_path: Path) -> None:
    config = settings(images)
    whole = loop.train(config, tmp_path / "whole")

    class Killed(Exception):
        pass

    def kill(_what: str, done: int, _total: int) -> None:
        if done == 8:
            raise Killed

    with pytest.raises(Killed):
        loop.train(config, tmp_path / "parts", progress=kill)
    assert state_of(tmp_path / "parts/checkpoint.pt")["step"] == 8
    parts = loop.train(config, tmp_path / "parts", resume=True)
    assert equal(state_of(whole), state_of(parts))


@pytest.mark.parametrize("symmetry", [1, 4])
def test_no_phase_is_too_bright_in_the_mean_at_the_end(
    symmetry: int, images: Path, tmp_path: Path
) -> None:
    config = settings(images)
    config = replace(config, model=replace(config.model, symmetry=symmetry, upsample_kernel=3))
    average, _ = states.average(loop.train(config, tmp_path / "run"))
    planes = training_images.load(config.train, 4, tmp_path / "cache", lambda *_: None)
    found = average.offset.clone()
    assert found.abs().max() > 0
    assert (
        len(found.unique()) == {1: 16, 4: 4}[symmetry]
    )  # a corner, two sides and the middle of the phases turn
    average.offset += 0.1
    find_offset(average, config, planes)
    torch.testing.assert_close(average.offset, found, atol=2e-3, rtol=0)  # from wherever one looks
    assert tables_of(tmp_path / "run/checkpoint.pt").layers[-1].bias.std() > 0


def test_a_second_stage_starts_from_the_first_and_follows_a_teacher(
    images: Path, tmp_path: Path
) -> None:
    first = loop.train(settings(images), tmp_path / "first")
    train = {
        "start": str(first),
        "teacher": str(first),
        "steps": 1,
        "learning_rate": 1e-9,
        "ema": 0.0,
    }
    config = settings(images, **train).to_dict()
    config["model"] |= {
        "levels": 13,
        "knots": "learned",
        "gate": "channel",
    }  # every old level is a new one
    second = loop.train(configuration.from_dict(config), tmp_path / "second")
    lr = np.random.default_rng(0).integers(0, 256, (1, 9, 9), dtype=np.uint8)
    one, other = (
        states.average(path)[0](torch.from_numpy(lr), rounded=False) for path in (first, second)
    )
    torch.testing.assert_close(one, other, rtol=0, atol=1e-3)  # knots are whole signals
    config["model"]["channels"] = 3
    with pytest.raises(BadConfig, match="more blocks, channels"):
        loop.train(configuration.from_dict(config), tmp_path / "third")


def test_two_processes_train_what_one_does(images: Path, tmp_path: Path) -> None:
    """Up to the order of float sums: the same loss to 1e-5 of itself after twelve steps."""
    train = {"data": str(images), "validation": str(images), "steps": 12, "batch": 4, "patch": 12}
    lines = [
        'name = "trial"',
        "[model]",
        "blocks = 2",
        "channels = 4",
        "[train]",
        "checkpoint_every = 4",
    ]
    lines += [f"{name} = {json.dumps(value)}" for name, value in train.items()]
    (tmp_path / "trial.toml").write_text("\n".join(lines))
    command = ["iqlut", "train", str(tmp_path / "trial.toml"), "-t", "1", "--out"]
    torchrun = ["torch.distributed.run", "--nproc-per-node", "2", "--master-port", "29517", "-m"]
    for arguments in (
        [*command, str(tmp_path / "one")],
        [*torchrun, *command, str(tmp_path / "two")],
    ):
        subprocess.run(
            [sys.executable, "-m", *arguments], check=True, capture_output=True, timeout=120
        )
    one, two = (
        [
            json.loads(line)["loss"]
            for line in (tmp_path / run / "log.jsonl").read_text().splitlines()
        ]
        for run in ("one", "two")
    )
    assert len(one) == 3
    assert two == pytest.approx(one, rel=1e-5)


def test_it_stops_after_its_minutes_and_goes_on(images: Path, tmp_path: Path) -> None:
    config = settings(images)
    stopped = loop.train(config, tmp_path / "run", minutes=0)
    assert state_of(stopped)["step"] == 0
    assert state_of(loop.train(config, tmp_path / "run", resume=True))["step"] == 12


def test_a_checkpoint_becomes_tables_that_say_where_they_come_from(
    images: Path, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/one.png").write_bytes((images / "one.png").read_bytes())
    tables = with_scores(
        tables_of(loop.train(settings(images), tmp_path / "run")), [tmp_path / "photos"]
    )
    assert tables.about["psnr_db"].keys() == {"photos"}
    assert tables.about["commit"]
    assert tables.about["config"]["train"]["seed"] == 1
    assert tables.about["step"] == 12
    assert tables.about["data_sha256"]
    assert file_format.from_bytes(file_format.to_bytes(tables)).about == tables.about


@pytest.mark.parametrize(
    "model",
    [
        {"kernel": [3, 2, 1], "levels": [9, 4], "channels": 4},
        {
            "kernel": [3, 1, 3],
            "levels": [5, 11],
            "channels": 8,
            "symmetry": 8,
            "upsample_kernel": 3,
        },
        {"kernel": [1, 3, 3], "levels": [3, 16], "channels": 4, "strengths": [0, 2]},
    ],
    ids=["plain", "symmetric", "strengths"],
)  # fmt: skip
def test_levels_and_kernel_may_differ_from_block_to_block(
    model: dict[str, Any], images: Path, tmp_path: Path
) -> None:
    """From training to tables, which every engine runs alike, and which start another network."""
    config = settings(images).to_dict()
    config["model"] |= {"blocks": 3, **model}
    checkpoint = loop.train(configuration.from_dict(config), tmp_path / "run")
    tables = tables_at(file_format.from_bytes(file_format.to_bytes(tables_of(checkpoint))))
    assert [layer.lut.shape[2] for layer in tables.layers[:-1]] == model["kernel"]
    assert [layer.lut.shape[1] for layer in tables.layers[1:-1]] == model["levels"]
    luma = np.random.default_rng(3).integers(0, 256, (19, 23), dtype=np.uint8)
    expected = engines.get("reference").build(tables)(luma)
    for name in engines.ENGINES:
        np.testing.assert_array_equal(engines.get(name).build(tables)(luma), expected, name)
    config["train"] |= {"start": str(checkpoint), "steps": 1}
    config["model"]["levels"] = 17
    assert loop.train(configuration.from_dict(config), tmp_path / "second").exists()


def test_patches_are_what_the_test_protocol_would_make(images: Path, tmp_path: Path) -> None:
    config = settings(images).train
    planes = training_images.load(config, 4, tmp_path, lambda *_: None)
    assert planes.skipped == ("tiny.png",)
    lr, hr = planes.patches(seed=1, step=0, batch=4, patch=12)
    assert (lr.shape, hr.shape) == ((4, 12, 12), (4, 12, 12, 16))
    again = planes.patches(seed=1, step=0, batch=4, patch=12)
    np.testing.assert_array_equal(lr, again[0])
    assert (
        np.abs(hr.astype(float).mean(axis=3) - lr).mean() < 12
    )  # the same place, turned the same way
    assert (planes.patches(seed=1, step=1, batch=4, patch=12)[0] != lr).any()


def test_grids_begin_at_more_pixels_of_a_picture(images: Path, tmp_path: Path) -> None:
    one, four = (
        training_images.load(settings(images, grids=n).train, 4, tmp_path, lambda *_: None)
        for n in (1, 2)
    )
    assert len(four.sizes) == 4 * len(one.sizes) and one.sha256 != four.sha256
    _, whole = one.pair(0)
    for n, (top, left) in enumerate([(0, 0), (0, 2), (2, 0), (2, 2)]):
        lr, hr = four.pair(n)
        np.testing.assert_array_equal(hr[:32, :32], whole[top:, left:][:32, :32])
        np.testing.assert_array_equal(lr, resize.resize(hr, *lr.shape))


def test_some_patches_are_flat_where_asked(images: Path, tmp_path: Path) -> None:
    shares, hashes, grays = [], set(), set()
    for flats in (0.0, 0.25):
        planes = training_images.load(
            settings(images, flats=flats).train, 4, tmp_path, lambda *_: None
        )
        lr, hr = map(
            np.concatenate,
            zip(*(planes.patches(1, step, 4, 12) for step in range(300)), strict=True),
        )
        flat = (hr == lr[:, :1, :1, None]).all(axis=(1, 2, 3)) & (lr == lr[:, :1, :1]).all(
            axis=(1, 2)
        )
        shares.append(flat.mean())
        hashes.add(planes.sha256)
        grays = set(lr[flat, 0, 0].tolist())
    assert shares[1] == pytest.approx(0.25 + 0.75 * shares[0], abs=0.03)
    assert len(grays) > 150
    assert len(hashes) == 2


def test_the_cache_is_read_instead_of_the_images(images: Path, tmp_path: Path) -> None:
    told: list[str] = []
    for _ in range(2):
        training_images.load(
            settings(images).train, 4, tmp_path, lambda what, *_: told.append(what)
        )
    assert told == ["decoding"] * 3


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"model": {"scale": 5}}, "model.scale is 5, expected a whole number from 2 to 4"),
        ({"model": {"depth": 5}}, "there is no option model.depth; known are model.scale"),
        ({"train": {"steps": "many"}}, "train.steps is 'many', expected a whole number from 0"),
        ({"train": {"loss": "l7"}}, "train.loss is 'l7', expected one of \"mse\""),
        (
            {"train": {"patch": 8, "margin": 4}},
            "train.margin is 4, expected less than half of a patch of 8",
        ),
        (
            {"model": {"scale": 3}, "train": {"grids": 4}},
            "train.grids is 4, expected 1 to 3, model.scale",
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
    with pytest.raises(training_images.BadData, match=r"bad\.png is no picture"):
        loop.train(settings(tmp_path), tmp_path / "run")


def test_bad_checkpoints_are_refused_in_a_sentence(images: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    checkpoint = loop.train(settings(images), run)
    with pytest.raises(TrainingStopped, match="already holds a run"):
        loop.train(settings(images), run)
    with pytest.raises(TrainingStopped, match="another configuration"):
        loop.train(settings(images, seed=2), run, resume=True)
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(TrainingStopped, match="no whole checkpoint"):
        tables_of(checkpoint)
    with pytest.raises(TrainingStopped, match="is not there"):
        tables_of(tmp_path / "none.pt")


def test_what_is_no_number_stops_and_keeps_the_checkpoint(images: Path, tmp_path: Path) -> None:
    config = settings(images)
    loop.train(config, tmp_path / "run", minutes=0)
    checkpoint = tmp_path / "run/checkpoint.pt"
    saved = state_of(checkpoint)
    saved["network"]["alpha"].fill_(torch.nan)
    torch.save(saved, checkpoint)
    kept = checkpoint.read_bytes()
    with pytest.raises(TrainingStopped, match="is no number at step 4"):
        loop.train(config, tmp_path / "run", resume=True)
    assert checkpoint.read_bytes() == kept


@pytest.mark.parametrize("schedule", ["cosine", "linear", "paper"])
def test_learning_rates_fall(schedule: str) -> None:
    train = configuration.from_dict({"train": {"steps": 1000, "schedule": schedule}}).train
    rates = [learning_rate(train, step) for step in range(1000)]
    assert max(rates) == pytest.approx(train.learning_rate, rel=0.02)
    assert all(later <= earlier for earlier, later in pairwise(rates[100:]))
    assert rates[-1] < 0.1 * train.learning_rate


def test_the_upsampler_has_a_rate_of_its_own() -> None:
    """The first step of Adam moves each parameter by the rate, whatever its gradient."""
    config = configuration.from_dict(
        {
            "model": {"blocks": 2, "channels": 4},
            "train": {"batch": 16, "warmup": 0.0, "upsample_rate": 0.1},
        }
    )
    state = states.new(config, "")
    before = [table.entries.detach().clone() for table in state.network.tables]
    host_step(state, config, step_variants.made_up(4), None, 1)
    moved = [
        (table.entries - was).abs().max().item()
        for table, was in zip(state.network.tables, before, strict=True)
    ]
    assert moved == pytest.approx(
        [config.train.learning_rate * part for part in (1, 1, 0.1)], rel=1e-3
    )
