"""YUV4MPEG2 (y4m): uncompressed frames after a line of text, a common format for pipes.

The fields of the header are kept unchanged, except for the size. No video library is required.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

import numpy as np

from iqlut.file_kinds import Y4M_SIGNATURE
from iqlut.videos.frame_planes import Layout
from iqlut.videos.video_types import VideoError

_LINE_MAX = 1024
_BYTES = "latin-1"  # a word may hold any bytes, and each becomes the character of its number
_SIDE_MAX = 65535
_SUBSAMPLING: dict[str, tuple[int, int] | None] = {
    "420": (1, 1), "422": (1, 0), "444": (0, 0), "411": (2, 0), "mono": None,
}  # fmt: skip
_CENTRED = (
    "420",
    "420jpeg",
)  # chroma is centred between four pixels; in other formats, it is on the left
_CORNER = ("420paldv",)  # chroma is on the top left pixel


@dataclass(frozen=True)
class Header:
    """The first line of a video: its fields, and the layout that they describe."""

    words: tuple[str, ...]
    layout: Layout

    def with_layout(self, layout: Layout) -> Header:
        """The header of the video with frames of another size, which show the same shape."""
        fields = {"W": f"W{layout.width}", "H": f"H{layout.height}"}
        before = self._aspect()
        after = self.layout.aspect_after(layout, before)
        words = tuple(fields.get(word[0], word) for word in self.words)
        if after != before:
            words = (*(word for word in words if word[0] != "A"), _aspect_word(after))
        return Header(words, layout)

    def _aspect(self) -> Fraction | None:
        """The pixel aspect ratio, or None if none is stated."""
        stated = [re.fullmatch(r"A(\d+):(\d+)", word, re.ASCII) for word in self.words]
        sides = [(int(found[1]), int(found[2])) for found in stated if found]
        return Fraction(*sides[0]) if sides and all(sides[0]) else None

    def line(self) -> bytes:
        return b" ".join([Y4M_SIGNATURE, *(word.encode(_BYTES) for word in self.words)]) + b"\n"


def header(layout: Layout, rate: Fraction, aspect: Fraction | None, full_range: bool) -> Header:
    """Make the header for a video of another format."""
    names = {subsampling: name for name, subsampling in _SUBSAMPLING.items()}
    colour = names[layout.chroma]
    if layout.depth > 8:
        colour = f"{colour}{layout.depth}" if layout.chroma is None else f"{colour}p{layout.depth}"
    elif layout.chroma == (1, 1):
        colour += {(True, True): "paldv", (True, False): "mpeg2"}.get(layout.sited, "jpeg")
    words = [f"W{layout.width}", f"H{layout.height}", f"F{rate.numerator}:{rate.denominator}", "Ip"]
    return Header(
        (
            *words,
            _aspect_word(aspect),
            f"C{colour}",
            f"XCOLORRANGE={'FULL' if full_range else 'LIMITED'}",
        ),
        layout,
    )


def _aspect_word(aspect: Fraction | None) -> str:
    return f"A{aspect.numerator}:{aspect.denominator}" if aspect else "A0:0"


def read_header(file: BinaryIO, name: str) -> Header:
    """Read the header, which precedes the first frame.

    `name` stands for the file in messages. Raises VideoError for an unsupported header.
    """
    line = file.readline(_LINE_MAX)
    words = [word.decode(_BYTES) for word in line.split()]
    if not line.endswith(b"\n") or not words or words[0] != Y4M_SIGNATURE.decode():
        raise VideoError(
            f"{name} is not a y4m video, expected a header line that begins with "
            f"{Y4M_SIGNATURE.decode()}; convert it to y4m first"
        )
    fields = {word[0]: word[1:] for word in reversed(words[1:])}
    width, height = fields.get("W", ""), fields.get("H", "")
    if not all(side.isdecimal() and 1 <= int(side) <= _SIDE_MAX for side in (width, height)):
        raise VideoError(
            f"{name} has {width or '?'}x{height or '?'} pixels, expected 1 to {_SIDE_MAX} on each "
            "side; correct its header"
        )
    chroma, depth, sited = _colour(fields.get("C", "420"), name)
    return Header(tuple(words[1:]), Layout(int(width), int(height), depth, chroma, sited))


def _colour(tag: str, name: str) -> tuple[tuple[int, int] | None, int, tuple[bool, bool]]:
    """Parse subsampling, depth and siting from a tag such as 420jpeg, 422p10 or mono12."""
    kind, depth = tag, "8"
    if tag.startswith("mono") and tag[4:].isdecimal():
        kind, depth = "mono", tag[4:]
    elif tag[3:4] == "p" and tag[4:].isdecimal():
        kind, depth = tag[:3], tag[4:]
    elif tag in ("420jpeg", "420mpeg2", "420paldv"):
        kind = "420"
    if kind not in _SUBSAMPLING or not 8 <= int(depth) <= 12:
        raise VideoError(
            f"{name} has the colour format C{tag}, expected 420, 422, 444, 411 or mono of 8 to 12 "
            "bits; convert it first"
        )
    return _SUBSAMPLING[kind], int(depth), (tag not in _CENTRED, tag in _CORNER)


def read_frames(
    file: BinaryIO, layout: Layout, name: str
) -> Generator[list[np.ndarray], None, None]:
    """The planes of each frame. Raises VideoError if the data are damaged or end within a frame."""
    item = np.dtype(layout.dtype).newbyteorder("<")
    count = 0
    while line := file.readline(_LINE_MAX):
        if not line.startswith(b"FRAME"):
            raise VideoError(
                f"{name} is damaged after frame {count}, expected the word FRAME; obtain the video "
                "again"
            )
        planes = []
        for shape in layout.shapes():
            size = shape[0] * shape[1] * item.itemsize
            data = file.read(size)
            if len(data) < size:
                raise VideoError(
                    f"{name} is cut short in frame {count}, expected {size} bytes for a plane; "
                    "obtain the video again"
                )
            planes.append(np.frombuffer(data, item).reshape(shape).astype(layout.dtype, copy=False))
        yield planes
        count += 1
    if count == 0:
        raise VideoError(f"{name} has no frames, expected at least one; obtain the video again")


def write_frame(file: BinaryIO, planes: Sequence[np.ndarray]) -> None:
    """Append one frame to a video whose header has been written."""
    file.write(b"FRAME\n")
    for plane in planes:
        file.write(np.ascontiguousarray(plane, plane.dtype.newbyteorder("<")).data)
