"""Pictures as arrays of 8 bits per sample, as evaluation, training and comparison read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from iqlut.pictures import reading
from iqlut.pictures.picture import Picture
from iqlut.planes.high_bit_depth import rounded_to_8_bits


def first_frame(picture: Picture) -> Image.Image:
    """The first frame of a picture as a Pillow image of 8 bits: L, LA, RGB, RGBA or CMYK."""
    frame = picture.frames[0]
    return frame if isinstance(frame, Image.Image) else Image.fromarray(rounded_to_8_bits(frame))


def read(file: Path) -> np.ndarray:
    """The first frame of a picture file: uint8 (h, w) if it is gray, otherwise (h, w, 3).

    Alpha is discarded, and samples of 16 bits are rounded to 8. Raises PictureError if the file
    cannot be read.
    """
    frame = first_frame(reading.read_file(file))
    return np.array(frame.convert("L" if frame.mode in ("L", "LA") else "RGB"))
