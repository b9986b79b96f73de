"""The header of a picture file, by which limits are checked before its pixels are decoded."""

from __future__ import annotations

from PIL import Image

from iqlut.pictures import orientation
from iqlut.pictures.bits_per_sample import bits_per_sample
from iqlut.pictures.picture import PictureHeader
from iqlut.planes import pillow_modes


def header_of(
    data: bytes, image: Image.Image, frames: int, stated_orientation: int | None
) -> PictureHeader:
    """The header of a file with the content `data`, which Pillow has opened as `image`."""
    mode = pillow_modes.mode_for(image) or image.mode
    return PictureHeader(
        str(image.format),
        orientation.upright_size(image.size, stated_orientation),
        Image.getmodebands(mode),
        16 if bits_per_sample(data, image) > 8 else 8,
        frames,
    )
