"""The `iqlut` command: help, evaluate and bench; rows on stdout, errors on stderr."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from command_line import refuses, rows
from iqlut import cli, upscaling
from iqlut.command_line import exit_codes, progress
from iqlut.tables import shipped_models
from picture_files import noise, opened

SHIPPED = Path(str(upscaling.__file__)).with_name("models") / "everyday-x4.iqlut"
needs_shipped = pytest.mark.skipif(not SHIPPED.exists(), reason="no model is shipped yet")


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


def test_arguments_that_do_not_parse(capsys):
    for line in ("", "upscale", "upscale", "upscale a -o b --faster", "bench --repeats x"):
        assert cli.main(line.split()) == exit_codes.USAGE
        captured = capsys.readouterr()
        assert captured.out == "" and captured.err


def test_progress_lines(capsys, monkeypatch):
    """A line is printed when the phase or its text changes, and after a pause.

    The remaining time follows from the speed of the current phase.
    """
    clock = iter([0, 0, 1, 2, 13, 20, 100, 110])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    say = progress.Progress().update
    for what, done, total in (
        ("decoding", 0, 50), ("decoding", 1, 50), ("decoding", 2, 50),
        ("decoding", 26, 50), ("decoding", 50, 50),
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
