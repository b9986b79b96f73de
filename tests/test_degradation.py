"""How small, damaged pictures are made for evaluation and training."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from iqlut.evaluation import degradation
from iqlut.evaluation.degradation import CLEAN, Degradation, parse
from iqlut.planes import colour, resize
from picture_files import noise

PLANE = np.array(noise("L", (96, 64)).resize((96, 64), Image.Resampling.BICUBIC, reducing_gap=1))


def test_names_say_what_is_done() -> None:
    assert parse("clean") == CLEAN
    assert parse("box") == Degradation("box", "box")
    assert parse("noise:5+jpeg:75") == Degradation("noise:5+jpeg:75", sigma=5, quality=75)
    assert parse("lanczos+jpeg:30+noise:2.5") == Degradation(
        "lanczos+jpeg:30+noise:2.5", "lanczos", 2.5, 30
    )


@pytest.mark.parametrize(
    "name",
    [
        "",
        "blur",
        "jpeg",
        "jpeg:0",
        "jpeg:101",
        "jpeg:x",
        "noise:-1",
        "noise:nan",
        "box:2",
        "clean+box",
        "+",
    ],
)
def test_what_is_no_degradation(name: str) -> None:
    with pytest.raises(ValueError, match="degradation"):
        parse(name)


def test_nothing_is_said_twice() -> None:
    for name in ("jpeg:50+jpeg:40", "box+lanczos"):
        with pytest.raises(ValueError, match="expected each kind once"):
            parse(name)


@pytest.mark.parametrize(
    "name", ["clean", "box", "lanczos", "bilinear", "noise:5", "jpeg:50", "noise:5+jpeg:75"]
)
def test_the_same_seed_gives_the_same_samples(name: str) -> None:
    one, same, other = (parse(name).apply(PLANE, 4, seed) for seed in (1, 1, 2))
    assert one.shape == (16, 24)
    np.testing.assert_array_equal(one, same)
    assert (one != other).any() == ("noise" in name)


def test_clean_is_the_protocol_of_the_field() -> None:
    np.testing.assert_array_equal(CLEAN.apply(PLANE, 4, 0), resize.shrink(PLANE, 4))


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
def test_noise_is_as_strong_as_asked_for(part: float) -> None:
    flat = np.full((300, 300), 128, np.uint8)
    noisy = degradation.add_noise(flat, 8, np.random.default_rng(1), part).astype(float)
    assert noisy.std() == pytest.approx(8, rel=0.02)
    assert noisy.mean() == pytest.approx(128, abs=0.1)
    dark = degradation.add_noise(flat // 2, 8, np.random.default_rng(1), part).std()
    assert dark == pytest.approx(8 * (1 - part / 2) ** 0.5, rel=0.03)


def test_a_colour_jpeg_is_a_jpeg_file() -> None:
    """What a program would see that opens such a file."""
    planes = np.stack([PLANE, *(np.roll(PLANE, shift) // 4 + 96 for shift in (5, 9))])
    for subsampling, number in (("4:4:4", 0), ("4:2:0", 2)):
        file = io.BytesIO()
        colours = Image.merge("YCbCr", [Image.fromarray(plane) for plane in planes])
        colours.save(file, "JPEG", quality=60, subsampling=number)
        expected = colour.split(np.asarray(Image.open(file).convert("RGB")))[0]
        np.testing.assert_array_equal(degradation.colour_jpeg(planes, 60, subsampling), expected)
