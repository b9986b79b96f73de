"""`iqlut info` and `iqlut models`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from command_line import refuses, rows
from iqlut import cli
from iqlut.command_line import exit_codes
from iqlut.tables import file_format, shipped_models
from random_tables import random_tables


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
        "negative": False,
        "table_bytes": tables.table_bytes,
        "file_bytes": Path(model).stat().st_size,
        "receptive_field_px": tables.receptive_field_px,
        "purpose": "clean input",
        "sha256": tables.sha256,
    }
    assert cli.main(["info", model]) == 0
    assert tables.sha256 in capsys.readouterr().out


def test_info_of_a_family(capsys):
    """A name without its scale is that of the largest, as everywhere."""
    assert cli.main(["info", "everyday", "--json"]) == 0
    (row,) = rows(capsys)
    assert (row["name"], row["scale"]) == ("everyday-x4", 4)


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
    assert sorted(row["name"] for row in listed) == list(shipped_models.models())
    order = [(row["purpose"] == "clean input", row["scale"], row["time"]) for row in listed]
    assert order == sorted(order)
    assert all(row["purpose"] and row["psnr_db"] > 25 and row["time"] for row in listed)
    assert cli.main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 80
    assert any("everyday pictures" in line for line in lines)
