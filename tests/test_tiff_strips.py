"""TIFF files of which strips or tiles are missing, which decoders read as black."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from iqlut.errors import PictureError
from iqlut.pictures import reading
from iqlut.pictures import tiff_directories as tiff


def in_three_strips(bits: int, big: bool) -> bytes:
    """A gray picture of 8x12 pixels, as Pillow writes it."""
    file, gray = io.BytesIO(), np.full((12, 8), 200, f"uint{bits}")
    Image.fromarray(gray).save(file, "TIFF", tiffinfo={278: 4}, big_tiff=big)
    return file.getvalue()


def with_one_strip(data: bytes) -> bytes:
    """The file with the offset of the first strip alone."""
    order = "<HHQQ" if data[2] == 43 else "<HHII"
    place = data.index(struct.pack(order[:-1], 273, tiff.LONG, 3))
    (values,) = struct.unpack_from(order[-1], data, place + struct.calcsize(order[:-1]))
    (strip,) = struct.unpack_from("<I", data, values)
    entry = struct.pack(order, 273, tiff.LONG, 1, strip)
    return data[:place] + entry + data[place + len(entry) :]


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
def test_missing_strips_are_refused(bits: int, big: bool) -> None:
    if bits == 16:
        pytest.importorskip("pyvips", reason="16 bits need pyvips: pip install 'iqlut[hi]'")
    whole = in_three_strips(bits, big)
    np.testing.assert_array_equal(np.asarray(reading.read(whole).frames[0]), 200)
    with pytest.raises(PictureError, match=r"the picture is damaged .*it has 1 of 3 strips"):
        reading.read(with_one_strip(whole))


def in_blocks(blocks: int, more: dict[int, list[int]]) -> bytes:
    """An RGB picture of 32x20 pixels with that many blocks of 768 bytes each, laid out by `more`.

    The offsets of the blocks are those of `more` with an empty list.
    """
    entries = {256: [32], 257: [20], 258: [8] * 3, 259: [1], 262: [2], 277: [3]} | more
    starts = [8 + 768 * number for number in range(blocks)]
    start = 8 + 768 * blocks
    listed = [
        tiff.entry_of("<", tag, tiff.LONG, values or starts) for tag, values in entries.items()
    ]
    pixels = b"\x64" * 768 * blocks
    return b"II*\0" + struct.pack("<I", start) + pixels + tiff.encoded("<", listed, start)


@pytest.mark.parametrize(
    ("blocks", "more", "words"),
    [
        (4, {322: [16], 323: [16], 324: []}, "3 of 4 tiles"),
        (3, {284: [2], 273: [], 278: [20], 279: [640] * 3}, "2 of 3 strips"),
    ],
)
def test_missing_tiles_and_planes_are_refused(blocks, more, words) -> None:
    whole = reading.read(in_blocks(blocks, more))
    np.testing.assert_array_equal(np.asarray(whole.frames[0]), 100)
    with pytest.raises(PictureError, match=words):
        reading.read(in_blocks(blocks - 1, more))


def test_a_small_file_of_millions_of_rows_is_refused_at_once(monkeypatch) -> None:
    """It has a strip of 7 rows, and the others would be black."""
    monkeypatch.setattr(reading, "_decoded", lambda *_: pytest.fail("it was decoded"))
    data = in_blocks(1, {257: [6_000_000], 273: [], 278: [7], 279: [768]})
    with pytest.raises(PictureError, match="it has 1 of 857143 strips"):
        reading.read(data)


@pytest.mark.parametrize("start", [2**63, 2**64 - 1, 10**6])
def test_a_directory_behind_the_file_is_refused(start: int) -> None:
    data = b"II+\0\x08\0\0\0" + struct.pack("<Q", start) + bytes(100)
    with pytest.raises(PictureError, match="a directory is cut short"):
        reading.read(data)
