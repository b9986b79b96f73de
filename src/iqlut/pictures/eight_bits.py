"""Pictures as arrays of 8 bits per sample: what evaluation, training and comparison read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from iqlut.pictures import reading
from iqlut.pictures.picture import Picture

_LEVEL = 257  # 16-bit steps in one of 8 bits: 255 becomes 65535


def rounded(samples: np.ndarray) -> np.ndarray:
    """Samples of 16 bits, uint16, as the nearest ones of 8 bits, uint8. Samples of 8 bits are returned as they are."""
    if samples.dtype == np.uint8:
        return samples
    return ((samples.astype(np.int32) + _LEVEL // 2) // _LEVEL).astype(np.uint8)


def first_frame(picture: Picture) -> Image.Image:
    """The first frame of a picture as a Pillow image of 8 bits: L, LA, RGB, RGBA or CMYK."""
    frame = picture.frames[0]
    return frame if isinstance(frame, Image.Image) else Image.fromarray(rounded(frame))


def read(file: Path) -> np.ndarray:
    """The first frame of a picture file: uint8 (h, w) if it is gray, else (h, w, 3); alpha is left out.

    Samples of 16 bits are rounded to 8. PictureError says in one sentence why there is no picture.
    """
    frame = first_frame(reading.read_file(file))
    return np.array(frame.convert("L" if frame.mode in ("L", "LA") else "RGB"))
