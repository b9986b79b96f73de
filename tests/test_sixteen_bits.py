"""Sixteen bits are kept, and content of 8 bits gives exactly the result of 8 bits."""

from __future__ import annotations

import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import iqlut
from colour_profiles import profile
from command_line import refuses, upscale
from iqlut import upscaling
from iqlut.pictures import reading, tiff
from iqlut.planes import high_bit_depth
from iqlut.planes.high_bit_depth import PICTURE_16_BITS
from iqlut.tables import shipped_models
from picture_files import encoded, noise, png
from random_tables import random_tables
from test_picture_matrix import XMP, exif_of

SHAPES = [(6, 9), (6, 9, 2), (6, 9, 3), (6, 9, 4), (1, 1)]


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_eight_bits_in_sixteen_equal_the_8_bit_result(shape: tuple[int, ...], scale: int) -> None:
    rng = np.random.default_rng(4)
    tables = random_tables(rng, scale=scale, channels=3)
    small = rng.integers(0, 256, shape, dtype=np.uint8)
    large = iqlut.upscale(small.astype(np.uint16) * 257, scale, tables, "reference")
    assert large.dtype == np.uint16
    np.testing.assert_array_equal(
        large, iqlut.upscale(small, scale, tables, "reference").astype(np.uint16) * 257
    )


def test_the_sum_never_overflows() -> None:
    for value in (0, 65535):
        full = np.full((3, 3), value, np.uint16)
        assert (high_bit_depth.upscale(full, nearest, 4, PICTURE_16_BITS) == value).all()


def nearest(code: np.ndarray) -> np.ndarray:
    return code.repeat(4, axis=0).repeat(4, axis=1)


def test_a_ramp_stays_a_ramp() -> None:
    """A ramp over four levels of 8 bits keeps many more than five values, all near the line."""
    ramp = (
        np.linspace(20_000, 20_000 + 4 * 257, 256).round().astype(np.uint16)[None].repeat(4, axis=0)
    )
    large = high_bit_depth.upscale(ramp, nearest, 4, PICTURE_16_BITS)[8].astype(float)
    assert len(np.unique(large)) > 300
    x = (np.arange(1024) + 0.5) / 4 - 0.5
    line = 20_000 + 4 * 257 * x.clip(0, 255) / 255
    assert (
        np.abs(large - line).max() < 257 / 8
    )  # an eighth of an 8-bit level: one reading of eight is elsewhere


@pytest.mark.skipif("everyday-x4" not in shipped_models.models(), reason="no model is shipped yet")
def test_a_ramp_by_the_shipped_model() -> None:
    """Column by column of its 4x4 phases, which differ by up to one level as they do in 8 bits."""
    ramp = (
        np.linspace(20_000, 20_000 + 4 * 257, 256)
        .round()
        .astype(np.uint16)[None]
        .repeat(16, axis=0)
    )
    large = iqlut.upscale(ramp, 4)
    assert len(np.unique(large[32])) > 300
    steps = np.abs(np.diff(large[32].reshape(-1, 4)[10:-10].astype(int), axis=0))
    assert steps.max() <= 257 / 2  # 8 bits would step by 257, or not at all


def test_hidden_colours_do_not_shine_through() -> None:
    rng = np.random.default_rng(8)
    tables = random_tables(rng)
    image = rng.integers(0, 65536, (7, 8, 4), dtype=np.uint16)
    image[:, :, 3] = rng.choice([0, 0, 40_000, 65_535], (7, 8))
    other = image.copy()
    hidden = image[:, :, 3] == 0
    other[hidden, :3] = rng.integers(0, 65536, (hidden.sum(), 3))
    np.testing.assert_array_equal(
        *(iqlut.upscale(x, 4, tables, "reference") for x in (image, other))
    )


# files


def deep_picture(channels: int) -> np.ndarray:
    shape = (5, 7) if channels == 1 else (5, 7, channels)
    return np.random.default_rng(channels).integers(0, 65536, shape, dtype=np.uint16)


def extras(channels: int) -> dict[str, object]:
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    exif.get_ifd(0x8769).update({0x829A: 0.5})
    return {
        "icc_profile": profile("GRAY" if channels < 3 else "RGB"),
        "xmp": XMP.replace(b' tiff:Orientation="6"', b""),
        "exif": exif.tobytes().removeprefix(b"Exif\0\0"),
        "dpi": (300.0, 200.0),
    }


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "endings", [(".tif", ".tif"), (".tif", ".png"), (".png", ".png"), (".png", ".tif")]
)
def test_files_of_16_bits(
    channels: int, endings: tuple[str, str], model: str, tmp_path: Path
) -> None:
    """What other programs read, with all metadata; the pixels those of the library."""
    pyvips = pytest.importorskip("pyvips")
    small, said = deep_picture(channels), extras(channels)
    source, target = tmp_path / f"a{endings[0]}", tmp_path / f"b{endings[1]}"
    source.write_bytes(tiff.encode(small, False, said))
    if endings[0] == ".png":
        (tmp_path / "a.tif").write_bytes(source.read_bytes())
        assert (
            upscale(model, tmp_path / "a.tif", "-o", source, "--width", 7, "--overwrite", "-q") == 0
        )
    assert upscale(model, source, "-o", target, "-q") == 0
    expected = upscaling.upscale(small, model=model, engine="reference")
    picture = reading.read(target.read_bytes())
    np.testing.assert_array_equal(picture.frames[0], expected)
    assert (
        picture.extras["icc_profile"] == said["icc_profile"]
        and picture.extras["xmp"] == said["xmp"]
    )
    assert exif_of(picture.extras) == exif_of(said)
    np.testing.assert_allclose(picture.extras["dpi"], said["dpi"], atol=0.02)
    image = pyvips.Image.new_from_file(str(target))
    assert image.format == "ushort"
    np.testing.assert_array_equal(np.squeeze(image.numpy()), expected)


