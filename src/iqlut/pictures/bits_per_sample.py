"""Bits per sample as a picture file states them.

Pillow opens several formats of more than 8 bits as 8 bits without any warning.
"""

from __future__ import annotations

from PIL import Image
from PIL.TiffImagePlugin import BITSPERSAMPLE, SAMPLEFORMAT

_DEEP_MODES = {"I": 32, "F": 32}
_UNUSUAL = {2: "signed", 3: "floating-point"}  # by the SampleFormat of TIFF


def bits_per_sample(data: bytes, image: Image.Image) -> int:
    """The bit depth of a picture file, at least 8.

    `data` is the content of the file, and `image` the opened file, which need not be loaded.
    """
    if image.mode.startswith("I;16"):
        return 16
    stated = _STATED.get(image.format or "", lambda _data, _image: 8)(data, image)
    return max(stated, _DEEP_MODES.get(image.mode, 8))


def unusual_samples(image: Image.Image) -> str | None:
    """What the samples of an opened TIFF file are, if not unsigned integers; else None.

    Pillow reads signed samples as if they were unsigned.
    """
    stated = getattr(image, "tag_v2", {}).get(SAMPLEFORMAT, 1)
    formats = stated if isinstance(stated, tuple) else (stated,)
    return next((_UNUSUAL[one] for one in formats if one in _UNUSUAL), None)


def _png(data: bytes, image: Image.Image) -> int:
    """Byte 24 of the file is the bit depth in IHDR, which is always the first chunk."""
    return data[24] if len(data) > 24 else 8


def _tiff(data: bytes, image: Image.Image) -> int:
    bits = getattr(image, "tag_v2", {}).get(BITSPERSAMPLE, 8)
    return max(bits) if isinstance(bits, tuple) else int(bits)


def _netpbm(data: bytes, image: Image.Image) -> int:
    """The fourth word of the header is the largest sample value; bitmaps (P1, P4) have none."""
    lines = (line.split(b"#")[0] for line in data[:1024].splitlines())
    words = b" ".join(lines).split()
    if len(words) > 3 and words[0] in (b"P2", b"P3", b"P5", b"P6") and words[3].isdigit():
        return int(words[3]).bit_length()
    return 8


def _jpeg2000(data: bytes, image: Image.Image) -> int:
    """Ssiz of the first component lies 38 bytes after the SIZ marker and its length field."""
    start = data.find(b"\xff\x4f\xff\x51")
    return (data[start + 42] & 0x7F) + 1 if 0 <= start < len(data) - 42 else 8


def _avif(data: bytes, image: Image.Image) -> int:
    """The third byte of the av1C box contains the flags high_bitdepth and twelve_bit."""
    start = data.find(b"av1C")
    if not 0 <= start < len(data) - 6:
        return 8
    flags = data[start + 6]
    return (12 if flags & 0x20 else 10) if flags & 0x40 else 8


def _heif(data: bytes, image: Image.Image) -> int:
    """Byte 17 of the hvcC box holds the bit depth of luma minus 8 (ISO/IEC 14496-15)."""
    start = data.find(b"hvcC")
    return 8 + (data[start + 21] & 7) if 0 <= start < len(data) - 21 else 8


def _sgi(data: bytes, image: Image.Image) -> int:
    return 8 * data[3]


_STATED = {
    "PNG": _png,
    "TIFF": _tiff,
    "PPM": _netpbm,
    "JPEG2000": _jpeg2000,
    "AVIF": _avif,
    "HEIF": _heif,
    "SGI": _sgi,
}
