"""Resizing equals MATLAB's; colours go to planes and back without loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from iqlut.planes import colour, cubic, resize

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SCALES = (2, 3, 4)


@pytest.fixture
def data() -> Path:
    if not DATA.is_dir():
        pytest.skip("the test images are not here: ../shared/data")
    return DATA


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def bicubic(image: np.ndarray, scale: int) -> np.ndarray:
    planes = np.atleast_3d(image)
    size = scale * image.shape[0], scale * image.shape[1]
    out = np.stack([resize.resize(planes[:, :, c], *size) for c in range(planes.shape[2])], axis=2)
    return out[:, :, 0] if image.ndim == 2 else out


@pytest.mark.parametrize("scale", SCALES)
def test_shrink_equals_matlab(data: Path, scale: int) -> None:
    files = sorted((data / "test" / "Set5").glob("*.png"))
    assert len(files) == 5
    for file in files:
        hr = resize.mod_crop(np.array(Image.open(file).convert("RGB")), scale)
        golden = np.array(Image.open(data / "matlab_lr" / f"Set5_x{scale}" / file.name))
        np.testing.assert_array_equal(resize.shrink(hr, scale), golden, err_msg=file.name)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 5), (13, 40), (26, 15)])
def test_resize_follows_the_definition(rng: np.random.Generator, size: tuple[int, int]) -> None:
    plane = rng.integers(0, 256, (13, 10), dtype=np.uint8)
    tall = np.stack([_line(column, size[0]) for column in plane.T], axis=1)
    np.testing.assert_array_equal(
        resize.resize(plane, *size), np.stack([_line(row, size[1]) for row in tall])
    )


def _line(line: np.ndarray, size: int) -> list[int]:
    """Resize a line sample by sample, with all taps of the widened kernel and edge replication."""
    scale, out = size / len(line), []
    if size == len(line):
        return line.tolist()
    for x in range(size):
        centre = (x + 0.5) / scale - 0.5
        taps = np.arange(-60, len(line) + 60)
        near = np.abs(taps - centre) * min(scale, 1)
        weight = np.where(
            near <= 1,
            1.5 * near**3 - 2.5 * near**2 + 1,
            -0.5 * near**3 + 2.5 * near**2 - 4 * near + 2,
        )
        weight[near >= 2] = 0
        value = (weight * line[taps.clip(0, len(line) - 1)]).sum() / weight.sum()
        out.append(int(np.clip(np.floor(value + 0.5 + 1e-9), 0, 255)))
    return out


def test_resize_keeps_constants_and_its_input(rng: np.random.Generator) -> None:
    for value in (0, 1, 127, 254, 255):
        assert (resize.resize(np.full((11, 6), value, np.uint8), 29, 4) == value).all()
    plane = rng.integers(0, 256, (9, 9), dtype=np.uint8)
    before = plane.copy()
    same = resize.resize(plane, 9, 9)
    np.testing.assert_array_equal(same, before)
    same[:] = 0
    resize.resize(plane[:, ::2], 20, 20)
    np.testing.assert_array_equal(plane, before)


def test_resize_does_not_depend_on_its_bands(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = rng.integers(0, 256, (40, 33), dtype=np.uint8)
    colours = rng.integers(0, 256, (40, 33, 3), dtype=np.uint8)
    once = resize.resize(plane, 90, 70), colour.join(bicubic(plane, 3), colour.split(colours)[1], 3)
    for module in (resize, colour):
        monkeypatch.setattr(module, "_BAND_PX", 1)
    np.testing.assert_array_equal(resize.resize(plane, 90, 70), once[0])
    np.testing.assert_array_equal(
        colour.join(bicubic(plane, 3), colour.split(colours)[1], 3), once[1]
    )


def test_luma_of_grays_and_primaries() -> None:
    gray = np.arange(256, dtype=np.uint8)
    grays = colour.benchmark_luma(np.stack([gray] * 3, axis=1)[None])[0]
    np.testing.assert_array_equal(grays, np.floor(16 + gray.astype(float) * 219 / 255 + 0.5))
    primaries = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    assert colour.benchmark_luma(primaries).tolist() == [[81, 145, 41]]


def test_luma_is_the_rounded_formula(rng: np.random.Generator) -> None:
    rgb = rng.integers(0, 256, (300, 300, 3), dtype=np.uint8)
    exact = 16 + (rgb @ np.array([65.481, 128.553, 24.966])) / 255
    assert np.abs(colour.benchmark_luma(rgb) - exact).max() <= 0.5 + 1e-9


def test_every_colour_survives_split_and_join() -> None:
    """All 2**24 of them, at scale 1."""
    low = np.arange(65536, dtype=np.uint32)
    pixels = np.empty((256, 256, 3), np.uint8)
    pixels[:, :, 1], pixels[:, :, 2] = (low >> 8).reshape(256, 256), low.reshape(256, 256) & 255
    for red in range(256):
        pixels[:, :, 0] = red
        luma, rest = colour.split(pixels)
        assert (colour.join(luma, rest, 1) == pixels).all()


def test_luma_of_split_is_pillows(rng: np.random.Generator) -> None:
    rgb = rng.integers(0, 256, (50, 60, 3), dtype=np.uint8)
    np.testing.assert_array_equal(colour.split(rgb)[0], np.array(Image.fromarray(rgb).convert("L")))


@pytest.mark.parametrize("scale", SCALES)
def test_gray_stays_gray_and_flat_stays_flat(rng: np.random.Generator, scale: int) -> None:
    gray = np.repeat(rng.integers(0, 256, (6, 9, 1), dtype=np.uint8), 3, axis=2)
    luma_sr = rng.integers(0, 256, (6 * scale, 9 * scale), dtype=np.uint8)
    luma, rest = colour.split(gray)
    np.testing.assert_array_equal(luma, gray[:, :, 0])
    np.testing.assert_array_equal(
        colour.join(luma_sr, rest, scale), np.repeat(luma_sr[:, :, None], 3, axis=2)
    )
    for pixel in rng.integers(0, 256, (50, 3), dtype=np.uint8):
        luma, rest = colour.split(np.broadcast_to(pixel, (3, 5, 3)))
        assert (colour.join(bicubic(luma, scale), rest, scale) == pixel).all()


@pytest.mark.parametrize("scale", SCALES)
def test_extreme_differences_stay_in_range(rng: np.random.Generator, scale: int) -> None:
    """Colours 0 and 255 only, the largest sums that exist: against the same in floating point."""
    rgb = (rng.integers(0, 2, (12, 17, 3)) * 255).astype(np.uint8)
    rest = colour.split(rgb)[1]
    luma_sr = (rng.integers(0, 2, (12 * scale, 17 * scale)) * 255).astype(np.uint8)
    assert rest.chroma is not None
    red, blue = (_upscale_float(part.astype(float), scale) for part in rest.chroma)
    green = luma_sr - (19595 * red + 7471 * blue) / 65536
    exact = np.stack([green + red, green, green + blue], axis=2)
    error = np.abs(colour.join(luma_sr, rest, scale) - exact.clip(0, 255))
    assert error.max() <= 0.5 + 2 / 64  # the last rounding, and those of two differences to 1/32


def chroma_phases(scale: int) -> list[tuple[int, ...]]:
    """The five weights of each phase, of the samples from two before to two after."""
    phases = cubic.phases(scale, cubic.centred(scale))
    assert all(first == -2 for first, _ in phases)
    return [weights for _, weights in phases]


def _upscale_float(plane: np.ndarray, scale: int) -> np.ndarray:
    padded = np.pad(plane, 2, mode="edge")
    for _ in range(2):
        h = padded.shape[0] - 4
        phases = [np.array(weights) / 1024 for weights in chroma_phases(scale)]
        rows = [
            sum(weights[k] * padded[i + k] for k in range(5))
            for i in range(h)
            for weights in phases
        ]
        padded = np.stack(rows).T
    return padded


@pytest.mark.parametrize("scale", SCALES)
def test_chroma_weights_are_the_kernel(scale: int) -> None:
    for phase, weights in enumerate(chroma_phases(scale)):
        taps, exact = resize._contributions(100, 100 * scale)
        assert sum(weights) == 1024
        column = np.zeros(5)
        np.add.at(column, taps[:, 50 * scale + phase] - 48, exact[:, 50 * scale + phase])
        assert np.abs(np.array(weights) - 1024 * column).max() <= (1 if scale == 3 else 1e-9)


def test_colours_follow_luma() -> None:
    """Smooth colours are upscaled as by the bicubic filter on R, G and B, except for six roundings.

    Luma is rounded in `split` and in both passes of `resize`, and R, G and B in both passes and in
    `join`. Each error is at most 1/2, so that the integer results differ by less than 3.
    """
    y, x = np.mgrid[0:20, 0:30]
    rgb = np.stack([8 * y + 40, 5 * x + 30, 200 - 3 * x - 2 * y], axis=2).astype(np.uint8)
    luma, rest = colour.split(rgb)
    error = colour.join(bicubic(luma, 4), rest, 4).astype(int) - bicubic(rgb, 4)
    assert np.abs(error).max() <= 2


def test_opaque_alpha_stays_opaque(rng: np.random.Generator) -> None:
    rgba = rng.integers(0, 256, (8, 9, 4), dtype=np.uint8)
    rgba[:, :, 3] = 255
    luma, rest = colour.split(rgba)
    noise = rng.integers(0, 256, (32, 36), dtype=np.uint8)
    assert (colour.join(bicubic(luma, 4), rest, 4)[:, :, 3] == 255).all()
    assert (colour.join(bicubic(luma, 4), rest, 4, noise)[:, :, 3] == 255).all()
    np.testing.assert_array_equal(
        colour.join(noise, rest, 4)[:, :, :3],
        colour.join(noise, colour.split(rgba[:, :, :3])[1], 4),
    )


def test_alpha_is_held_between_its_neighbours(rng: np.random.Generator) -> None:
    alpha = np.zeros((12, 12), np.uint8)
    alpha[:, 6:] = 255
    rest = colour.Rest(None, alpha)
    noise = rng.integers(0, 256, (24, 24), dtype=np.uint8)
    out = colour.join(noise, rest, 2, noise)[:, :, 1]
    assert (out[:, :10] == 0).all() and (out[:, 14:] == 255).all()
    np.testing.assert_array_equal(out[:, 10:14], noise[:, 10:14])


@pytest.mark.parametrize("channels", [2, 4])
def test_hidden_colours_shine_through_nowhere(rng: np.random.Generator, channels: int) -> None:
    image = rng.integers(0, 256, (17, 22, channels), dtype=np.uint8)
    image[:, :, -1] = rng.choice([0, 0, 0, 90, 255], (17, 22))
    other = image.copy()
    hidden = image[:, :, -1] == 0
    other[hidden, :-1] = rng.integers(0, 256, (hidden.sum(), channels - 1), dtype=np.uint8)
    one, two = (
        colour.join(bicubic(luma, 3), rest, 3)
        for luma, rest in (colour.split(image), colour.split(other))
    )
    np.testing.assert_array_equal(one, two)


def test_a_disc_on_nothing_has_no_fringe() -> None:
    """A red disc, everything hidden is green: all pixels that can be seen stay red."""
    y, x = np.mgrid[-15:16, -15:16]
    image = np.zeros((31, 31, 4), np.uint8)
    image[:, :, 1] = 255
    image[:, :, 3] = np.clip(255 * (12 - np.hypot(y, x)), 0, 255)
    image[image[:, :, 3] > 0, :3] = (200, 10, 30)
    luma, rest = colour.split(image)
    out = colour.join(bicubic(luma, 4), rest, 4)
    assert (out[:, :, :3] == (200, 10, 30)).all()


def test_fill_hidden_takes_the_weighted_mean() -> None:
    colours = np.array([[[10], [99], [0], [0]], [[99], [70], [0], [0]]], np.uint8)
    alpha = np.array([[100, 0, 0, 0], [0, 200, 0, 0]], np.uint8)
    assert colour.fill_hidden(colours, alpha)[:, :, 0].tolist() == [
        [10, 50, 50, 50],
        [50, 70, 50, 50],
    ]
    assert colour.fill_hidden(colours, np.zeros_like(alpha)) is colours


@pytest.mark.parametrize(
    "shape", [(5, 7), (5, 7, 2), (5, 7, 3), (5, 7, 4), (1, 1), (1, 1, 4), (3, 1, 3)]
)
def test_shapes(rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    image = rng.integers(0, 256, shape, dtype=np.uint8)
    image.flags.writeable = False
    luma, rest = colour.split(image)
    assert luma.shape == shape[:2] and luma.flags.c_contiguous
    out = colour.join(bicubic(luma, 2), rest, 2)
    assert out.dtype == np.uint8 and out.shape == (2 * shape[0], 2 * shape[1], *shape[2:])


def test_crops() -> None:
    image = np.zeros((11, 8, 3), np.uint8)
    assert resize.mod_crop(image, 4).shape == (8, 8, 3)


def test_errors_are_sentences() -> None:
    plane = np.zeros((4, 4), np.uint8)
    with pytest.raises(
        ValueError, match=r"the image is float64 \(4, 4\), expected a uint8 array \(h, w\)"
    ):
        resize.resize(plane.astype(float), 2, 2)
    with pytest.raises(ValueError, match="requested size is 0x2"):
        resize.resize(plane, 2, 0)
    with pytest.raises(
        ValueError, match=r"expected a uint8 array \(h, w\) or \(h, w, 2\) or \(h, w, 3\)"
    ):
        colour.split(np.zeros((4, 4, 5), np.uint8))
    with pytest.raises(ValueError, match="the image is list"):
        colour.split([[1]])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"luma is \(4, 4\), expected \(8, 8\): 2 times the rest"):
        colour.join(plane, colour.split(np.zeros((4, 4, 3), np.uint8))[1], 2)
