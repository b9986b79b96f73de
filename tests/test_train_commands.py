"""`iqlut train` and `iqlut convert`: from images to tables, and what they refuse."""

from __future__ import annotations

import sys

import pytest

from command_line import refuses, rows
from iqlut import cli
from iqlut.command_line import exit_codes
from picture_files import noise, opened

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
