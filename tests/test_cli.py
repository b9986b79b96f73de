"""Every command but `upscale` (test_upscale_command.py): rows on stdout, sentences on stderr, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from command_line import refuses
from iqlut import cli, upscaling
from iqlut.command_line import exit_codes, progress
from iqlut.tables import file_format, shipped_models
from picture_files import noise, opened
from random_tables import random_tables

SHIPPED = Path(str(upscaling.__file__)).with_name("models") / "everyday-x4.iqlut"
needs_shipped = pytest.mark.skipif(not SHIPPED.exists(), reason="no model is shipped yet")


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """What was printed is one JSON list of flat objects."""
    printed = json.loads(capsys.readouterr().out)
    assert isinstance(printed, list)
    assert all(not isinstance(value, list | dict) for row in printed for value in row.values())
    return printed


def test_info(model, capsys):
    assert cli.main(["info", model, "--json"]) == 0
    (row,) = rows(capsys)
    tables = shipped_models.load(model)
    assert row == {
        "name": "random",
        "scale": 4,
        "blocks": 1,
        "channels": 2,
        "symmetry": 1,
        "table_bytes": tables.table_bytes,
        "file_bytes": Path(model).stat().st_size,
        "receptive_field_px": tables.receptive_field_px,
        "purpose": "clean input",
        "sha256": tables.sha256,
    }
    assert cli.main(["info", model]) == 0
    assert tables.sha256 in capsys.readouterr().out


def test_info_flattens_the_training_facts(tmp_path, capsys):
    about = {"licence": "CC0", "scale": "hidden", "train": {"seed": 1, "sets": ["a", "b"]}}
    tables = random_tables(np.random.default_rng(1), channels=1, blocks=1)
    path = tmp_path / "told.iqlut"
    path.write_bytes(file_format.to_bytes(replace(tables, about=about)))
    assert cli.main(["info", str(path), "--json"]) == 0
    (row,) = rows(capsys)
    assert (row["scale"], row["licence"], row["train_seed"], row["train_sets"]) == (
        4,
        "CC0",
        1,
        "a, b",
    )


def test_info_of_nothing(capsys):
    code = cli.main(["info", "no-such-model"])
    assert code == exit_codes.USAGE
    refuses(capsys, code, "no-such-model")


def test_models(capsys):
    assert cli.main(["models", "--json"]) == 0
    listed = rows(capsys)
    assert [row["name"] for row in listed] == list(shipped_models.models())
    assert all(row["purpose"] and row["psnr_db"] > 25 and row["time"] for row in listed)
    assert cli.main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 80
    assert any("everyday pictures" in line for line in lines)


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("iqlut ")


def test_help_names_every_command(capsys):
    assert cli.main(["--help"]) == 0
    printed = capsys.readouterr().out
    for command in ("upscale", "train", "convert", "evaluate", "info", "models", "bench"):
        assert command in printed
        assert cli.main([command, "--help"]) == 0
    assert "--overwrite" in capsys.readouterr().out


def test_no_color(model):
    """With NO_COLOR, and into a pipe anyway, there are no escape sequences."""
    command = [sys.executable, "-m", "iqlut", "info", model]
    run = subprocess.run(command, capture_output=True, env={**os.environ, "NO_COLOR": "1"})
    assert run.returncode == 0 and b"\x1b" not in run.stdout + run.stderr


def test_evaluate(model, tmp_path, capsys):
    folder = tmp_path / "Two"
    folder.mkdir()
    for name in ("a", "b"):
        noise("RGB", (48, 40)).save(folder / f"{name}.png")
    command = ["evaluate", str(folder), "-m", model, "--engine", "reference"]
    assert cli.main([*command, "--json"]) == 0
    ours, bicubic = rows(capsys)
    names = {
        "model",
        "dataset",
        "images",
        "scale",
        "engine",
        "path",
        "ensemble",
        "psnr_db",
        "ssim",
        "degrade",
        "restore",
    }
    assert set(ours) == names
    assert (ours["model"], ours["dataset"], ours["images"], ours["engine"]) == (
        "random",
        "Two",
        2,
        "reference",
    )
    assert bicubic["model"] == "bicubic" and bicubic["psnr_db"] > ours["psnr_db"]
    assert cli.main([*command, "--path", "rgb"]) == 0
    assert "bicubic" in capsys.readouterr().out


def test_evaluate_bad_folders(model, tmp_path, capsys):
    nowhere, empty = [str(tmp_path / "none")], [str(tmp_path)]
    for arguments, code in (
        (nowhere, exit_codes.FAILED),
        (empty, exit_codes.FAILED),
        ([], exit_codes.USAGE),
    ):
        assert cli.main(["evaluate", *arguments, "-m", model, "--engine", "reference"]) == code
        refuses(capsys, code)


def test_bench(model, capsys):
    command = ["bench", "-m", model, "--engines", "reference", "--size", "16x9", "--repeats", "3"]
    assert cli.main([*command, "--json"]) == 0
    pillow, reference = rows(capsys)
    assert {"name", "threads", "width", "height", "ms", "ratio_to_pillow_bicubic"} <= set(reference)
    assert (pillow["name"], pillow["ratio_to_pillow_bicubic"]) == ("pillow-bicubic", 1.0)
    assert (reference["name"], reference["width"], reference["height"]) == ("reference", 16, 9)
    assert cli.main(command) == 0
    assert "pillow-bicubic" in capsys.readouterr().out


def test_bench_wrong_arguments(model, capsys):
    for arguments in (
        ["--size", "big"],
        ["--size", "0x9"],
        ["--repeats", "0"],
        ["--engines", "abacus"],
        ["-t", "0"],
    ):
        code = cli.main(["bench", "-m", model, *arguments])
        assert code == exit_codes.USAGE
        refuses(capsys, code)


TINY = """
name = "tiny-x2"
[model]
scale = 2
blocks = 1
channels = 2
[train]
data = "{folder}"
validation = "{folder}"
steps = 4
batch = 2
patch = 8
checkpoint_every = 2
validate_every = 2
"""


def test_training_to_tables(tmp_path, capsys):
    """A picture's way from a folder of images to tables that upscale it."""
    pytest.importorskip("torch")
    images, run, tables = tmp_path / "images", tmp_path / "run", str(tmp_path / "tiny.iqlut")
    images.mkdir()
    noise("RGB", (64, 64)).save(images / "a.png")
    config = tmp_path / "tiny.toml"
    config.write_text(TINY.format(folder=images.as_posix()))
    training = ["train", str(config), "--out", str(run), "-t", "1"]
    assert cli.main(training) == 0
    assert "4/4" in capsys.readouterr().err
    code = cli.main(training)
    refuses(capsys, code, "--resume")
    assert cli.main([*training, "--resume"]) == 0
    assert cli.main(["convert", str(run / "checkpoint.pt"), "-o", tables]) == 0
    capsys.readouterr()
    code = cli.main(["convert", str(run / "checkpoint.pt"), "-o", tables])
    refuses(capsys, code, "--overwrite")
    assert cli.main(["info", tables, "--json"]) == 0
    (row,) = rows(capsys)
    assert (row["name"], row["scale"], row["blocks"], row["channels"]) == ("tiny-x2", 2, 1, 2)
    assert (
        cli.main(["upscale", str(images / "a.png"), "-o", str(tmp_path / "big.png"), "-m", tables])
        == 0
    )
    assert opened(tmp_path / "big.png").size == (128, 128)


