"""The Pillow modes that can be upscaled, and the mode that each is converted to before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

CONVERTED_TO = {
    "1": "L", "L": "L", "La": "LA", "LA": "LA", "P": "RGB", "RGB": "RGB", "RGBX": "RGB",
    "YCbCr": "RGB", "HSV": "RGB", "PA": "RGBA", "RGBa": "RGBA", "RGBA": "RGBA", "CMYK": "CMYK",
}  # fmt: skip
_WITH_ALPHA = {"L": "LA", "RGB": "RGBA"}


def mode_for(image: Image) -> str | None:
    """The mode that an image is converted to, with alpha if it has any transparency.

    One of L, LA, RGB, RGBA and CMYK, or None for a mode that cannot be upscaled.
    """
    mode = CONVERTED_TO.get(image.mode)
    return _WITH_ALPHA.get(mode, mode) if mode and image.has_transparency_data else mode
