"""The transparent colour of PNG files of less than 8 bits per sample.

Pillow widens the samples to 8 bits, but not the colour in the tRNS chunk, which then matches none.
"""

from __future__ import annotations

from PIL import Image

from iqlut.pictures import png

_GRAY = 0


def correct(data: bytes, image: Image.Image) -> None:
    """Correct the transparent gray value in `image.info` of an opened PNG file.

    `data` is the content of the file.
    """
    header = b""
    for name, content in png.chunks(data):
        if name == b"IHDR":
            header = content
        elif name == b"tRNS" and len(header) == 13 and len(content) == 2:
            bits, colour_type = header[8], header[9]
            if colour_type == _GRAY and bits < 8:
                largest = (1 << bits) - 1
                image.info["transparency"] = (content[1] & largest) * 255 // largest
        elif name == b"IDAT":
            return
