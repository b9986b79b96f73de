"""Samples of more than 8 bits, which Pillow cannot represent, as samples of 16 bits.

The optional pyvips reads and writes them, and the optional pillow-heif reads those of HEIF files.
"""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from iqlut.errors import PictureError

# The bits per sample of each format that can be read. Samples of 10 and 12 bits become 16 bits.
DEPTHS = {"PNG": (16,), "TIFF": (16,), "AVIF": (10, 12), "HEIF": (10, 12)}
UPRIGHT = ("AVIF", "HEIF")  # whose decoders apply the rotation of the container
_SAMPLE_MAX = 65535
_SPACES = {"grey16": (1, 2), "rgb16": (3, 4)}
_PNG_LEVEL = 6
_started_by: int | None = None  # the process that has started the threads of libvips


def decode(name: str, data: bytes, source: str, bits: int) -> np.ndarray:
    """Decode a file of the format `source` to uint16 pixels, (h, w) or (h, w, c).

    The rotation that a container of AVIF or HEIF states has been applied; any other has not. `name`
    stands for the file in messages. Raises PictureError if the library for the format is missing,
    or if the file is damaged or of another kind.
    """
    pixels = _decoded_heif(name, data) if source == "HEIF" else _decoded_by_vips(name, data, bits)
    return pixels if bits == 16 else _expanded(pixels, bits)


def _expanded(pixels: np.ndarray, bits: int) -> np.ndarray:
    """Stretch samples that fill the upper `bits` of 16 to the whole range, rounded."""
    most = (1 << bits) - 1
    table = (2 * _SAMPLE_MAX * np.arange(most + 1) + most) // (2 * most)
    return table.astype(np.uint16)[pixels >> (16 - bits)]


def _decoded_heif(name: str, data: bytes) -> np.ndarray:
    import pillow_heif  # `reading` has registered it to open the file

    try:
        image = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
        pixels = np.asarray(image)
    except Exception as error:  # decoders raise almost any exception for damaged data
        reason = " ".join(str(error).split())
        raise PictureError(
            f"{name} is damaged or cut short ({reason}); obtain the file again"
        ) from None
    return pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels


def _decoded_by_vips(name: str, data: bytes, bits: int) -> np.ndarray:
    pyvips = _library(name, bits)
    try:
        image = pyvips.Image.new_from_buffer(data, "", fail_on="truncated")
        if image.format != "ushort" or image.bands not in _SPACES.get(image.interpretation, ()):
            kind = f"{image.bands} channels of {image.format} ({image.interpretation})"
            raise PictureError(
                f"{name} has {kind}, expected gray or RGB of 16 bits; convert it first"
            )
        pixels = image.numpy()
    except pyvips.Error as error:
        reason = str(error).strip().splitlines()[-1]
        raise PictureError(
            f"{name} is damaged or cut short ({reason}); obtain the file again"
        ) from None
    return pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels


def encode_png(name: str, pixels: np.ndarray) -> bytes:
    """Encode uint16 pixels, (h, w) or (h, w, c), as the bytes of a PNG file without metadata."""
    pyvips = _library(name)
    height, width = pixels.shape[:2]
    bands = pixels.shape[2] if pixels.ndim == 3 else 1
    image = pyvips.Image.new_from_memory(
        np.ascontiguousarray(pixels).data, width, height, bands, "ushort"
    )
    image = image.copy(interpretation="rgb16" if bands > 2 else "grey16")
    return image.pngsave_buffer(compression=_PNG_LEVEL, keep="none")


def _library(name: str, bits: int = 16) -> Any:
    try:
        import pyvips
    except (ImportError, OSError):
        raise PictureError(
            f"{name} has {bits} bits per sample, which requires pyvips; run pip install 'iqlut[hi]'"
        ) from None
    global _started_by
    _started_by = _started_by or os.getpid()
    if _started_by != os.getpid():  # libvips would wait for ever for threads that a fork lacks
        raise PictureError(
            f"{name} has 16 bits per sample, and this process was forked from one that had read or "
            "written such a picture, expected a new process; start it with the method spawn"
        )
    return pyvips
