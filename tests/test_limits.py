"""Limits of formats and of the disk are found before any work; the error says what to do."""

from __future__ import annotations

import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from command_line import refuses, upscale
from iqlut import upscaling
from iqlut.errors import PictureError
from iqlut.pictures import formats, reading, sixteen_bit_files
from iqlut.pictures.formats import FORMATS
from iqlut.pictures.picture import Picture, PictureHeader
from picture_files import noise, opened

ORIENTATION = 0x0112  # the EXIF tag
CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("the picture was decoded or upscaled")

    monkeypatch.setattr(upscaling, "upscale", fail)
    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    monkeypatch.setattr(sixteen_bit_files, "decode", fail)


@pytest.mark.parametrize(
    ("width", "name", "words"),
    [
        (8300, "b.avif", "33200 pixels long, AVIF allows at most 32768; write one of .png .tif"),
        (16380, "b.jpg", "65520 pixels long, JPEG allows at most 65500; write one of .png .tif"),
        (4096, "b.webp", "16384 pixels long, WEBP allows at most 16383; write one of .png .tif"),
        (16384, "b.gif", "65536 pixels long, GIF allows at most 65535"),
    ],
)
@pytest.mark.usefixtures("no_work")
def test_sides(width: int, name: str, words: str, model, tmp_path, capsys) -> None:
    Image.new("L", (width, 2)).save(tmp_path / "a.png")
    code = upscale(model, tmp_path / "a.png", "-o", tmp_path / name)
    refuses(capsys, code, words, "for example with --format png")
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.usefixtures("no_work")
def test_the_header_is_that_of_the_decoded_picture(orientation, tmp_path, monkeypatch) -> None:
    """Limits are checked by the header; a picture that EXIF rotates has its sides exchanged."""
    more = {"exif": Image.Exif()}
    more["exif"][ORIENTATION] = orientation
    found: list[PictureHeader] = []
    noise("RGB", (30, 20)).save(tmp_path / "a.jpg", **more)
    noise("LA", (30, 20)).save(tmp_path / "a.png", **more)
    noise("P", (30, 20)).save(tmp_path / "p.png")
    for name in ("a.jpg", "a.png", "p.png"):
        with pytest.raises(PictureError, match="was decoded"):
            reading.read_file(tmp_path / name, examine=found.append)
    assert found[0].size == ((30, 20) if orientation == 1 else (20, 30))
    monkeypatch.undo()
    for name, header in zip(("a.jpg", "a.png", "p.png"), found, strict=True):
        decoded = reading.read_file(tmp_path / name).header
        assert replace(decoded, is_opaque=True) == header, name


@pytest.mark.parametrize(
    ("source", "ending"), [("11/pano.png", "avif"), ("12/pano16380.jpg", "jpg")]
)
@pytest.mark.usefixtures("no_work")
def test_stored_cases(source: str, ending: str, model, tmp_path, capsys) -> None:
    if not (CASES / source).exists():
        pytest.skip("the stored cases are not here: ../shared/cases")
    code = upscale(model, CASES / source, "-o", tmp_path / f"b.{ending}")
    refuses(capsys, code, "pixels long", "allows at most", "write one of .png .tif")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name", [name for name, limits in FORMATS.items() if limits.side_max < 2**16]
)
def test_encoders_reach_their_limits(name: str) -> None:
    """The stated side is one that the format takes and that is read again."""
    from iqlut.pictures import heif_plugin, reading, writing

    if name == "HEIF":
        pytest.importorskip("pillow_heif")
        heif_plugin.register("a")
    rows = 64 if name == "HEIF" else 1  # x265 takes no picture that is so much wider than high
    picture = Picture((Image.new("RGB", (FORMATS[name].side_max, rows)),))
    formats.check_holds("a", name, picture.header, picture.size)
    data = writing.encode("a", name, picture, 20 if FORMATS[name].quality else None).data
    assert reading.read(data).size == picture.size


def test_pixels_and_bytes() -> None:
    colour = Picture((Image.new("RGB", (4, 4)),))
    for name, size, words in (
        (
            "AVIF",
            (20_000, 20_000),
            "400 million pixels, of which decoders of AVIF accept at most 268",
        ),
        ("BMP", (40_000, 40_000), "4.8 GB of samples, BMP allows at most 4.3 GB"),
        ("TIFF", (40_000, 40_000), "4.8 GB of samples, TIFF allows at most 4.3 GB"),
    ):
        with pytest.raises(PictureError, match=words):
            formats.check_holds("a", name, colour.header, size)
    formats.check_holds("a", "PNG", colour.header, (40_000, 40_000))
    gray = Picture((Image.new("L", (4, 4)),))
    formats.check_holds("a", "BMP", gray.header, (40_000, 40_000))


def test_the_formats_that_can_are_named() -> None:
    clear = Picture((Image.new("RGBA", (4, 4)),))
    with pytest.raises(PictureError, match=r"write one of \.png \.tif \.webp \.avif, for example"):
        formats.check_holds("a.jpg", "JPEG", clear.header, (16, 16))
    deep = Picture((np.zeros((4, 4), np.uint16),))
    with pytest.raises(PictureError, match=r"write one of \.png \.tif, for example"):
        formats.check_holds("a.webp", "WEBP", deep.header, (16, 16))


def test_room_on_the_disk(model, tmp_path, capsys, monkeypatch) -> None:
    """An uncompressed result needs all of its samples, a compressed one a small part."""
    usage = namedtuple("usage", "total used free")
    Image.new("RGB", (50, 40)).save(tmp_path / "a.png")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 90_000))
    assert upscale(model, tmp_path / "a.png", "-o", tmp_path / "b.png", "-q") == 0
    assert opened(tmp_path / "b.png").size == (200, 160)
    code = upscale(model, tmp_path / "a.png", "-o", tmp_path / "b.bmp")
    refuses(capsys, code, "b.bmp needs at least 0.1 MB", "which has 0.1 MB", "free some space")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 100))
    code = upscale(model, tmp_path / "a.png", "-o", tmp_path / "c.png")
    refuses(capsys, code, "c.png needs at least", "free some space")
    assert not (tmp_path / "b.bmp").exists() and not (tmp_path / "c.png").exists()
