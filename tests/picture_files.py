"""Small picture files, good and bad, for the tests of commands."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def noise(mode: str, size: tuple[int, int]) -> Image.Image:
    """A picture of random bytes, (width, height)."""
    rng = np.random.default_rng(3)
    bands = [
        Image.fromarray(rng.integers(0, 256, size[::-1], np.uint8))
        for _ in Image.new(mode, (1, 1)).getbands()
    ]
    return bands[0].convert(mode) if mode in ("1", "P") else Image.merge(mode, bands)


def opened(path: Path) -> Image.Image:
    """The picture in a file, decoded, the file closed."""
    with Image.open(path) as image:
        image.load()
        return image


def encoded(image: Image.Image, format_name: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format_name, **options)
    return file.getvalue()


def png(
    width: int, height: int, bits: int, rows: int | None = None, interlaced: bytes = b""
) -> bytes:
    """A black RGB picture as a PNG file, assembled from its chunks.

    Pillow cannot write 16-bit RGB, a size of zero, or a header that contradicts the data. If
    `interlaced` is given, it holds the rows of the seven passes.
    """

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    lines = interlaced or (b"\0" + bytes(width * 3 * bits // 8)) * (
        height if rows is None else rows
    )
    header = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, bool(interlaced))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


def save_kinds(folder: Path) -> dict[Path, str]:
    """A file for each format and kind of colour; which mode its upscaling has."""
    palette = noise("RGB", (6, 4)).quantize(16)
    kinds: dict[str, tuple[Image.Image, str, dict[str, Any]]] = {
        "bilevel.png": (noise("1", (6, 4)), "L", {}),
        "gray.png": (noise("L", (6, 4)), "L", {}),
        "gray_alpha.png": (noise("LA", (6, 4)), "LA", {}),
        "gray_key.png": (noise("L", (6, 4)), "LA", {"transparency": 7}),
        "palette.png": (palette, "RGB", {}),
        "palette_key.png": (palette, "RGBA", {"transparency": 3}),
        "rgb.png": (noise("RGB", (6, 4)), "RGB", {}),
        "rgba.png": (noise("RGBA", (6, 4)), "RGBA", {}),
        "one.png": (noise("RGB", (1, 1)), "RGB", {}),
        "gray.jpg": (noise("L", (6, 4)), "L", {}),
        "rgb.jpg": (noise("RGB", (6, 4)), "RGB", {}),
        "inks.jpg": (noise("CMYK", (6, 4)), "CMYK", {}),
        "rgb.webp": (noise("RGB", (6, 4)), "RGB", {}),
        "rgba.webp": (noise("RGBA", (6, 4)), "RGBA", {"lossless": True}),
        "gray_alpha.tif": (noise("LA", (6, 4)), "LA", {}),
        "inks.tif": (noise("CMYK", (6, 4)), "CMYK", {}),
        "rgb.bmp": (noise("RGB", (6, 4)), "RGB", {}),
        "gray.pgm": (noise("L", (6, 4)), "L", {}),
        "rgba.tga": (noise("RGBA", (6, 4)), "RGBA", {}),
    }
    for name, (image, _, options) in kinds.items():
        image.save(folder / name, **options)
    return {folder / name: mode for name, (_, mode, _) in kinds.items()}


_PNG = encoded(noise("RGB", (64, 64)), "PNG")
_JPEG = encoded(noise("RGB", (64, 64)), "JPEG")
_GRAY_16 = Image.fromarray(np.full((4, 4), 40_000, np.uint16))
_GIF = encoded(
    noise("P", (60, 60)), "GIF", save_all=True, append_images=[noise("P", (60, 60)).rotate(90)]
)
_FRAMES = {"save_all": True, "append_images": [Image.new("L", (5, 5), 99)]}
BAD: dict[str, tuple[bytes | None, str]] = {  # content, words of the complaint
    "missing": (None, "check the name"),
    "empty": (b"", "0 bytes"),
    "text": (b"Dear all,\nthis is a letter.\n", "not a picture"),
    "png_cut_short": (_PNG[:5000], "damaged or cut short"),
    "jpeg_cut_short": (_JPEG[:2500], "damaged or cut short"),
    "header_only": (_PNG[:20], "incomplete"),
    "lying_header": (png(40, 4000, 8, rows=3), "damaged or cut short"),
    "wrong_checksum": (_PNG[:200] + bytes([_PNG[200] ^ 1]) + _PNG[201:], "damaged or cut short"),
    "animation_cut_short": (_GIF[: len(_GIF) // 2], "damaged or cut short"),
    "zero_wide": (png(0, 4, 8), "not a picture"),
    "16_bit_jpeg_2000": (encoded(_GRAY_16, "JPEG2000"), "16 bits per sample"),
    "16_bit_ppm": (b"P6\n# deep\n1 1 65535\n" + bytes(6), "16 bits per sample"),
    "phone.heic": (
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99),
        "phone.heic is",
    ),
    "new.jxl": (b"\xff\x0a" + bytes(99), "is JPEG XL, which is not a supported"),
    "thumbnail.nef": (encoded(noise("RGB", (16, 12)), "TIFF"), "a camera raw file"),
    "float_tiff": (encoded(noise("L", (4, 4)).convert("F"), "TIFF"), "floating-point samples"),
    "signed_16_bit_tiff": (encoded(_GRAY_16, "TIFF", tiffinfo={339: 2}), "signed samples"),
    "signed_tiff": (encoded(noise("L", (4, 4)), "TIFF", tiffinfo={339: 2}), "signed samples"),
    "several_pages": (encoded(noise("L", (4, 4)), "TIFF", **_FRAMES), "holds 2 pictures"),
}
