"""Reading of animated PNG files, whose frames are composed as browsers compose them.

Each frame is decoded as a PNG file of its own and composed by the rules of W3C PNG, third edition,
section 13. Pillow composes pixels that are partly transparent wrongly.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from PIL import Image

from iqlut.pictures import opening, png, transparent_colours
from iqlut.pictures.picture import Box, Motion

_BACKGROUND, _PREVIOUS = 1, 2  # disposals; 0 leaves the frame in place
_OVER = 1  # the blending; 0 replaces the pixels
_CONTROL_BYTES = 26


@dataclass(frozen=True)
class _Frame:
    box: Box
    duration_ms: float
    disposal: int
    blending: int
    data: bytes


def plays(data: bytes) -> int | None:
    """How often an animation is played, 0 meaning forever; None for a still picture."""
    for name, content in png.chunks(data):
        if name == b"acTL" and len(content) == 8:
            return struct.unpack(">II", content)[1]
        if name == b"IDAT":
            return None
    return None


def frame_count(data: bytes) -> int:
    """The number of frames, including a cover."""
    if plays(data) is None:
        return 1
    names = [name for name, _ in png.chunks(data) if name in (b"fcTL", b"IDAT")]
    return names.count(b"fcTL") + (names[:1] == [b"IDAT"])


def read(data: bytes) -> tuple[list[Image.Image], Motion]:
    """Decode and compose all frames of an animation. Raises ValueError if it is damaged."""
    png.check_checksums(data)
    parts = list(png.chunks(data))
    header, shared = parts[0][1], [part for part in parts if part[0] in (b"PLTE", b"tRNS")]
    size: tuple[int, int] = struct.unpack(">II", header[:8])
    cover, frames = _split(parts, size)
    if not frames:
        raise ValueError("there is no frame")
    canvas = Image.new("RGBA", size)
    composed = []
    for number, frame in enumerate(frames):
        piece = _decoded(header, shared, frame.box, frame.data)
        before = canvas.copy()
        if frame.blending == _OVER:
            canvas.alpha_composite(piece, frame.box[:2])
        else:
            canvas.paste(piece, frame.box)
        composed.append(canvas.copy())
        if frame.disposal == _BACKGROUND or (frame.disposal == _PREVIOUS and number == 0):
            canvas.paste((0, 0, 0, 0), frame.box)
        elif frame.disposal == _PREVIOUS:
            canvas = before
    if cover is not None:
        composed.insert(0, _decoded(header, shared, (0, 0, *size), cover))
    motion = Motion(
        tuple(frame.duration_ms for frame in frames),
        tuple(frame.disposal + 1 for frame in frames),
        plays(data) or 0,
        cover is not None,
    )
    return _simplified(composed, header[9], bool(shared) and shared[-1][0] == b"tRNS"), motion


def _split(
    parts: list[tuple[bytes, bytes]], size: tuple[int, int]
) -> tuple[bytes | None, list[_Frame]]:
    """The compressed pixels of the cover, if it is no frame, and the frames."""
    pending: tuple[Box, float, int, int] | None = None
    compressed: list[bytes] = []
    cover: bytes | None = None
    frames: list[_Frame] = []

    def end_frame() -> None:
        nonlocal cover
        if pending is not None:
            frames.append(_Frame(*pending, b"".join(compressed)))
        elif compressed:
            cover = b"".join(compressed)
        compressed.clear()

    for name, content in parts:
        if name == b"fcTL":
            if pending is not None or compressed:
                end_frame()
            pending = _control(content, size)
        elif name in (b"IDAT", b"fdAT"):
            compressed.append(content[4:] if name == b"fdAT" else content)
    end_frame()
    return cover, frames


def _control(content: bytes, size: tuple[int, int]) -> tuple[Box, float, int, int]:
    """The rectangle, duration in ms, disposal and blending of a frame."""
    if len(content) != _CONTROL_BYTES:
        raise ValueError("the control of a frame is cut short")
    width, height, left, top, delay, unit, disposal, blending = struct.unpack(
        ">IIIIHHBB", content[4:]
    )
    if not (0 < width <= size[0] - left and 0 < height <= size[1] - top and disposal <= _PREVIOUS):
        raise ValueError("a frame lies outside of the picture")
    return (left, top, left + width, top + height), 1000 * delay / (unit or 100), disposal, blending


def _decoded(
    header: bytes, shared: list[tuple[bytes, bytes]], box: Box, compressed: bytes
) -> Image.Image:
    """Decode one frame to RGBA."""
    size = struct.pack(">II", box[2] - box[0], box[3] - box[1])
    data = png.joined(
        [(b"IHDR", size + header[8:]), *shared, (b"IDAT", compressed), (b"IEND", b"")]
    )
    with opening.open_image(data, ("PNG",)) as image:
        image.load()
        png.check_complete(data, image)
        transparent_colours.correct(data, image)
        return image.convert("RGBA")


def _simplified(frames: list[Image.Image], colour_type: int, has_key: bool) -> list[Image.Image]:
    """The frames without alpha if the file has none, and gray if it is gray."""
    is_gray, has_alpha = colour_type in (0, 4), colour_type in (4, 6) or has_key
    if not has_alpha:
        opaque = all(frame.getchannel("A").getextrema() == (255, 255) for frame in frames)
        has_alpha = not opaque
    mode = {(True, True): "LA", (True, False): "L", (False, True): "RGBA"}.get(
        (is_gray, has_alpha), "RGB"
    )
    return [frame.convert(mode) for frame in frames]
