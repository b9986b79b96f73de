"""TIFF as we write it: 8 or 16 bits, deflated, with every folder of the EXIF block (libtiff's encoder drops them)."""

from __future__ import annotations

import io
import zlib
from typing import Any

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2
from PIL.TiffTags import TAGS_V2_GROUPS

from iqlut.file_kinds import START_BYTES, kind_of_bytes

_STRIP_BYTES = 1 << 18
_FILE_BYTES_MAX = 2**32 - 2**20
_GRAY, _RGB, _INKS = 1, 2, 5
_DEFLATE, _DIFFERENCES, _STRAIGHT_ALPHA = 8, 2, 2
_FOR_FILES_ONLY = frozenset({273, 279, 256, 257, 258, 259, 262, 277, 278})


def encode(samples: np.ndarray, inks: bool, extras: dict[str, Any]) -> bytes:
    """The bytes of a file: uint8 or uint16 (h, w) or (h, w, c); four channels are RGBA, or CMYK with `inks`."""
    samples = samples[:, :, None] if samples.ndim == 2 else samples
    height, width, channels = samples.shape
    rows = max(1, _STRIP_BYTES // (width * channels * samples.itemsize))
    strips = [
        zlib.compress(_differences(samples[top : top + rows]), 6) for top in range(0, height, rows)
    ]
    ifd = ImageFileDirectory_v2(b"II\x2a\x00\x00\x00\x00\x00")
    _describe(ifd, extras)
    ifd[256], ifd[257], ifd[258] = width, height, (8 * samples.itemsize,) * channels
    ifd[259], ifd[317], ifd[278] = _DEFLATE, _DIFFERENCES, rows
    ifd[262] = _INKS if inks else _RGB if channels > 2 else _GRAY
    ifd[277], ifd[284] = channels, 1
    if channels in (2, 4) and not inks:
        ifd[338] = _STRAIGHT_ALPHA
    sizes = [len(strip) for strip in strips]
    if sum(sizes) > _FILE_BYTES_MAX:
        raise ValueError("a TIFF file holds 4 GB")
    ifd[279], ifd[273] = tuple(sizes), tuple(int(end) for end in np.cumsum([0, *sizes[:-1]]))
    for tag in (273, 279):
        ifd.tagtype[tag] = 4  # 32 bits, whatever the first numbers are
    file = io.BytesIO()
    ifd.save(file)
    file.write(b"".join(strips))
    return file.getvalue()


def tags(data: bytes) -> Image.Exif | None:
    """What the first directory of a TIFF file says; None for other files."""
    kind = kind_of_bytes(data[:START_BYTES])
    if kind is None or kind.name != "TIFF":
        return None
    found = Image.Exif()  # an EXIF block is a TIFF file
    try:
        found.load(data)
    except Exception:
        return None
    return found


def _differences(strip: np.ndarray) -> bytes:
    """Each sample less the one to its left, which deflates better."""
    rows = strip.copy()
    rows[:, 1:] -= strip[:, :-1]
    return rows.astype(rows.dtype.newbyteorder("<"), copy=False).tobytes()


def _describe(ifd: ImageFileDirectory_v2, extras: dict[str, Any]) -> None:
    exif = Image.Exif()
    exif.load(extras.get("exif", b""))
    for tag in exif:
        if tag not in _FOR_FILES_ONLY:
            ifd[tag] = exif.get_ifd(tag) if tag in TAGS_V2_GROUPS else exif[tag]
    if "icc_profile" in extras:
        ifd[34675] = extras["icc_profile"]
    if "xmp" in extras:
        ifd[700] = extras["xmp"]
    if "dpi" in extras:
        ifd[282], ifd[283], ifd[296] = (*extras["dpi"], 2)