def test_turned_and_resampled_in_16_bits(model: str, tmp_path: Path) -> None:
    pyvips = pytest.importorskip("pyvips")
    small = deep_picture(3)
    image = pyvips.Image.new_from_array(small).copy(interpretation="rgb16")
    image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    image.tiffsave(str(tmp_path / "a.tif"))
    assert upscale(model, tmp_path / "a.tif", "-o", tmp_path / "b.png", "--width", 13, "-q") == 0
    picture = reading.read((tmp_path / "b.png").read_bytes())
    assert picture.size == (13, 18) and picture.bits == 16
    exact = upscaling.upscale(np.rot90(small, -1), model=model, engine="reference").astype(float)
    assert abs(np.mean(picture.frames[0]) - exact.mean()) < 300


def test_never_silently_8_bits(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyvips")
    (tmp_path / "a.png").write_bytes(png(5, 4, 16))
    for ending in (".jpg", ".webp", ".avif", ".bmp", ".gif"):
        code = upscale(model, tmp_path / "a.png", "-o", tmp_path / f"b{ending}")
        refuses(capsys, code, "cannot keep 16 bits", ".tif")
    (tmp_path / "short.png").write_bytes(png(50, 40, 16)[:-30])
    refuses(capsys, upscale(model, tmp_path / "short.png", "-o", tmp_path / "b.png"), "cut short")


def test_without_pyvips(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyvips", None)
    gray = Image.fromarray(np.full((4, 4), 40_000, np.uint16))
    files = {
        "rgb.png": png(4, 4, 16),
        "gray.png": encoded(gray, "PNG"),
        "gray.tif": encoded(gray, "TIFF"),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        code = upscale(model, tmp_path / name, "-o", tmp_path / "big.png")
        refuses(capsys, code, name, "16 bits per sample", "pip install 'iqlut[hi]'")


def test_tiff_of_8_bits_is_what_pillow_reads() -> None:
    for mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        image = noise(mode, (301, 203))
        (read,) = reading.read(tiff.encode(np.array(image), mode == "CMYK", {})).frames
        assert (
            isinstance(read, Image.Image)
            and read.mode == mode
            and read.tobytes() == image.tobytes()
        )


def stretched(samples: np.ndarray, bits: int) -> np.ndarray:
    """Samples of fewer bits over the range of 16, rounded to the nearest, in exact arithmetic."""
    return np.array([round(Fraction(65535 * int(one), 2**bits - 1)) for one in samples.ravel()])


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("bands", [3, 4])
def test_avif_of_more_than_8_bits(bits: int, bands: int, model: str, tmp_path: Path) -> None:
    pyvips = pytest.importorskip("pyvips", reason="needs pyvips (pip install 'iqlut[hi]')")
    samples = np.random.default_rng(bits).integers(0, 2**bits, (9, 16, bands)).astype(np.uint16)
    high = (samples << (16 - bits)).tobytes()
    image = pyvips.Image.new_from_memory(high, 16, 9, bands, "ushort")
    image = image.copy(interpretation="rgb16")
    data = image.heifsave_buffer(compression="av1", bitdepth=bits, lossless=True)
    (tmp_path / "a.avif").write_bytes(data)
    picture = reading.read_file(tmp_path / "a.avif")
    assert (picture.bits, picture.format, picture.lossy) == (16, "AVIF", True)
    assert np.array_equal(np.asarray(picture.frames[0]).ravel(), stretched(samples, bits))
    assert upscale(model, tmp_path / "a.avif", "-o", tmp_path / "b.png") == 0
    assert reading.read_file(tmp_path / "b.png").bits == 16


def test_avif_of_10_bits_is_upright(tmp_path: Path) -> None:
    """The container states the rotation, which the decoder applies."""
    pytest.importorskip("pyvips", reason="needs pyvips (pip install 'iqlut[hi]')")
    if shutil.which("avifenc") is None:
        pytest.skip("there is no avifenc")
    gray = np.zeros((48, 64, 3), np.uint8)
    gray[:8] = 255  # a bright stripe at the top
    Image.fromarray(gray).save(tmp_path / "a.png")
    for bits in (8, 10):
        command = ["avifenc", "--lossless" if bits == 8 else "-y", *(["444"] if bits > 8 else [])]
        names = [str(tmp_path / "a.png"), str(tmp_path / f"{bits}.avif")]
        subprocess.run([*command, "-d", str(bits), "--irot", "1", *names], check=True)
    shallow, deep = (reading.read_file(tmp_path / f"{bits}.avif") for bits in (8, 10))
    assert shallow.size == deep.size == (48, 64) and (shallow.bits, deep.bits) == (8, 16)
    left = [np.asarray(one.frames[0])[:, :4].mean() for one in (shallow, deep)]
    assert left[0] > 250 and left[1] > 250 * 257


def test_heif_of_10_bits(tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="needs pillow-heif ('iqlut[heif]')")
    ramp = (np.arange(64) * 16).astype(np.uint16)
    samples = np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (48, 64, 3)))
    image = pillow_heif.from_bytes("RGB;16", (64, 48), (samples << 6).tobytes())
    image.save(tmp_path / "a.heic", quality=100)
    picture = reading.read_file(tmp_path / "a.heic")
    assert (picture.bits, picture.format, picture.size) == (16, "HEIF", (64, 48))
    expected = stretched(samples, 10).reshape(samples.shape)
    difference = np.abs(np.asarray(picture.frames[0]).astype(int) - expected)
    assert difference.max() <= 4 * 65  # HEVC at its best quality: within four steps of 10 bits
