"""Engines that upscale colours give the pixels of luma and bicubic colour differences."""

from __future__ import annotations

import numpy as np
import pytest

from engine_cases import ALL, CASES, THREADS, Build, random_case
from iqlut.engines import Colourful
from iqlut.planes.image import join, split


@ALL
def test_colours_are_those_of_split_and_join(build: Build) -> None:
    """Both for noise and for pixels of 0 and 255, whose sums are the largest."""
    for seed in range(0, CASES, 2):
        tables, luma, _ = random_case(seed)
        rng = np.random.default_rng(seed)
        pixels = rng.integers(0, 256, (*luma.shape, 4)).astype(np.uint8)
        if seed % 3 == 0:
            pixels = np.where(pixels < 128, 0, 255).astype(np.uint8)
        upscale_plane = build(tables, THREADS[seed % len(THREADS)])
        if not isinstance(upscale_plane, Colourful):
            return
        for view in (
            pixels[:, :, :3],
            np.ascontiguousarray(pixels[:, :, 1:]),
            pixels[::-1, ::2, 2::-1],
        ):
            small_luma, rest = split(view)
            expected = join(upscale_plane(small_luma), rest, tables.scale)
            np.testing.assert_array_equal(
                upscale_plane.colours(view), expected, f"seed {seed}, {view.shape}"
            )


@ALL
def test_what_has_no_three_colours_is_refused(build: Build) -> None:
    upscale_plane = build(random_case(0)[0], 1)
    if isinstance(upscale_plane, Colourful):
        for shape in ((4, 4), (4, 4, 4), (0, 4, 3)):
            with pytest.raises(ValueError, match="expected a uint8 array"):
                upscale_plane.colours(np.zeros(shape, np.uint8))
