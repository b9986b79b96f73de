"""The self-ensemble is equal in all engines, and commutes with flips and rotations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import iqlut
from command_line import upscale
from iqlut import engines
from iqlut.planes import flips_rotations, self_ensemble
from random_tables import random_tables


@pytest.mark.parametrize("number", range(8))
def test_turned_back_is_what_was(number: int) -> None:
    plane = np.arange(35, dtype=np.uint8).reshape(5, 7)
    np.testing.assert_array_equal(
        flips_rotations.flip_rotate_back(flips_rotations.flip_rotate(plane, number), number), plane
    )
    assert len({flips_rotations.flip_rotate(plane, other).tobytes() for other in range(8)}) == 8


@pytest.mark.parametrize("count", self_ensemble.COUNTS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (13, 11)])
def test_engines_agree(count: int, shape: tuple[int, int]) -> None:
    tables = random_tables(np.random.default_rng(5))
    luma = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    reference, native = (
        self_ensemble.self_ensemble(engines.get(name).build(tables), count)
        for name in ("reference", "native")
    )
    np.testing.assert_array_equal(reference(luma), native(luma))


def test_eight_turns_treat_all_turns_alike() -> None:
    luma = np.random.default_rng(2).integers(0, 256, (9, 14), dtype=np.uint8)
    large = self_ensemble.self_ensemble(
        engines.get("native").build(random_tables(np.random.default_rng(6))), 8
    )
    for number in range(8):
        np.testing.assert_array_equal(
            flips_rotations.flip_rotate_back(
                large(flips_rotations.flip_rotate(luma, number)), number
            ),
            large(luma),
        )


def test_the_mean_is_rounded() -> None:
    """Of 0 and 1, 1; of 254 and 255, 255: halves go up, and nothing overflows."""
    values = iter([0, 1, 254, 255])
    large = self_ensemble.self_ensemble(lambda plane: np.full_like(plane, next(values)), 2)
    plane = np.zeros((2, 2), np.uint8)
    assert (large(plane) == 1).all()
    assert (large(plane) == 255).all()


def test_a_count_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="ensemble is 3, expected one of 1, 2, 4, 8, 16"):
        iqlut.upscale(np.zeros((4, 4), np.uint8), ensemble=3)


def test_command(tmp_path: Path, model: str) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert upscale(model, tmp_path / "a.png", "-o", tmp_path / "b.png", "--ensemble", 2) == 0
    tables = iqlut.load(model)
    wanted = iqlut.upscale(pixels, tables.scale, tables, ensemble=2)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "b.png")), wanted)
    assert (wanted != iqlut.upscale(pixels, tables.scale, tables)).any()
