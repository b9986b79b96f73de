"""The models in the package: their sizes, descriptions, and equal pixels from all engines."""

from __future__ import annotations

import importlib.util
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import iqlut
from iqlut import engines
from iqlut.evaluation import degradation, scores
from iqlut.planes import resize
from iqlut.planes.plane_types import UpscalePlane
from iqlut.tables import file_format
from iqlut.tables.integer_tables import Tables
from iqlut.tables.restoration_tables import RestorationTables

SET5 = Path(__file__).parents[2] / "shared" / "data" / "test" / "Set5"
ENTRIES_MAX = {"l8c8": 34 * 1024, "l12c8": 50 * 1024, "l8c16": 124 * 1024}  # the paper's
EVERYDAY_FAMILIES = ("everyday", "best")
ENTRIES_MAX |= dict.fromkeys(EVERYDAY_FAMILIES, 34 * 1024)  # at one strength
ENTRIES_MAX |= {
    "iqlut-5k": 6 * 1024,
    "iqlut-6k": 7 * 1024,
    "iqlut-8k": 9 * 1024,
    "iqlut-30k": 31 * 1024,
    "iqlut-33k": 34 * 1024,
    "iqlut-65k": 66 * 1024,
    "iqlut-114k": 115 * 1024,
}
CORNER_PX = 32  # more than any receptive field: some pixels do not see the border

needs_set5 = pytest.mark.skipif(not SET5.is_dir(), reason="Set5 is not beside the repository")


@pytest.fixture(params=iqlut.models())
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(
    params=[name for name in iqlut.models() if isinstance(iqlut.load(name), RestorationTables)]
)
def restoration_tables(request: pytest.FixtureRequest) -> RestorationTables:
    found = iqlut.load(request.param)
    assert isinstance(found, RestorationTables)
    return found


def tables_of(name: str) -> list[Tables]:
    """The table sets of a model, and a blend of two if it has several."""
    found = iqlut.load(name)
    return [*found.sets, found.at(0.5)] if isinstance(found, RestorationTables) else [found]


def test_there_are_the_default_models() -> None:
    expected = {f"{family}-x{scale}" for family in EVERYDAY_FAMILIES for scale in (2, 3, 4)}
    assert expected <= set(iqlut.models())


def test_names_and_sizes_hold(name: str) -> None:
    found = iqlut.load(name)
    size, scale = name.rsplit("-x", 1)
    assert (found.name, found.scale) == (name, int(scale))
    for tables in tables_of(name):
        assert tables.table_bytes <= ENTRIES_MAX[size]
    sets = len(found.sets) if isinstance(found, RestorationTables) else 1
    assert (
        len(file_format.to_bytes(found)) <= found.table_bytes + 5000 + 1000 * sets
    )  # the table is the file


def test_the_file_says_how_it_was_made(name: str) -> None:
    about = iqlut.load(name).about
    assert about.keys() >= {
        "config",
        "step",
        "seed",
        "data_sha256",
        "commit",
        "licence",
        "psnr_db",
        "ssim",
    }
    assert about["data_sha256"]
    assert about["config"]["name"] == name
    assert "dirty" not in about["commit"]


def test_dials_go_from_clean_to_strong(restoration_tables: RestorationTables) -> None:
    assert (restoration_tables.strengths[0], restoration_tables.strengths[-1]) == (0, 3)
    assert restoration_tables.about["purpose"] == "everyday pictures"


@needs_set5
def test_the_score_in_the_file_is_the_score(name: str) -> None:
    found = iqlut.load(name)
    score = scores.evaluate(found, SET5, found.scale, scores.How(restore=0))
    assert found.about["psnr_db"]["Set5"] == pytest.approx(score.psnr_db, abs=1e-4)


@needs_set5
def test_every_engine_gives_the_pixels_of_the_reference_on_photographs(name: str) -> None:
    """`reference`, which is slow, on corners; the others on whole photographs too, by the first
    table set.
    """
    for number, tables in enumerate(tables_of(name)):
        same_pixels(tables, whole=number == 0)


