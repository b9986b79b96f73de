"""Samples of 16 bits, read and written by the optional pyvips, as Pillow cannot represent them."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from iqlut.errors import PictureError

FORMATS = ("PNG", "TIFF")
_SPACES = {"grey16": (1, 2), "rgb16": (3, 4)}
_PNG_LEVEL = 6
_started_by: int | None = None  # the process that has started the threads of libvips


def decode(name: str, data: bytes) -> np.ndarray:
    """Decode a PNG or TIFF file to pixels as they are stored, uint16 (h, w) or (h, w, c).

    `name` stands for the file in messages. Raises PictureError if pyvips is missing, or if the file
    is damaged or of another kind.
    """
    pyvips = _library(name)
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


def _library(name: str) -> Any:
    try:
        import pyvips
    except (ImportError, OSError):
        raise PictureError(
            f"{name} has 16 bits per sample, which requires pyvips; run pip install 'iqlut[hi]'"
        ) from None
    global _started_by
    _started_by = _started_by or os.getpid()
    if _started_by != os.getpid():  # libvips would wait for ever for threads that a fork lacks
        raise PictureError(
            f"{name} has 16 bits per sample, and this process was forked from one that had read or "
            "written such a picture, expected a new process; start it with the method spawn"
        )
    return pyvips
