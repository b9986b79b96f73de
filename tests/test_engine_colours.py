"""RGB pictures: the native engine converts colours itself, the others leave that to `split` and
`join`.
"""

from __future__ import annotations

import numpy as np
import pytest

import iqlut
from engine_cases import CASES, THREADS, Build, contenders, random_case
from iqlut.engines import Colourful, reference
from iqlut.planes.colour import join, split

BUILDS = list(contenders())
WITH_COLOURS = pytest.mark.parametrize(
    "build",
    [one for one in BUILDS if str(one.id).startswith("native") and one.id != "native-reference"],
)


@pytest.mark.parametrize("build", BUILDS)
def test_the_native_engine_alone_converts_colours(
    build: Build, request: pytest.FixtureRequest
) -> None:
    """The tests below would be empty for an engine that is not listed in them."""
    name = request.node.name
    converts = "[native" in name and "native-reference" not in name  # which is for luma alone
    assert isinstance(build(random_case(0)[0], 1), Colourful) == converts


@pytest.mark.parametrize("engine", ["reference", "native", "torch"])
@pytest.mark.parametrize("seed", range(0, 40, 8))
def test_every_engine_upscales_pictures_as_split_and_join_do(engine: str, seed: int) -> None:
    if engine == "torch":
        pytest.importorskip("torch")
    tables, luma, _ = random_case(seed)
    pixels = np.random.default_rng(seed).integers(0, 256, (*luma.shape, 3)).astype(np.uint8)
    small_luma, rest = split(pixels)
    expected = join(reference.build(tables)(small_luma), rest, tables.scale)
    actual = iqlut.upscale(pixels, tables.scale, tables, engine=engine)
    np.testing.assert_array_equal(actual, expected)


@WITH_COLOURS
def test_colours_are_those_of_split_and_join(build: Build) -> None:
    """Noise, and pixels of 0 and 255, whose sums are the largest."""
    for seed in range(0, CASES, 2):
        tables, luma, _ = random_case(seed)
        rng = np.random.default_rng(seed)
        pixels = rng.integers(0, 256, (*luma.shape, 4)).astype(np.uint8)
        if seed % 3 == 0:
            pixels = np.where(pixels < 128, 0, 255).astype(np.uint8)
        upscale_plane = build(tables, THREADS[seed % len(THREADS)])
        assert isinstance(upscale_plane, Colourful)
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


@WITH_COLOURS
def test_what_has_no_three_colours_is_refused(build: Build) -> None:
    upscale_plane = build(random_case(0)[0], 1)
    assert isinstance(upscale_plane, Colourful)
    for shape in ((4, 4), (4, 4, 4), (0, 4, 3)):
        with pytest.raises(ValueError, match="expected a uint8 array"):
            upscale_plane.colours(np.zeros(shape, np.uint8))
