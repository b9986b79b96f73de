"""HEIF files by the optional pillow-heif, and what is said without it."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colour_profiles import profile
from command_line import refuses, rows, upscale
from exif_blocks import ARTIST_UTF8, block
from iqlut.pictures import reading, writing
from iqlut.pictures.picture import Picture
from picture_files import encoded, noise


def heic(exif: bytes = b"", **options: object) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    file = io.BytesIO()
    noise("RGB", (24, 16)).save(file, "HEIF", quality=95, exif=exif, **options)
    return file.getvalue()


def test_heif_in_and_out(model: str, tmp_path: Path) -> None:
    """The rotation of the container is applied once; EXIF, XMP and profile stay."""
    data = heic(b"Exif\0\0" + block(orientation=6), xmp=b"<x/>", icc_profile=profile("RGB"))
    (tmp_path / "a.heic").write_bytes(data)
    before = reading.read(data)
    assert before.size == (16, 24)
    for name in ("b.heic", "b.png", "b.jpg", "b.avif"):
        assert upscale(model, tmp_path / "a.heic", "-o", tmp_path / name, "-q") == 0
        after = reading.read((tmp_path / name).read_bytes())
        assert after.size == (64, 96), name
        assert after.extras["icc_profile"] == profile("RGB") and after.extras["xmp"] == b"<x/>"
        assert ARTIST_UTF8 in after.extras["exif"]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_pixels_and_colour_space(mode: str) -> None:
    pytest.importorskip("pillow_heif")
    image = Image.new(mode, (32, 20), {"L": 90}.get(mode, (200, 90, 60, 128)[: len(mode)]))
    picture = Picture((image,), {"cicp": (12, 13, 0, 1)})
    result = writing.encode("a.heic", "HEIF", picture)
    found = reading.read(result.data)
    assert result.lost == () and found.extras["cicp"][:2] == (12, 13)
    frame = found.frames[0]
    assert isinstance(frame, Image.Image)
    difference = np.array(frame.convert("RGBA")).astype(int) - np.array(image.convert("RGBA"))
    assert np.abs(difference).max() <= 3


def test_without_pillow_heif(model: str, tmp_path: Path, capsys, monkeypatch) -> None:
    """Reading and writing say how to install it, before any work."""
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99))
    noise("RGB", (5, 4)).save(tmp_path / "b.png")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    for source, target in (("a.heic", "c.png"), ("b.png", "c.heic")):
        code = upscale(model, tmp_path / source, "-o", tmp_path / target)
        refuses(capsys, code, "requires pillow-heif; run pip install 'iqlut[heif]'")
    code = upscale(model, tmp_path / "b.png", tmp_path / "a.heic", "-o", tmp_path / "d", "--json")
    assert code == 1 and [row["status"] for row in rows(capsys)] == ["done", "failed"]


def test_avif_of_the_general_brand_needs_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first brand of an AVIF file may be one that HEIF files have as well."""
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    data = encoded(noise("RGB", (8, 6)), "AVIF")
    assert data[8:12] == b"avif" and b"avif" in data[16:32]
    picture = reading.read(data[:8] + b"mif1" + data[12:])
    assert picture.format == "AVIF" and picture.size == (8, 6)
