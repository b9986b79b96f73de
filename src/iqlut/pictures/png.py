"""The container of PNG.

This module writes animations in which no frame is merged or dropped, and checks that all pixels are
there. `png_metadata` has the metadata, and `apng` reads animations.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from PIL import Image

from iqlut.file_kinds import PNG_SIGNATURE
from iqlut.pictures.picture import Box

SIGNATURE = PNG_SIGNATURE
_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_DENOMINATOR_MAX = 65535
_INFLATED_BYTES = 1 << 20
_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The names and contents of all chunks, in order."""
    place = len(PNG_SIGNATURE)
    while place + 8 <= len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        yield data[place + 4 : place + 8], data[place + 8 : place + 8 + size]
        place += 12 + size


def check_checksums(data: bytes) -> None:
    """Raise ValueError if a chunk is cut short or its checksum is wrong."""
    place = len(PNG_SIGNATURE)
    for name, content in chunks(data):
        place += 12 + len(content)
        if data[place - 4 : place] != struct.pack(">I", zlib.crc32(name + content)):
            raise ValueError(f"the checksum of the chunk {name.decode('latin-1')} is wrong")


def joined(parts: Sequence[tuple[bytes, bytes]]) -> bytes:
    written = [PNG_SIGNATURE]
    for name, content in parts:
        written += [
            struct.pack(">I", len(content)),
            name,
            content,
            struct.pack(">I", zlib.crc32(name + content)),
        ]
    return b"".join(written)


def check_complete(data: bytes, image: Image.Image | None = None) -> None:
    """Raise ValueError if the pixel data end early.

    In such files, Pillow leaves the remaining samples at zero without raising an error. `image` is
    the decoded image. Pillow decodes it row by row into zeroed memory, so if its last row contains
    a sample other than zero, no row is missing and the data need not be decompressed again. This
    does not apply to interlaced files.
    """
    if image is not None and not _is_interlaced(data):
        last_row = image.crop((0, image.height - 1, image.width, image.height))
        if last_row.getbbox(alpha_only=False) is not None:
            return
    if _is_short(data):
        raise ValueError("there are fewer pixels than the header states")


def _is_interlaced(data: bytes) -> bool:
    """Byte 28 of the file is the interlace method in IHDR, which is always the first chunk."""
    return data[28] != 0


def _is_short(data: bytes) -> bool:
    """Whether the decompressed pixel data are shorter than the header demands."""
    parts = list(chunks(data))
    width, height, bits, kind = struct.unpack(">IIBB", parts[0][1][:10])
    bits_per_pixel = bits * {2: 3, 4: 2, 6: 4}.get(kind, 1)
    sizes = [(width, height)]
    if parts[0][1][12]:
        sizes = [(_covers(width, x, dx), _covers(height, y, dy)) for x, y, dx, dy in _ADAM7]
    missing = sum(h * (1 + (w * bits_per_pixel + 7) // 8) for w, h in sizes if w and h)
    inflate = zlib.decompressobj()
    for name, content in parts:
        rest = content if name == b"IDAT" else b""
        while rest and missing > 0 and not inflate.eof:
            missing -= len(inflate.decompress(rest, _INFLATED_BYTES))
            rest = inflate.unconsumed_tail
    while missing > 0 and (more := inflate.decompress(inflate.unconsumed_tail, _INFLATED_BYTES)):
        missing -= len(more)
    return missing > 0


def _covers(side: int, first: int, step: int) -> int:
    return (side - first + step - 1) // step


def saved(image: Image.Image) -> bytes:
    """Encode an image with Pillow as the bytes of a PNG file without metadata."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def with_metadata(pixels: bytes, metadata: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The pixels of a PNG file together with the chunks of `png_metadata.metadata_chunks`."""
    own = [part for part in chunks(pixels) if part[0] in _PIXELS]
    return joined([own[0], *metadata, *own[1:]])


def animation(
    frames: Sequence[tuple[Image.Image, Box, float, int]],
    plays: int,
    cover: Image.Image | None,
    metadata: Iterable[tuple[bytes, bytes]],
) -> bytes:
    """Encode an animation as the bytes of a PNG file.

    Each frame is (whole image, rectangle to write, duration in ms, disposal). `plays` is how often
    the animation is played, 0 meaning forever. `cover`, if given, is a still image for programs
    that do not support animations. `metadata` holds chunks, as `png_metadata` makes them.
    """
    still = list(chunks(saved(cover or frames[0][0])))
    parts = [still[0], (b"acTL", struct.pack(">II", len(frames), plays)), *metadata]
    pixels = b"".join(content for name, content in still if name == b"IDAT")
    if cover is not None:
        parts.append((b"IDAT", pixels))
    sequence = 0
    for index, (image, box, duration_ms, disposal) in enumerate(frames):
        parts.append((b"fcTL", _control(sequence, box, duration_ms, disposal)))
        sequence += 1
        if index == 0 and cover is None:
            parts.append((b"IDAT", pixels))
            continue
        data = b"".join(
            content for name, content in chunks(saved(image.crop(box))) if name == b"IDAT"
        )
        parts.append((b"fdAT", struct.pack(">I", sequence) + data))
        sequence += 1
    return joined([*parts, (b"IEND", b"")])


def _control(sequence: int, box: Box, duration_ms: float, disposal: int) -> bytes:
    left, top, right, bottom = box
    delay = Fraction(duration_ms / 1000).limit_denominator(_DENOMINATOR_MAX)
    if delay.numerator > _DENOMINATOR_MAX:
        delay = Fraction(min(round(delay), _DENOMINATOR_MAX))
    numbers = (sequence, right - left, bottom - top, left, top, delay.numerator, delay.denominator)
    return struct.pack(">IIIIIHHBB", *numbers, max(disposal - 1, 0), 0)  # 0: do not blend
