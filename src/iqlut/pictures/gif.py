"""GIF animations in which no frame is merged or dropped and each has its own palette."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from PIL import Image, ImageChops
from PIL.GifImagePlugin import getdata

from iqlut.pictures.picture import Box

_COLOURS = 256
_CLEARED, _RESTORED = 2, 3


def animation(
    frames: Sequence[tuple[Image.Image, Box, float, int]],
    plays: int,
    comments: Sequence[bytes] = (),
) -> bytes:
    """Encode an animation as the bytes of a GIF file.

    Each frame is (whole image, rectangle to write, duration in ms, disposal). `plays` is how often
    the animation is played, 0 meaning forever. `comments` are stored as they are.
    """
    width, height = frames[0][0].size
    parts = [b"GIF89a" + struct.pack("<HHBBB", width, height, 0x70, 0, 0)]
    if plays != 1:
        parts.append(b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", max(plays - 1, 0), 0))
    for comment in comments:
        blocks = (comment[start : start + 255] for start in range(0, len(comment), 255))
        parts += [b"!\xfe", *(bytes([len(block)]) + block for block in blocks), b"\0"]
    for image, box, duration_ms, disposal in frames:
        indexed, transparent = in_palette(image.crop(box))
        options = {
            "duration": 10 * round(duration_ms / 10),
            "disposal": disposal,
            "include_color_table": True,
        }
        if transparent is not None:
            options["transparency"] = transparent
        parts += getdata(indexed, box[:2], **options)
    return b"".join([*parts, b";"])


def in_palette(image: Image.Image) -> tuple[Image.Image, int | None]:
    """Reduce an image to a palette, and give the index of the transparent colour, if any.

    There is no dithering, so that the static parts of an animation do not flicker.
    """
    opaque = visible(image)
    colours = image.convert("RGB")
    if opaque is None:
        return _quantised(colours, _COLOURS), None
    colours.paste((0, 0, 0), mask=ImageChops.invert(opaque))
    indexed = _quantised(colours, _COLOURS - 1)
    indexed.paste(_COLOURS - 1, mask=ImageChops.invert(opaque))
    return indexed, _COLOURS - 1


def _quantised(image: Image.Image, colours: int) -> Image.Image:
    indexed = image.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    palette = indexed.getpalette() or []
    indexed.putpalette((palette + [0] * 768)[:768])
    return indexed


def visible(image: Image.Image) -> Image.Image | None:
    """A mask of mode L that is 255 where the image is more than half opaque, and 0 elsewhere.

    None means that the image is opaque everywhere.
    """
    if image.mode not in ("LA", "RGBA"):
        return None
    mask = image.getchannel("A").point([0] * 128 + [255] * 128)
    return None if mask.getextrema() == (255, 255) else mask


def drawable(frames: Sequence[Image.Image], disposals: Sequence[int]) -> tuple[int, ...]:
    """The disposals, changed to "cleared" where the next frame would otherwise be shown wrongly.

    A GIF frame can paint over the previous one, but cannot make its pixels transparent.
    """
    corrected = list(disposals)
    nothing = Image.new("L", frames[0].size, 0)
    everything = Image.new("L", frames[0].size, 255)
    below = nothing
    for i, frame in enumerate(frames):
        mask = visible(frame) or everything
        if i and ImageChops.subtract(below, mask).getbbox():
            corrected[i - 1], below = _CLEARED, nothing
        if corrected[i] == _CLEARED:
            below = nothing
        elif corrected[i] != _RESTORED:
            below = mask
    return tuple(corrected)