def test_training_refusals(tmp_path, capsys):
    pytest.importorskip("torch")
    bad, text = tmp_path / "bad.toml", tmp_path / "text.pt"
    bad.write_text("[model]\nscale = 5\n")
    text.write_text("no checkpoint")
    out = str(tmp_path / "out.iqlut")
    for line, code, words in (
        (["train", str(tmp_path / "none.toml")], exit_codes.FAILED, "none.toml"),
        (["train", str(bad)], exit_codes.USAGE, "scale is 5"),
        (["convert", str(tmp_path / "none.pt"), "-o", out], exit_codes.FAILED, "none.pt"),
        (["convert", str(text), "-o", out], exit_codes.FAILED, "text.pt"),
        (
            ["convert", str(text), "-o", str(tmp_path / "none" / "out.iqlut")],
            exit_codes.USAGE,
            "there is no folder",
        ),
        (["convert", str(text), "-o", str(tmp_path)], exit_codes.USAGE, "is a folder"),
    ):
        assert cli.main(line) == code, words
        refuses(capsys, code, words)
    assert sorted(tmp_path.iterdir()) == [bad, text]


def test_training_without_torch(photo, model, tmp_path, capsys, monkeypatch):
    for name in list(sys.modules):
        if name.startswith(("iqlut.training", "iqlut.network", "iqlut.engines.torch")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it raises ModuleNotFoundError
    out = str(tmp_path / "out.png")
    upscaling = ["upscale", str(photo), "-o", out, "-m", model, "--engine", "torch"]
    for arguments in (
        ["train", "run.toml"],
        ["convert", "run.pt", "-o", out + ".iqlut"],
        upscaling,
    ):
        code = cli.main(arguments)
        assert code == exit_codes.USAGE
        refuses(capsys, code, "not installed", "pip install")
    assert list(tmp_path.iterdir()) == [photo]


def test_arguments_that_do_not_parse(capsys):
    for line in ("", "upscale", "upscale", "upscale a -o b --faster", "bench --repeats x"):
        assert cli.main(line.split()) == exit_codes.USAGE
        captured = capsys.readouterr()
        assert captured.out == "" and captured.err


def test_progress_lines(capsys, monkeypatch):
    """A line when the phase or the words change, or after a silence; the time left at the pace of the phase."""
    clock = iter([0, 0, 1, 2, 13, 20, 100, 110])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    say = progress.Progress().update
    for what, done, total in (
        ("decoding", 0, 50), ("decoding", 1, 50), ("decoding", 2, 50), ("decoding", 26, 50), ("decoding", 50, 50),
        ("loss 2", 10, 100), ("loss 1", 20, 100),
    ):  # fmt: skip
        say(what, done, total)
    assert capsys.readouterr().err.splitlines() == [
        "0/50 decoding",
        "26/50 decoding, 0:12 left",
        "10/100 loss 2",
        "20/100 loss 1, 1:20 left",
    ]


# the shipped models


def test_shipped_models_are_named_as_their_files():
    assert [shipped_models.load(name).name for name in shipped_models.models()] == list(
        shipped_models.models()
    )


@needs_shipped
def test_shipped_model(photo, tmp_path, capsys):
    target = tmp_path / "big.png"
    command = [sys.executable, "-m", "iqlut", "upscale", photo, "-o", target]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    np.testing.assert_array_equal(
        np.array(opened(target)), upscaling.upscale(np.array(opened(photo)), scale=4)
    )
    assert cli.main(["info", "everyday-x4", "--json"]) == 0
    (row,) = rows(capsys)
    assert (
        row["table_bytes"] <= 34_816
        and row["all_tables_bytes"] < row["file_bytes"] == SHIPPED.stat().st_size
    )
