"""Models by name and by path: `iqlut.load`, `iqlut.save`, `iqlut.models` and the default models."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import iqlut
from iqlut.command_line import arguments
from iqlut.command_line.exit_codes import Stop
from iqlut.tables import file_format, shipped_models
from random_tables import random_tables


@pytest.fixture(scope="module")
def tables() -> iqlut.Tables:
    return random_tables(np.random.default_rng(21), scale=2, channels=3)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(22)


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder of models that stands for the package's."""
    (tmp_path / "models").mkdir()
    monkeypatch.setattr(shipped_models, "_FOLDER", tmp_path / "models")
    shipped_models._shipped.cache_clear()
    yield tmp_path / "models"
    shipped_models._shipped.cache_clear()


def test_models_by_name_and_by_path(
    shipped: Path, tables: iqlut.Tables, rng: np.random.Generator
) -> None:
    iqlut.save(tables, shipped / "everyday-x2.iqlut")
    iqlut.save(tables, str(shipped / "another.iqlut"))
    (shipped / ".gitkeep").touch()
    assert iqlut.models() == ("another", "everyday-x2")
    for name_or_path in ("everyday-x2", shipped / "another.iqlut", str(shipped / "another.iqlut")):
        assert iqlut.load(name_or_path).sha256 == tables.sha256
    plane = rng.integers(0, 256, (4, 5), dtype=np.uint8)
    expected = iqlut.upscale(plane, 2, tables, "reference")
    for model in (None, "another", shipped / "another.iqlut"):
        np.testing.assert_array_equal(iqlut.upscale(plane, 2, model, "reference"), expected)
    with pytest.raises(
        ValueError,
        match="there is no model 'everyday-x4', the default of scale 4; the models are another, ",
    ):
        iqlut.upscale(plane)


def test_names_without_their_scale(shipped: Path, rng: np.random.Generator) -> None:
    plane = rng.integers(0, 256, (4, 5), dtype=np.uint8)
    for scale in (2, 4):
        one = random_tables(np.random.default_rng(scale), scale=scale, channels=3)
        iqlut.save(one, shipped / f"sharp-x{scale}.iqlut")
        np.testing.assert_array_equal(
            iqlut.upscale(plane, scale, "sharp"), iqlut.upscale(plane, scale, one)
        )
        assert arguments.model("sharp", scale).scale == scale
    assert arguments.model("sharp").scale == 4
    assert [model.scale for model in arguments.ladder("sharp", None)] == [2, 4]
    assert [model.scale for model in arguments.ladder("sharp-x2", None)] == [2]
    with pytest.raises(ValueError, match=r"there is no model sharp-x3, expected one of sharp-x2, "):
        iqlut.upscale(plane, 3, "sharp")
    with pytest.raises(Stop, match="there is no model 'shar'"):
        arguments.model("shar", 4)
    iqlut.save(iqlut.load("sharp-x2"), shipped / "sharp.iqlut")
    assert shipped_models.of_family("sharp", 4) == "sharp"


def test_paths_are_never_taken_for_names(
    shipped: Path, tables: iqlut.Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    iqlut.save(tables, shipped / "mine.iqlut")
    monkeypatch.chdir(shipped)
    shutil.copy("mine.iqlut", "bare")
    for path in ("mine.iqlut", "./bare", Path("bare")):
        assert iqlut.load(path).sha256 == tables.sha256
    with pytest.raises(ValueError, match="there is no model 'bare'; the models are mine"):
        iqlut.load("bare")
    with pytest.raises(FileNotFoundError):
        iqlut.load("l8c8-x4.iqlut")
    Path("bare").write_bytes(b"nothing")
    with pytest.raises(file_format.BadModelFile, match="bare: this is not an iqlut model"):
        iqlut.load("./bare")


def test_no_model_at_all(shipped: Path) -> None:
    with pytest.raises(
        ValueError,
        match="there is no model 'everyday-x3', the default of scale 3; the models are none",
    ):
        iqlut.upscale(np.zeros((4, 4), np.uint8), 3)
