"""Training runs: they learn, resume bit for bit, and become tables that every engine runs alike."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")

from iqlut import engines
from iqlut.evaluation.scores import with_scores
from iqlut.network import configuration
from iqlut.network.configuration import BadConfig
from iqlut.tables import file_format
from iqlut.tables.restoration_tables import tables_at
from iqlut.training import checkpoint as states
from iqlut.training import loop, step_variants, training_images
from iqlut.training.checkpoint_to_tables import tables_of
from iqlut.training.mean_error import find_offset
from iqlut.training.step import host_step, learning_rate
from states import equal
from training_runs import settings, state_of, write_images


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of training images; see `write_images`."""
    return write_images(tmp_path_factory.mktemp("images"))


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
    # four rotations of one another share an offset
    assert len(found.unique()) == {1: 16, 4: 4}[symmetry]
    average.offset += 0.1
    find_offset(average, config, planes)
    # the same offset is found again from another one
    torch.testing.assert_close(average.offset, found, atol=2e-3, rtol=0)
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
    # each of the 7 old levels is one of the 13 new ones
    config["model"] |= {"levels": 13, "knots": "learned", "gate": "channel"}
    second = loop.train(configuration.from_dict(config), tmp_path / "second")
    lr = np.random.default_rng(0).integers(0, 256, (1, 9, 9), dtype=np.uint8)
    one, other = (
        states.average(path)[0](torch.from_numpy(lr), rounded=False) for path in (first, second)
    )
    torch.testing.assert_close(one, other, rtol=0, atol=1e-3)  # knots are rounded to whole signals
    config["model"]["channels"] = 3
    with pytest.raises(BadConfig, match="more blocks, channels"):
        loop.train(configuration.from_dict(config), tmp_path / "third")


@pytest.mark.slow
def test_two_processes_train_what_one_does(images: Path, tmp_path: Path) -> None:
    """After twelve steps the losses agree to a relative difference of 1e-5.

    They differ only because float sums are formed in another order.
    """
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
            "kernel": [3, 1, 3], "levels": [5, 11], "channels": 8, "symmetry": 8,
            "upsample_kernel": 3,
        },
        {"kernel": [1, 3, 3], "levels": [3, 16], "channels": 4, "strengths": [0, 2]},
    ],
    ids=["plain", "symmetric", "strengths"],
)  # fmt: skip
def test_levels_and_kernel_may_differ_from_block_to_block(
    model: dict[str, Any], images: Path, tmp_path: Path
) -> None:
    """Such a network is trained and converted, every engine computes the same pixels from its
    tables, and its checkpoint starts another network.
    """
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


@pytest.mark.parametrize("schedule", ["cosine", "linear", "paper"])
def test_learning_rates_fall(schedule: str) -> None:
    train = configuration.from_dict({"train": {"steps": 1000, "schedule": schedule}}).train
    rates = [learning_rate(train, step) for step in range(1000)]
    assert max(rates) == pytest.approx(train.learning_rate, rel=0.02)
    assert all(later <= earlier for earlier, later in pairwise(rates[100:]))
    assert rates[-1] < 0.1 * train.learning_rate


def test_the_upsampler_has_a_rate_of_its_own() -> None:
    """Adam moves each parameter by its learning rate in the first step, whatever the gradient."""
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