def same_pixels(tables: Tables, whole: bool) -> None:
    fast = [engines.get("native").build(tables, threads=2)]
    if importlib.util.find_spec("torch"):
        fast.append(engines.get("torch").build(tables, threads=2))
    for file in sorted(SET5.glob("*.png")):
        lr = resize.shrink(resize.mod_crop(scores.read_luma(file), tables.scale), tables.scale)
        corner = lr[:CORNER_PX, :CORNER_PX]
        expected = engines.get("reference").build(tables)(corner)
        for upscale in fast:
            np.testing.assert_array_equal(upscale(corner), expected)
        for upscale in fast[1:] if whole else []:
            np.testing.assert_array_equal(upscale(lr), fast[0](lr))


def test_a_flat_plane_stays_flat(name: str) -> None:
    """A flat plane has no visible border and a ripple of at most four levels.

    Its gray may change slightly, which depends on training.
    """
    for tables in tables_of(name):
        upscale = engines.get("native").build(tables)
        for gray in range(0, 256, 5):
            large = upscale(np.full((24, 24), gray, np.uint8)).astype(int)
            assert np.ptp(large) <= 4
            assert np.abs(large - gray).max() <= (
                6 if isinstance(iqlut.load(name), RestorationTables) else 3
            )


@pytest.mark.parametrize(("around", "inside"), [(255, 160), (0, 255), (255, 0), (140, 100)])
def test_hard_edges_get_no_dark_contours(
    restoration_tables: RestorationTables, around: int, inside: int
) -> None:
    """A box as in a screenshot keeps its two grays at the strength that "auto" chooses."""
    plane = np.full((48, 48), around, np.uint8)
    plane[12:36, 12:36] = inside
    large = iqlut.upscale(plane, restoration_tables.scale, restoration_tables)
    assert large.min() >= min(around, inside) - 20 and large.max() <= max(around, inside) + 20
    middle = 24 * restoration_tables.scale
    assert (
        abs(int(large[middle, middle]) - inside) <= 3 and abs(int(large[3, middle]) - around) <= 3
    )


@pytest.mark.parametrize(
    "damage", ["clean", "jpeg:75", "jpeg:30", "noise:5", "noise:15", "noise:5+jpeg:75"]
)
@needs_set5
def test_never_worse_than_a_filter(restoration_tables: RestorationTables, damage: str) -> None:
    how = scores.How(degradation=degradation.parse(damage))
    ours, *filters = (
        scores.evaluate(model, SET5, restoration_tables.scale, how).psnr_db
        for model in (restoration_tables, *scores.FILTERS)
    )
    assert ours >= max(filters) - 0.02


def test_more_strength_leaves_less_noise(restoration_tables: RestorationTables) -> None:
    flat = degradation.add_noise(np.full((64, 64), 120, np.uint8), 10, np.random.default_rng(1))
    left = [
        noise_left(engines.get("native").build(restoration_tables.at(quarter / 4)), flat)
        for quarter in range(13)
    ]
    assert all(later <= earlier + 0.1 for earlier, later in pairwise(left))  # gray levels
    assert left[0] > 10 and left[-1] < 3


def noise_left(upscale: UpscalePlane, flat: np.ndarray) -> float:
    """How much the noise of a plane of luma 120 still moves the result, in grey levels."""
    return float((upscale(flat).astype(int) - upscale(np.full_like(flat, 120))).std())


def test_a_plane_of_one_gray_stays_so_with_auto(restoration_tables: RestorationTables) -> None:
    for gray in range(256):
        large = iqlut.upscale(
            np.full((12, 12), gray, np.uint8), restoration_tables.scale, restoration_tables
        )
        assert np.ptp(large) <= 2 and abs(int(large[0, 0]) - gray) <= 2
