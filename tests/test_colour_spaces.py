"""Colours look the same after upscaling, however a file states its colour space.

Every picture here has one colour, so that its upscaling has the same one. Chromium and libavif read
the results where they are installed.
"""

from __future__ import annotations

import io
import re
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

import browser
from colour_profiles import profile
from command_line import rows, upscale
from exif_blocks import block
from iqlut.pictures import colour_spaces, heif_boxes, icc_profiles, png, reading, writing
from iqlut.pictures.picture import Picture
from picture_files import encoded
from test_metadata_kept import chunk, jpeg_with

COLOUR = (200, 90, 60)
ON_CHROMIUM = pytest.mark.skipif(browser.program() is None, reason="Chromium is missing")
_ADOBE = (31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)
# Name of the PNG chunks of a colour space: the chunks.
CHUNKS = {
    "linear": [(b"gAMA", struct.pack(">I", 100_000))],
    "adobe": [(b"gAMA", struct.pack(">I", 45455)), (b"cHRM", struct.pack(">8I", *_ADOBE))],
    "p3": [(b"cICP", bytes([12, 13, 0, 1]))],
    "bt2020": [(b"cICP", bytes([9, 1, 0, 1]))],
    "pq": [(b"cICP", bytes([9, 16, 0, 1]))],
    "srgb": [(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 45455))],
}


def flat(mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (16, 12), {"RGB": COLOUR, "L": 120}[mode])


def png_file(name: str) -> bytes:
    data = encoded(flat(), "PNG")
    return data[:33] + b"".join(chunk(*one) for one in CHUNKS[name]) + data[33:]


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def gray_profile(gamma: float) -> bytes:
    """A gray profile of version 2 with a curve that is a gamma."""
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))
    description = b"desc" + bytes(4) + struct.pack(">I", 5) + b"gray\0" + bytes(78)
    tags = {"desc": description, "wtpt": white, "kTRC": curve}
    return icc_profiles._joined(profile("GRAY"), icc_profiles.GRAY, tags)


def to_srgb(colour: tuple[int, ...], stated: bytes, mode: str = "RGB") -> tuple[int, ...]:
    """A colour in sRGB, by LittleCMS."""
    pixel = Image.new(mode, (1, 1), colour[0] if mode == "L" else colour)
    source = ImageCms.ImageCmsProfile(io.BytesIO(stated))
    srgb = ImageCms.createProfile("sRGB")
    found = ImageCms.profileToProfile(pixel, source, srgb, outputMode="RGB")
    assert found is not None
    return tuple(np.array(found)[0, 0].tolist())


