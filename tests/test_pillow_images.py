"""`iqlut.upscale` with Pillow images: modes, transparency, colour profile and EXIF."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import iqlut
from random_tables import random_tables


@pytest.fixture(scope="module")
def tables() -> iqlut.Tables:
    return random_tables(np.random.default_rng(21), scale=2, channels=3)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(22)


def picture(rng: np.random.Generator, mode: str) -> Image.Image:
    return Image.fromarray(rng.integers(0, 256, (6, 9, 3), dtype=np.uint8)).convert(mode)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_pillow_images_are_arrays(
    tables: iqlut.Tables, rng: np.random.Generator, mode: str
) -> None:
    small = picture(rng, mode)
    large = iqlut.upscale(small, 2, tables, "reference")
    assert large.mode == mode and large.size == (18, 12)
    np.testing.assert_array_equal(
        np.array(large), iqlut.upscale(np.array(small), 2, tables, "reference")
    )


@pytest.mark.parametrize(
    ("mode", "becomes"),
    [("1", "L"), ("P", "RGB"), ("YCbCr", "RGB"), ("RGBa", "RGBA"), ("HSV", "RGB"), ("PA", "RGBA")],
)
def test_other_modes_are_converted(
    tables: iqlut.Tables, rng: np.random.Generator, mode: str, becomes: str
) -> None:
    small = picture(rng, "RGBA" if mode == "RGBa" else "P" if mode == "PA" else "RGB").convert(mode)
    large, expected = (
        iqlut.upscale(part, 2, tables, "reference") for part in (small, small.convert(becomes))
    )
    assert large.mode == becomes
    np.testing.assert_array_equal(np.array(large), np.array(expected))


@pytest.mark.parametrize(("mode", "becomes"), [("L", "LA"), ("RGB", "RGBA"), ("P", "RGBA")])
def test_a_transparent_colour_becomes_alpha(
    tables: iqlut.Tables, rng: np.random.Generator, mode: str, becomes: str
) -> None:
    small = picture(rng, mode)
    pixel = small.getpixel((4, 3))
    small.info["transparency"] = pixel
    large = iqlut.upscale(small, 2, tables, "reference")
    assert large.mode == becomes and "transparency" not in large.info
    expected = iqlut.upscale(small.convert(becomes), 2, tables, "reference")
    np.testing.assert_array_equal(np.array(large), np.array(expected))


def test_inks_are_four_planes(tables: iqlut.Tables, rng: np.random.Generator) -> None:
    small = Image.merge("CMYK", [picture(rng, "L") for _ in range(4)])
    large = iqlut.upscale(small, 2, tables, "reference")
    assert large.mode == "CMYK"
    for one, other in zip(small.split(), large.split(), strict=True):
        np.testing.assert_array_equal(
            np.array(other), iqlut.upscale(np.array(one), 2, tables, "reference")
        )


def test_profile_and_exif_are_kept(tables: iqlut.Tables, rng: np.random.Generator) -> None:
    small = picture(rng, "RGB")
    small.info = {"icc_profile": b"profile", "exif": b"Exif", "gamma": 0.45}
    assert iqlut.upscale(small, 2, tables, "reference").info == {
        "icc_profile": b"profile",
        "exif": b"Exif",
    }


@pytest.mark.parametrize("mode", ["I;16", "I", "F", "LAB"])
def test_refused_modes_are_named(tables: iqlut.Tables, mode: str) -> None:
    with pytest.raises(ValueError, match=f"the image has mode {mode}, expected one of 1 L La LA"):
        iqlut.upscale(Image.new(mode, (4, 4)), 2, tables, "reference")
