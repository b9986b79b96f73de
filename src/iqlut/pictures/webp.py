"""The container of WebP (RIFF).

This module reads what Pillow does not report, and writes animations in which no frame is merged or
dropped.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from PIL import Image

from iqlut.pictures.contents import Contents
from iqlut.pictures.picture import Box

_DISPOSE, _REPLACE = 1, 2  # frame flags: clear it after display; do not blend it
_PICTURE = (b"ALPH", b"VP8 ", b"VP8L")
_FLAGS = {b"ANIM": 0x02, b"XMP ": 0x04, b"EXIF": 0x08, b"ICCP": 0x20}
_ALPHA = 0x10


def chunks(data: bytes, place: int = 12) -> Iterator[tuple[bytes, bytes]]:
    """The names and contents of all chunks from byte `place` on, the first one by default."""
    while place + 8 <= len(data):
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        yield name, data[place + 8 : place + 8 + size]
        place += 8 + size + size % 2


def contents(data: bytes) -> Contents:
    """Take a WebP file apart; `pixels` is the file itself, as its decoder ignores metadata."""
    names = {b"EXIF": "exif", b"XMP ": "xmp", b"ICCP": "icc_profile"}
    extras = {names[name]: content for name, content in chunks(data) if name in names}
    return Contents(data, extras)


def is_lossless(data: bytes) -> bool:
    """Whether the first frame is stored without loss, in a VP8L chunk."""
    for name, content in chunks(data):
        if name == b"ANMF":
            return any(inner == b"VP8L" for inner, _ in chunks(content, 16))
        if name in (b"VP8L", b"VP8 "):
            return name == b"VP8L"
    return False


def disposals(data: bytes) -> list[int]:
    """The disposal of each frame, numbered as in GIF: 1, it stays; 2, it is cleared."""
    return [1 + (content[15] & _DISPOSE) for name, content in chunks(data) if name == b"ANMF"]


def animation(
    frames: Sequence[tuple[Image.Image, Box, float, int]],
    plays: int,
    options: dict[str, Any],
    extras: dict[str, Any],
) -> bytes:
    """Encode an animation as the bytes of a WebP file.

    Each frame is (whole image, rectangle to write, duration in ms, disposal). `plays` is how often
    the animation is played, 0 meaning forever. `options` are those of Pillow's `save`, and `extras`
    is the metadata as Pillow's WebP encoder takes it.
    """
    first = frames[0][0]
    metadata = dict(chunks(_saved(first.crop((0, 0, 1, 1)), options | extras)))
    body = [(b"ANIM", struct.pack("<IH", 0, plays))]
    for image, box, duration_ms, disposal in frames:
        part = image.crop(box)
        numbers = (box[0] // 2, box[1] // 2, part.width - 1, part.height - 1, round(duration_ms))
        header = b"".join(number.to_bytes(3, "little") for number in numbers)
        flags = _REPLACE | (_DISPOSE if disposal == 2 else 0)
        picture = (
            (name, content) for name, content in chunks(_saved(part, options)) if name in _PICTURE
        )
        body.append((b"ANMF", header + bytes([flags]) + _joined(picture)))
    if b"ICCP" in metadata:
        body.insert(0, (b"ICCP", metadata[b"ICCP"]))
    body += [(name, metadata[name]) for name in (b"EXIF", b"XMP ") if name in metadata]
    flags = _ALPHA * (first.mode in ("LA", "RGBA")) | sum(
        _FLAGS.get(name, 0) for name in dict(body)
    )
    canvas = b"".join((side - 1).to_bytes(3, "little") for side in first.size)
    content = b"WEBP" + _joined([(b"VP8X", struct.pack("<I", flags) + canvas), *body])
    return b"RIFF" + struct.pack("<I", len(content)) + content


def _joined(parts: Any) -> bytes:
    return b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in parts
    )


def _saved(image: Image.Image, options: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    image.save(file, "WEBP", **options)
    return file.getvalue()
