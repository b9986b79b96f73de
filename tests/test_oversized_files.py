"""Small files that state, or unpack to, far too much are refused before they cost memory."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from command_line import refuses, upscale
from iqlut.errors import PictureError
from iqlut.pictures import heif_boxes, reading, tiff_directories
from iqlut.pictures.picture import PictureHeader
from picture_files import encoded, noise
from scripts.attack import oversized_files
from scripts.attack.refusals import PEAK_MB_MAX

# All files in one process, which prints after each the exit code and its peak of memory so far.
COMMAND = r"""
import re, sys
from pathlib import Path
from iqlut import cli
model, *files = sys.argv[1:]
for file in files:
    source = Path(file)
    target = "big" + (source.suffix if source.suffix in (".avif", ".heic") else ".png")
    code = cli.main(["upscale", file, "-m", model, "-o", str(source.with_name(target)), "-q",
                     "--overwrite"])
    status = Path("/proc/self/status").read_text()
    print(code, int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) // 1024, flush=True)
"""
READ = ("profile of 1 GB", "text of 1 GB", "XMP", "raw profile")  # only their metadata is too large


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory as Linux states it")
def test_oversized_files_take_little_memory(model, tmp_path):
    files = []
    for number, (ending, make) in enumerate(oversized_files.FILES.values()):
        files.append(tmp_path / f"{number}.{ending}")
        files[-1].write_bytes(make())
    command = [sys.executable, "-c", COMMAND, model, *files]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    lines = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    for name, (code, peak_mb) in zip(oversized_files.FILES, lines, strict=True):
        assert code == (0 if any(word in name for word in READ) else 1), name
        assert peak_mb <= PEAK_MB_MAX, name


def test_the_header_is_checked_before_pixels_are_decoded(model, tmp_path, capsys, monkeypatch):
    """The result would be too large for its format: nothing of the source is decoded."""

    def fail(*_: object) -> None:
        raise AssertionError("the picture was decoded")

    monkeypatch.setattr(reading, "_decoded", fail)
    (tmp_path / "a.png").write_bytes(encoded(noise("RGB", (5000, 2)), "PNG"))
    code = upscale(model, tmp_path / "a.png", "-o", tmp_path / "b.webp")
    refuses(capsys, code, "20000 pixels long, WEBP allows at most 16383")


@pytest.mark.parametrize(
    ("mode", "format_name", "expected"),
    [
        ("RGB", "PNG", PictureHeader("PNG", (6, 4), 3, 8, 1)),
        ("LA", "PNG", PictureHeader("PNG", (6, 4), 2, 8, 1)),
        ("P", "GIF", PictureHeader("GIF", (6, 4), 3, 8, 1)),
        ("CMYK", "TIFF", PictureHeader("TIFF", (6, 4), 4, 8, 1)),
        ("RGB", "JPEG", PictureHeader("JPEG", (4, 6), 3, 8, 1)),
    ],
)
def test_what_a_header_says_is_what_is_decoded(mode, format_name, expected):
    options = {"exif": b"Exif\0\0" + turned()} if format_name == "JPEG" else {}
    headers: list[PictureHeader] = []
    data = encoded(noise(mode, (6, 4)), format_name, **options)
    picture = reading.read(data, examine=headers.append)
    assert headers == [expected]
    assert replace(picture.header, is_opaque=True) == expected


def turned() -> bytes:
    """An EXIF block with orientation 6."""
    entry = tiff_directories.entry_of("<", 0x0112, tiff_directories.SHORT, [6])
    return tiff_directories.with_first(b"II*\0\x08\0\0\0", [entry])


@pytest.mark.parametrize("side", [1, 5, 70, 300])
def test_the_size_of_an_av1_stream_is_read(side):
    size = (side + 3, side)
    data = encoded(noise("RGB", size), "AVIF")
    assert heif_boxes.coded_pixels(data) == size[0] * size[1]
    lying = data.replace(np.array(size, ">u4").tobytes(), np.array((1, 1), ">u4").tobytes())
    assert lying != data and heif_boxes.coded_pixels(lying) == size[0] * size[1]


def test_more_coded_pixels_than_are_shown_count():
    """The clean aperture of this file shows a part of what has to be decoded."""
    pytest.importorskip("pillow_heif", reason="HEIF needs pillow-heif: pip install 'iqlut[heif]'")
    data = oversized_files.FILES["HEIF of 16,000 x 16,000"][1]()
    with pytest.raises(PictureError, match="has 256 million pixels"):
        reading.read(data)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_directory_is_as_large_as_its_block_at_most(order):
    head = {"<": b"II*\0\x08\0\0\0", ">": b"MM\0*\0\0\0\x08"}[order]
    fine = [tiff_directories.entry_of(order, 300 + tag, 4, [1, 2]) for tag in range(9)]
    block = tiff_directories.with_first(head, fine)
    tiff_directories.check_overlaps(block)
    assert len(tiff_directories.first(block).entries) == 9
    raw = np.array(8, order + "u4").tobytes()
    shared = [tiff_directories.NewEntry(one.tag, 7, 60, raw=raw) for one in fine]
    lying = tiff_directories.with_first(block, shared)
    with pytest.raises(ValueError, match="overlap"):
        tiff_directories.first(lying)
    with pytest.raises(ValueError, match="overlap"):
        tiff_directories.check_overlaps(lying)


def boxes_of_items(extents: bytes, sizes: int, count: int, kind: bytes = b"av01") -> bytes:
    """The start of an AVIF file whose items of one kind all have these extents."""

    def box(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(content), name) + content

    entries = b"".join(
        box(b"infe", struct.pack(">IHH4sB", 2 << 24, number, 0, kind, 0)) for number in range(count)
    )
    places = b"".join(struct.pack(">HH", number, 0) + extents for number in range(count))
    items = box(b"iinf", struct.pack(">IH", 0, count) + entries)
    items += box(b"iloc", struct.pack(">IHH", 0, sizes, count) + places)
    return box(b"ftyp", b"avif\0\0\0\0avifmif1") + box(b"meta", bytes(4) + items)


def test_places_that_take_no_bytes_are_refused(monkeypatch):
    """Each of 1,000 items has 65,535 of them, which would take minutes to read."""
    monkeypatch.setattr(heif_boxes, "_payloads", lambda *_: pytest.fail("they were read"))
    data = boxes_of_items(struct.pack(">H", 65_535), 0, 1000)
    assert heif_boxes.contents(data).lost == ("the damaged metadata",)
    assert heif_boxes.coded_pixels(data) == 0


def test_items_that_overlap_are_refused():
    """Each item is a larger part of the file; they are not copied, and none is left unread."""
    whole = struct.pack(">HII", 1, 0, 3000)
    some = boxes_of_items(whole, 0x4400, 100, b"Exif")
    assert len(some) > 3000
    assert heif_boxes.contents(some).extras.keys() == {"exif"}  # all of them are one
    growing = bytearray(boxes_of_items(whole, 0x4400, 100))
    for number, found in enumerate(re.finditer(re.escape(whole), bytes(growing))):
        growing[found.start() + 6 : found.end()] = struct.pack(">I", 1000 + number)
    with pytest.raises(PictureError, match="together larger than the file"):
        heif_boxes.coded_pixels(bytes(growing))
    exif = bytes(growing).replace(b"av01", b"Exif")
    assert heif_boxes.contents(exif).lost == ("the damaged metadata",)
