"""Transparent colours of every depth, orientation of 16 bits, composition of APNG, pages of TIFF.

ffmpeg and Chromium say what is right where they are installed.
"""

from __future__ import annotations

import io
import itertools
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import browser
from command_line import refuses, upscale
from exif_blocks import block
from iqlut import upscaling
from iqlut.errors import PictureError
from iqlut.pictures import png, reading
from iqlut.pictures import tiff_directories as tiff
from picture_files import encoded, noise
from test_metadata_kept import chunk

CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"


def raw_png(bits: int, colour_type: int, rows: list[bytes], width: int, *extra: bytes) -> bytes:
    """A PNG file of these packed rows, with more chunks before the pixels."""
    header = struct.pack(">IIBBBBB", width, len(rows), bits, colour_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    more = ((one[4:8], one[8:-4]) for one in extra)
    return png.joined([(b"IHDR", header), *more, (b"IDAT", pixels), (b"IEND", b"")])


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_a_transparent_gray_of_every_depth(bits: int) -> None:
    """All levels in a row; exactly the one in the tRNS chunk is transparent."""
    levels = list(range(min(1 << bits, 256)))
    if bits == 16:
        pytest.importorskip("pyvips")
        row = b"".join(struct.pack(">H", 257 * level) for level in levels)
    else:
        number = 0
        for level in levels:
            number = number << bits | level
        row = (number << -len(levels) * bits % 8).to_bytes(-(-len(levels) * bits // 8), "big")
    for key in {0, 1, len(levels) // 2, len(levels) - 1}:
        stored = key * (257 if bits == 16 else 1)
        data = raw_png(bits, 0, [row], len(levels), chunk(b"tRNS", struct.pack(">H", stored)))
        (frame,) = reading.read(data).frames
        alpha = np.array(frame)[0, :, -1]
        assert [int(value) for value in np.flatnonzero(alpha == 0)] == [key], (bits, key)
        gray = np.array(frame)[0, :, 0].astype(int)
        most = 65535 if bits == 16 else 255
        expected = [level * most // (len(levels) - 1) for level in levels]
        assert [g for g, a in zip(gray, alpha, strict=True) if a] == [
            level for number, level in enumerate(expected) if number != key
        ]


@pytest.mark.parametrize("bits", [8, 16])
def test_a_transparent_colour(bits: int) -> None:
    if bits == 16:
        pytest.importorskip("pyvips")
    row = bytes(range(12 * bits // 8))
    key = [
        int.from_bytes(row[i : i + bits // 8], "big") for i in range(0, 3 * bits // 8, bits // 8)
    ]
    data = raw_png(bits, 2, [row], 4, chunk(b"tRNS", struct.pack(">3H", *key)))
    (frame,) = reading.read(data).frames
    assert (np.array(frame)[0, :, 3] > 0).tolist() == [False, True, True, True]


# orientation


def deep_png(pixels: np.ndarray, *extra: bytes) -> bytes:
    rows = [row.astype(">u2").tobytes() for row in pixels]
    return raw_png(16, 2, rows, pixels.shape[1], *extra)


@pytest.mark.parametrize("stated", ["exif", "xmp"])
def test_16_bits_are_turned_as_8_bits_are(stated: str, model: str, tmp_path: Path) -> None:
    pytest.importorskip("pyvips")
    shallow = np.array(noise("RGB", (7, 5)))
    for number in range(1, 9):
        words = b'<x tiff:Orientation="%d"/>' % number
        extra = (
            chunk(b"eXIf", block(orientation=number))
            if stated == "exif"
            else chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + words)
        )
        eight = encoded(Image.fromarray(shallow), "PNG")
        turned = reading.read(eight[:33] + extra + eight[33:])
        deep = reading.read(deep_png(shallow.astype(np.uint16) * 257, extra))
        np.testing.assert_array_equal(np.array(deep.frames[0]), np.array(turned.frames[0]) * 257.0)
        assert turned.size == ((5, 7) if number > 4 else (7, 5))
    (tmp_path / "a.png").write_bytes(deep_png(shallow.astype(np.uint16) * 257, extra))
    assert upscale(model, tmp_path / "a.png", "-o", tmp_path / "b.png", "-q") == 0
    assert reading.read((tmp_path / "b.png").read_bytes()).size == (20, 28)


# animation


def animated_png(frames: list[tuple[Image.Image, tuple[int, int], int, int]], size) -> bytes:
    """An APNG of (image, place, disposal, blending)."""
    numbers = itertools.count()
    first = frames[0][0]
    still = dict(png.chunks(encoded(first, "PNG")))
    header = struct.pack(">II", *size) + still[b"IHDR"][8:]
    parts = [(b"IHDR", header), (b"acTL", struct.pack(">II", len(frames), 0))]
    for index, (image, place, disposal, blending) in enumerate(frames):
        control = struct.pack(">IIIII", next(numbers), *image.size, *place)
        parts.append((b"fcTL", control + struct.pack(">HHBB", 1, 10, disposal, blending)))
        data = b"".join(
            content for name, content in png.chunks(encoded(image, "PNG")) if name == b"IDAT"
        )
        if index == 0:
            parts.append((b"IDAT", data))
        else:
            parts.append((b"fdAT", struct.pack(">I", next(numbers)) + data))
    return png.joined([*parts, (b"IEND", b"")])


def frames_over(disposals: tuple[int, int], blending: int) -> bytes:
    base = noise("RGBA", (12, 8))
    piece, last = noise("RGBA", (6, 5)), noise("RGBA", (5, 4)).rotate(180)
    return animated_png(
        [
            (base, (0, 0), disposals[0], 0),
            (piece, (3, 2), disposals[1], blending),
            (last, (4, 1), 0, blending),
        ],
        (12, 8),
    )


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is missing")
@pytest.mark.parametrize("blending", [0, 1])
@pytest.mark.parametrize("disposals", list(itertools.product((0, 1, 2), repeat=2)))
def test_apng_is_composed_as_by_ffmpeg(
    disposals: tuple[int, int], blending: int, tmp_path: Path
) -> None:
    """Pixels that are partly transparent; ffmpeg rounds the composition by up to two levels."""
    file = tmp_path / "a.png"
    file.write_bytes(frames_over(disposals, blending))
    command = ["ffmpeg", "-v", "error", "-i", file, "-f", "rawvideo", "-pix_fmt", "rgba", "-vsync"]
    done = subprocess.run([*command, "0", "-"], check=True, capture_output=True)
    expected = np.frombuffer(done.stdout, np.uint8).reshape(-1, 8, 12, 4).astype(int)
    found = [np.array(frame.convert("RGBA")).astype(int) for frame in pillow_frames(file)]
    assert len(found) == len(expected) == 3
    for ours, theirs in zip(found, expected, strict=True):
        assert np.abs(ours[..., 3] - theirs[..., 3]).max() <= 1
        seen = ours[..., 3] > 0
        premultiplied = (ours[..., :3] - theirs[..., :3])[seen] * ours[seen][:, 3:] / 255
        assert np.abs(premultiplied).max() <= 2


def pillow_frames(file: Path) -> list[Image.Image]:
    return [frame for frame in reading.read_file(file).frames if isinstance(frame, Image.Image)]


def test_half_transparent_pixels_over_opaque_ones_stay_opaque(model: str, tmp_path: Path) -> None:
    over = Image.new("RGBA", (6, 5), (200, 0, 0, 128))
    base = Image.new("RGBA", (12, 8), (0, 0, 200, 255))
    data = animated_png([(base, (0, 0), 0, 0), (over, (3, 2), 0, 1)], (12, 8))
    (tmp_path / "a.png").write_bytes(data)
    assert upscale(model, tmp_path / "a.png", "-o", tmp_path / "b.png", "-q") == 0
    for file in (tmp_path / "a.png", tmp_path / "b.png"):
        for frame in pillow_frames(file):
            assert frame.getchannel("A").getextrema() == (255, 255)
    middle = pillow_frames(tmp_path / "a.png")[1].getpixel((6, 4))
    assert middle == (100, 0, 100, 255)


@pytest.mark.skipif(browser.program() is None, reason="Chromium is missing")
def test_a_browser_loads_pictures_with_transparent_colours(model: str, tmp_path: Path) -> None:
    """Gray pictures of 1, 2 and 4 bits that are transparent in the middle, and an opaque one."""
    files = []
    for bits, key in ((1, 0), (2, 0), (4, 0), (4, 1)):
        trns = chunk(b"tRNS", struct.pack(">H", key))
        files.append(tmp_path / f"{bits}-{key}.png")
        files[-1].write_bytes(raw_png(bits, 0, [bytes(3)] * 6, 24 // bits, trns))
        files.append(tmp_path / f"big-{bits}-{key}.png")
        assert upscale(model, files[-2], "-o", files[-1], "-q") == 0
    alphas = [pixel and pixel[3] for pixel in browser.displayed(files, tmp_path)]
    assert alphas == [0, 0, 0, 0, 0, 0, 255, 255]


def test_damaged_animations_are_refused() -> None:
    whole = frames_over((0, 1), 1)
    place = whole.index(b"fdAT") + 12
    for data in (
        whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :],  # a wrong checksum
        whole[: whole.rindex(b"fdAT") + 20],
        whole.replace(b"fcTL" + struct.pack(">II", 1, 6), b"fcTL" + struct.pack(">II", 1, 99)),
    ):
        with pytest.raises(PictureError, match="is damaged or cut short"):
            reading.read(data)


# pages of TIFF


def paged_tiff(kinds: list[int]) -> bytes:
    """A TIFF file whose pages have these NewSubfileTypes; the page of type 0 is 6x4 pixels."""
    data = bytearray(b"II*\0" + bytes(4))
    link = 4
    for kind in kinds:
        width, height = (6, 4) if kind == 0 else (3, 2)
        pixels = len(data)
        data += np.array(noise("L", (width, height))).tobytes()
        numbers = {
            256: width,
            257: height,
            258: 8,
            259: 1,
            262: 1,
            273: pixels,
            277: 1,
            278: height,
        }
        numbers |= {254: kind, 279: width * height}
        entries = [tiff.entry_of("<", tag, tiff.LONG, [value]) for tag, value in numbers.items()]
        data[link : link + 4] = struct.pack("<I", len(data))
        link = len(data) + 2 + 12 * len(entries)
        data += tiff.encoded("<", entries, len(data))
    return bytes(data)


@pytest.mark.parametrize("kinds", [[0, 1], [1, 0], [1, 0, 1, 1], [0, 4], [0, 5, 1]])
def test_thumbnails_overviews_and_masks_are_no_pictures(kinds: list[int]) -> None:
    picture = reading.read(paged_tiff(kinds))
    assert picture.size == (6, 4)
    np.testing.assert_array_equal(np.array(picture.frames[0]), np.array(noise("L", (6, 4))))
    has_mask = any(kind & 4 for kind in kinds)
    assert picture.lost == (("the transparency mask",) if has_mask else ())


@pytest.mark.parametrize("name", ["overviews.tif", "thumb.tif"])
def test_stored_cases_of_pages(name: str, model: str, tmp_path: Path) -> None:
    source = CASES / "16" / name
    if not source.exists():
        pytest.skip("the stored cases are not here: ../shared/cases")
    assert upscale(model, source, "-o", tmp_path / "big.tif", "-q") == 0
    found = reading.read_file(tmp_path / "big.tif")
    expected = upscaling.upscale(reading.read_file(source).frames[0], model=model)
    np.testing.assert_array_equal(np.array(found.frames[0]), np.array(expected))


def test_pages_that_are_pictures_are_refused(model: str, tmp_path: Path, capsys) -> None:
    file = io.BytesIO()
    noise("RGB", (6, 4)).save(file, "TIFF", save_all=True, append_images=[noise("RGB", (6, 4))])
    (tmp_path / "a.tif").write_bytes(file.getvalue())
    code = upscale(model, tmp_path / "a.tif", "-o", tmp_path / "b.tif")
    refuses(capsys, code, "a.tif holds 2 pictures, expected one")
