"""TIFF files of 8 or 16 bits per sample, compressed with Deflate.

The file begins with the EXIF block of the picture, whose folders therefore stay at their offsets.
The pixels and the directory of the picture follow.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

from iqlut.pictures import exif
from iqlut.pictures import tiff_directories as tiff
from iqlut.pictures.tiff_contents import NOT_DESCRIPTIVE
from iqlut.pictures.tiff_directories import LONG, SHORT, NewEntry

_STRIP_BYTES = 1 << 18
_FILE_BYTES_MAX = 2**32 - 2**20
_GRAY, _RGB, _INKS = 1, 2, 5
_DEFLATE, _DIFFERENCES, _STRAIGHT_ALPHA, _INTERLEAVED = 8, 2, 2, 1
_EMPTY = b"II*\0\x08\0\0\0\0\0\0\0\0\0"


def encode(samples: np.ndarray, inks: bool, extras: dict[str, Any]) -> bytes:
    """Encode samples, uint8 or uint16 (h, w) or (h, w, c), as the bytes of a TIFF file.

    Four channels are RGBA, or CMYK with `inks`. `extras` is the metadata, as in `Picture.extras`.
    Raises ValueError if the file would be too large for TIFF.
    """
    samples = samples[:, :, None] if samples.ndim == 2 else samples
    height, width, channels = samples.shape
    block = extras.get("exif") or _EMPTY
    order, start = tiff.byte_order(block), len(block) + len(block) % 2
    rows = max(1, _STRIP_BYTES // (width * channels * samples.itemsize))
    strips = [
        zlib.compress(_differences(samples[top : top + rows], order), 6)
        for top in range(0, height, rows)
    ]
    sizes = [len(strip) for strip in strips]
    if start + sum(sizes) > _FILE_BYTES_MAX:
        raise ValueError("the compressed pixels exceed the 4 GB that a TIFF file can store")
    starts = [int(place) for place in np.cumsum([start, *sizes[:-1]])]
    entries = _described(block, order, extras)
    for tag, kind, values in (
        (256, LONG, [width]),
        (257, LONG, [height]),
        (258, SHORT, [8 * samples.itemsize] * channels),
        (259, SHORT, [_DEFLATE]),
        (262, SHORT, [_INKS if inks else _RGB if channels > 2 else _GRAY]),
        (273, LONG, starts),
        (277, SHORT, [channels]),
        (278, LONG, [rows]),
        (279, LONG, sizes),
        (284, SHORT, [_INTERLEAVED]),
        (317, SHORT, [_DIFFERENCES]),
        (338, SHORT, [_STRAIGHT_ALPHA] if channels in (2, 4) and not inks else []),
    ):
        entries += [tiff.entry_of(order, tag, kind, values)] if values else []
    return _file(block, strips, entries)


def _file(block: bytes, strips: list[bytes], entries: list[NewEntry]) -> bytes:
    """The file: EXIF block, strips and directory, each at an even offset."""
    order, gap = tiff.byte_order(block), bytes(len(block) % 2)
    end = len(block) + len(gap) + sum(map(len, strips))
    place = end + end % 2
    header = block[:4] + struct.pack(order + "I", place)
    directory = tiff.encoded(order, entries, place)
    return b"".join([header, block[8:], gap, *strips, bytes(end % 2), directory])


def _differences(strip: np.ndarray, order: str) -> bytes:
    """The bytes of a strip with horizontal differencing (TIFF 6.0, section 14).

    Each sample is replaced by its difference from the one to its left, which compresses better.
    """
    rows = strip.copy()
    rows[:, 1:] -= strip[:, :-1]
    return rows.astype(np.dtype(f"{order}u{rows.itemsize}"), copy=False).tobytes()


def _described(block: bytes, order: str, extras: dict[str, Any]) -> list[NewEntry]:
    """The entries of the metadata: those of the EXIF block, and what has tags of its own."""
    entries = [
        tiff.kept(block, entry)
        for entry in tiff.first(block).entries
        if entry.tag not in NOT_DESCRIPTIVE and entry.value is not None
    ]
    for tag, kind, key in (
        (700, tiff.BYTE, "xmp"),
        (34377, tiff.BYTE, "photoshop"),
        (34675, tiff.UNDEFINED, "icc_profile"),
    ):
        if key in extras:
            entries.append(NewEntry(tag, kind, len(extras[key]), extras[key]))
    return entries + (exif.resolution_entries(order, extras["dpi"]) if "dpi" in extras else [])
