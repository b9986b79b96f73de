"""TIFF files of 8 or 16 bits per sample, compressed with Deflate.

Unlike the encoder of libtiff, this one keeps every subdirectory of the EXIF block.
"""

from __future__ import annotations

import io
import zlib
from typing import Any

import numpy as np
from PIL import Image, TiffTags
from PIL import TiffImagePlugin as tag
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from iqlut.file_kinds import START_BYTES, kind_of_bytes

_STRIP_BYTES = 1 << 18
_FILE_BYTES_MAX = 2**32 - 2**20
_GRAY, _RGB, _INKS = 1, 2, 5
_DEFLATE, _DIFFERENCES, _STRAIGHT_ALPHA, _INTERLEAVED, _INCHES = 8, 2, 2, 1, 2
_FOR_FILES_ONLY = frozenset(
    {
        tag.STRIPOFFSETS,
        tag.STRIPBYTECOUNTS,
        tag.IMAGEWIDTH,
        tag.IMAGELENGTH,
        tag.BITSPERSAMPLE,
        tag.COMPRESSION,
        tag.PHOTOMETRIC_INTERPRETATION,
        tag.SAMPLESPERPIXEL,
        tag.ROWSPERSTRIP,
    }
)


def encode(samples: np.ndarray, inks: bool, extras: dict[str, Any]) -> bytes:
    """Encode samples, uint8 or uint16 (h, w) or (h, w, c), as the bytes of a TIFF file.

    Four channels are RGBA, or CMYK with `inks`. `extras` is the metadata, as in `Picture.extras`.
    Raises ValueError if the file would be too large for TIFF.
    """
    samples = samples[:, :, None] if samples.ndim == 2 else samples
    height, width, channels = samples.shape
    rows = max(1, _STRIP_BYTES // (width * channels * samples.itemsize))
    strips = [
        zlib.compress(_differences(samples[top : top + rows]), 6) for top in range(0, height, rows)
    ]
    ifd = ImageFileDirectory_v2(b"II\x2a\x00\x00\x00\x00\x00")
    _describe(ifd, extras)
    ifd[tag.IMAGEWIDTH], ifd[tag.IMAGELENGTH] = width, height
    ifd[tag.BITSPERSAMPLE] = (8 * samples.itemsize,) * channels
    ifd[tag.COMPRESSION], ifd[tag.PREDICTOR] = _DEFLATE, _DIFFERENCES
    ifd[tag.ROWSPERSTRIP] = rows
    ifd[tag.PHOTOMETRIC_INTERPRETATION] = _INKS if inks else _RGB if channels > 2 else _GRAY
    ifd[tag.SAMPLESPERPIXEL], ifd[tag.PLANAR_CONFIGURATION] = channels, _INTERLEAVED
    if channels in (2, 4) and not inks:
        ifd[tag.EXTRASAMPLES] = _STRAIGHT_ALPHA
    sizes = [len(strip) for strip in strips]
    if sum(sizes) > _FILE_BYTES_MAX:
        raise ValueError("the compressed pixels exceed the 4 GB that a TIFF file can store")
    ifd[tag.STRIPBYTECOUNTS] = tuple(sizes)
    ifd[tag.STRIPOFFSETS] = tuple(int(end) for end in np.cumsum([0, *sizes[:-1]]))
    for number in (tag.STRIPOFFSETS, tag.STRIPBYTECOUNTS):
        ifd.tagtype[number] = TiffTags.LONG  # 32 bits, even if the first values are small
    file = io.BytesIO()
    ifd.save(file)
    file.write(b"".join(strips))
    return file.getvalue()


def tags(data: bytes) -> Image.Exif | None:
    """The tags in the first directory of a TIFF file, or None for any other file."""
    kind = kind_of_bytes(data[:START_BYTES])
    if kind is None or kind.name != "TIFF":
        return None
    found = Image.Exif()  # an EXIF block has the format of a TIFF file
    try:
        found.load(data)
    except Exception:
        return None
    return found


def _differences(strip: np.ndarray) -> bytes:
    """The bytes of a strip with horizontal differencing (TIFF 6.0, section 14).

    Each sample is replaced by its difference from the one to its left, which compresses better.
    """
    rows = strip.copy()
    rows[:, 1:] -= strip[:, :-1]
    return rows.astype(rows.dtype.newbyteorder("<"), copy=False).tobytes()


def _describe(ifd: ImageFileDirectory_v2, extras: dict[str, Any]) -> None:
    exif = Image.Exif()
    exif.load(extras.get("exif", b""))
    for number in exif:
        if number not in _FOR_FILES_ONLY:
            is_folder = number in TiffTags.TAGS_V2_GROUPS
            ifd[number] = exif.get_ifd(number) if is_folder else exif[number]
    if "icc_profile" in extras:
        ifd[tag.ICCPROFILE] = extras["icc_profile"]
    if "xmp" in extras:
        ifd[tag.XMP] = extras["xmp"]
    if "dpi" in extras:
        ifd[tag.X_RESOLUTION], ifd[tag.Y_RESOLUTION] = extras["dpi"]
        ifd[tag.RESOLUTION_UNIT] = _INCHES
