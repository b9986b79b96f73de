"""The stored cases of vectors/edge.bin: random legal tables whose expected pixels were written
down.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import check_cases
from iqlut import engines
from iqlut.planes.colour import join, split

STORED = check_cases.read((Path(__file__).parents[1] / "vectors" / "edge.bin").read_bytes())


@pytest.mark.parametrize("engine", engines.ENGINES)
@pytest.mark.parametrize("number", range(len(STORED)))
def test_every_engine_gives_the_stored_pixels(engine: str, number: int) -> None:
    if engine == "torch":
        pytest.importorskip("torch")
    tables, pixels, expected = STORED[number]
    upscale_plane = engines.get(engine).build(tables)
    if pixels.ndim == 2:
        actual = upscale_plane(pixels)
    else:
        luma, rest = split(pixels)
        actual = join(upscale_plane(luma), rest, tables.scale)
    np.testing.assert_array_equal(actual, expected)


def test_the_stored_cases_cover_all_scales_and_colours() -> None:
    assert {tables.scale for tables, _, _ in STORED} == {2, 3, 4}
    assert {pixels.ndim for _, pixels, _ in STORED} == {2, 3}
    assert len(STORED) >= 10
