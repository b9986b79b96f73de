"""The models in the package: their size, what they say of themselves, and the same pixels from every engine."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import iqlut
from iqlut import engines, evaluate, fileformat, image

SET5 = Path(__file__).parents[2] / "shared" / "data" / "test" / "Set5"
ENTRIES_MAX = {"l8c8": 34 * 1024, "l12c8": 50 * 1024, "l8c16": 124 * 1024}  # the paper's
ENTRIES_MAX |= {"iqlut-5k": 6 * 1024, "iqlut-17k": 17 * 1024, "iqlut-34k": 34 * 1024, "iqlut-115k": 115 * 1024}

needs_set5 = pytest.mark.skipif(not SET5.is_dir(), reason="Set5 is not beside the repository")


@pytest.fixture(params=iqlut.models())
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def test_there_is_the_default_model() -> None:
    assert "l8c8-x4" in iqlut.models()


def test_names_and_sizes_hold(name: str) -> None:
    tables = iqlut.load(name)
    size, scale = name.rsplit("-x", 1)
    assert (tables.name, tables.scale) == (name, int(scale))
    assert tables.table_bytes <= ENTRIES_MAX[size]
    assert len(fileformat.to_bytes(tables)) <= tables.table_bytes + 6000  # the table is the file


def test_the_file_says_how_it_was_made(name: str) -> None:
    about = iqlut.load(name).about
    assert about.keys() >= {"config", "step", "seed", "data_sha256", "commit", "licence", "psnr_db", "ssim"}
    assert about["data_sha256"]
    assert about["config"]["name"] == name


@needs_set5
def test_the_score_in_the_file_is_the_score(name: str) -> None:
    tables = iqlut.load(name)
    score = evaluate.evaluate(tables, SET5, tables.scale)
    assert tables.about["psnr_db"]["Set5"] == pytest.approx(score.psnr_db, abs=1e-4)


@needs_set5
def test_every_engine_gives_the_pixels_of_the_reference_on_photographs(name: str) -> None:
    tables = iqlut.load(name)
    there = [engine for engine in engines.ENGINES if engine != "torch" or importlib.util.find_spec("torch")]
    reference, *others = (engines.get(engine).build(tables, threads=2) for engine in there)
    for file in sorted(SET5.glob("*.png")):
        lr = image.shrink(image.mod_crop(evaluate.read_luma(file), tables.scale), tables.scale)
        wanted = reference(lr)
        for upscale in others:
            np.testing.assert_array_equal(upscale(lr), wanted)


def test_a_flat_plane_stays_flat(name: str) -> None:
    """Not exactly the same gray (that is for training to say), but no frame, and a ripple of four levels at most."""
    tables = iqlut.load(name)
    upscale = engines.get("native").build(tables)
    for gray in range(0, 256, 15):
        large = upscale(np.full((24, 24), gray, np.uint8)).astype(int)
        assert np.ptp(large) <= 4
        assert np.abs(large - gray).max() <= 3