def by_definition(colour: tuple[int, ...], points: tuple, curve) -> np.ndarray:
    """A colour in sRGB from primaries of white D65 and a curve, in floating point."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in points]).T
    white = np.array([0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290])
    srgb = np.array(
        [[x / y, 1, (1 - x - y) / y] for x, y in ((0.64, 0.33), (0.3, 0.6), (0.15, 0.06))]
    )
    to_xyz = columns * np.linalg.solve(columns, white)
    from_xyz = np.linalg.inv(srgb.T * np.linalg.solve(srgb.T, white))
    linear = (from_xyz @ to_xyz @ curve(np.array(colour) / 255)).clip(0, 1)
    return 255 * np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)


P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))


@pytest.mark.parametrize(
    ("name", "points", "curve"),
    [
        ("p3", P3, lambda v: np.where(v > 0.04045, ((v + 0.055) / 1.055) ** 2.4, v / 12.92)),
        ("adobe", ADOBE, lambda v: v ** (1 / 0.45455)),
        ("linear", SRGB, lambda v: v),
    ],
)
def test_a_profile_is_equivalent_to_the_chunks(name: str, points: tuple, curve) -> None:
    """Formats without such a field get a profile; within one level of the definition."""
    for format_name in ("JPEG", "WEBP", "TIFF"):
        data = writing.encode("a", format_name, reading.read(png_file(name)))
        assert data.lost == ()
        found = to_srgb(COLOUR, reading.read(data.data).extras["icc_profile"])
        assert np.abs(np.array(found) - by_definition(COLOUR, points, curve)).max() <= 1


@pytest.mark.parametrize("name", CHUNKS)
def test_png_keeps_its_chunks(name: str, model: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_file(name))
    assert upscale(model, tmp_path / "a.png", "-o", tmp_path / "b.png", "-q") == 0
    names = [chunk_name for chunk_name, _ in CHUNKS[name]]
    found = {
        one: content
        for one, content in png.chunks((tmp_path / "b.png").read_bytes())
        if one in (*names, b"iCCP")
    }
    assert found == dict(CHUNKS[name])


@pytest.mark.parametrize(("name", "cicp"), [("p3", (12, 13)), ("pq", (9, 16)), ("bt2020", (9, 1))])
def test_avif_and_png_state_the_same_numbers(
    name: str, cicp: tuple[int, int], model: str, tmp_path: Path
) -> None:
    """From PNG to AVIF to AVIF and back to PNG, in the container and in the stream."""
    (tmp_path / "a.png").write_bytes(png_file(name))
    for source, target in (("a.png", "b.avif"), ("b.avif", "c.avif"), ("c.avif", "d.png")):
        assert upscale(model, tmp_path / source, "-o", tmp_path / target, "--width", 16, "-q") == 0
    assert reading.read((tmp_path / "d.png").read_bytes()).extras["cicp"][:2] == cicp
    for file in (tmp_path / "b.avif", tmp_path / "c.avif"):
        assert heif_boxes.contents(file.read_bytes()).extras["cicp"][:2] == cicp
        if shutil.which("avifdec"):
            said = subprocess.run(["avifdec", "--info", file], capture_output=True, text=True)
            assert f"Color Primaries: {cicp[0]}\n" in said.stdout
            assert f"Transfer Char. : {cicp[1]}\n" in said.stdout
        if shutil.which("ffprobe"):
            command = ["ffprobe", "-v", "error", "-show_entries", "stream=color_primaries", file]
            said = subprocess.run(command, capture_output=True, text=True)
            primaries = {12: "smpte432", 9: "bt2020"}[cicp[0]]
            # a stream of libavif 1.3 states no colours, and those of the container count
            assert re.search(f"color_primaries=({primaries}|unknown)\n", said.stdout)


def test_what_has_no_exact_profile_is_noted(model: str, tmp_path: Path, capsys) -> None:
    (tmp_path / "a.png").write_bytes(png_file("pq"))
    target = tmp_path / "b.jpg"
    assert upscale(model, tmp_path / "a.png", "-o", target, "--json", "-q") == 0
    (row,) = rows(capsys)
    assert "does not hold the colour space (BT.2020, PQ)" in str(row["notes"])


def test_srgb_needs_no_profile() -> None:
    for format_name in ("JPEG", "WEBP", "AVIF", "TIFF", "BMP"):
        result = writing.encode("a", format_name, reading.read(png_file("srgb")))
        assert result.lost == () and "icc_profile" not in reading.read(result.data).extras


def test_adobe_rgb_that_exif_states() -> None:
    """JPEG states it in EXIF; other formats get a profile as well, since programs look there."""
    picture = reading.read(jpeg_with(block(orientation=1), flat()))
    assert "icc_profile" not in reading.read(writing.encode("a", "JPEG", picture).data).extras
    expected = by_definition(COLOUR, ADOBE, lambda v: v ** (563 / 256))
    for format_name in ("PNG", "WEBP", "AVIF", "TIFF"):
        found = reading.read(writing.encode("a", format_name, picture).data).extras
        assert np.abs(np.array(to_srgb(COLOUR, found["icc_profile"])) - expected).max() <= 1


# profile and pixels


@pytest.mark.parametrize("format_name", ["WEBP", "AVIF"])
def test_a_gray_profile_becomes_one_of_rgb_where_gray_does(format_name: str) -> None:
    stated = gray_profile(1.0)
    picture = reading.read(encoded(flat("L"), "JPEG", icc_profile=stated))
    found = reading.read(writing.encode("a", format_name, picture).data).extras["icc_profile"]
    assert icc_profiles.space(found) == icc_profiles.RGB
    for level in (10, 120, 250):
        expected = np.array(to_srgb((level,), stated, "L"))
        assert np.abs(np.array(to_srgb((level,) * 3, found)) - expected).max() <= 1


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "TIFF"])
def test_an_rgb_profile_of_gray_pixels_becomes_a_gray_one(format_name: str) -> None:
    picture = Picture((flat("L"),), {"icc_profile": srgb_profile()})
    result = reading.read(writing.encode("a", format_name, picture).data)
    found, (frame,) = result.extras["icc_profile"], result.frames
    assert isinstance(frame, Image.Image) and frame.mode == "L"
    assert icc_profiles.space(found) == icc_profiles.GRAY
    for level in (10, 120, 250):
        expected = np.array(to_srgb((level,) * 3, srgb_profile()))
        assert np.abs(np.array(to_srgb((level,), found, "L")) - expected).max() <= 1


def test_gray_pixels_become_rgb_where_only_that_fits() -> None:
    """A profile whose curves differ has no gray equivalent."""
    for frame in (
        flat("L"),
        np.full((4, 5), 40_000, np.uint16),
        np.full((4, 5, 2), 999, np.uint16),
    ):
        if not isinstance(frame, Image.Image):
            pytest.importorskip("pyvips")
        picture = Picture((frame,), {"icc_profile": profile("RGB")})
        result = reading.read(writing.encode("a", "PNG", picture).data)
        assert result.extras["icc_profile"] == profile("RGB")
        assert result.channels == (4 if np.ndim(frame) == 3 else 3)
        gray = np.array(frame) if np.ndim(frame) < 3 else np.array(frame)[:, :, 0]
        for channel in range(3):
            np.testing.assert_array_equal(np.array(result.frames[0])[:, :, channel], gray)


def test_a_profile_of_another_space_is_left_out_and_named() -> None:
    picture = Picture((flat(),), {"icc_profile": profile("CMYK")})
    result = writing.encode("a", "PNG", picture)
    assert result.lost == ("the colour profile, which does not fit the pixels",)
    assert "icc_profile" not in reading.read(result.data).extras


def test_every_curve_and_space_of_h273_has_a_valid_profile() -> None:
    for primaries in colour_spaces._PRIMARIES:
        for transfer in colour_spaces._CURVES:
            extras = {"cicp": (primaries, transfer, 0, 1)}
            kept, lost = colour_spaces.fitted(extras, frozenset({"icc_profile"}), False)
            assert not lost
            is_srgb = (
                primaries == 1 and colour_spaces._CURVES[transfer] == colour_spaces._SRGB_CURVE
            )
            assert is_srgb == ("icc_profile" not in kept)
            if not is_srgb:
                assert icc_profiles.space(kept["icc_profile"]) == icc_profiles.RGB
                white = to_srgb((255, 255, 255), kept["icc_profile"])
                assert min(white) >= 254, (primaries, transfer)


@pytest.mark.parametrize("points", [[0] * 8, [30_000] * 8, [2**31 - 1] * 8, [1, 0] * 4])
def test_chromaticities_that_span_no_space_are_named(points: list[int]) -> None:
    chunks = chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"cHRM", struct.pack(">8I", *points))
    data = encoded(flat(), "PNG")
    result = writing.encode("a", "JPEG", reading.read(data[:33] + chunks + data[33:]))
    assert result.lost == ("the colour space (gamma 2.2)",)


@ON_CHROMIUM
def test_a_browser_displays_the_same_colours(model: str, tmp_path: Path) -> None:
    """The upscaled picture in each format beside its source; lossy formats within three levels."""
    # Chromium displays the curve of BT.709 otherwise in AVIF files than in PNG files.
    sources = {name: png_file(name) for name in CHUNKS if name not in ("pq", "bt2020")}
    sources["gray.jpg"] = encoded(flat("L"), "JPEG", icc_profile=gray_profile(1.0))
    sources["gray of rgb.jpg"] = encoded(flat("L"), "JPEG", icc_profile=srgb_profile())
    files: list[Path] = []
    for name, data in sources.items():
        source = tmp_path / (name if "." in name else f"{name}.png")
        source.write_bytes(data)
        files.append(source)
        for ending in (".png", ".jpg", ".webp", ".avif"):
            files.append(tmp_path / f"big {name}{ending}")
            assert upscale(model, source, "-o", files[-1], "--width", 16, "-q") == 0
    colours = browser.displayed(files, tmp_path)
    for first in range(0, len(files), 5):
        for file, colour in zip(files[first : first + 5], colours[first : first + 5], strict=True):
            expected = colours[first]
            assert colour is not None and expected is not None, file.name
            assert np.abs(np.array(colour) - expected).max() <= 3, (file.name, colour, expected)
