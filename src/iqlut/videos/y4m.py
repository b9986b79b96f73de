"""YUV4MPEG2: uncompressed frames behind a line of text, as programs pass videos to each other through pipes.

The header's words are kept as they are, but for the size. Nothing here needs a library.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

import numpy as np

from iqlut.file_kinds import Y4M_SIGNATURE
from iqlut.videos.frame_planes import Layout
from iqlut.videos.video_types import VideoError

_LINE_MAX = 1024
_SIDE_MAX = 65535
_SUBSAMPLING: dict[str, tuple[int, int] | None] = {
    "420": (1, 1), "422": (1, 0), "444": (0, 0), "411": (2, 0), "mono": None,
}  # fmt: skip
_CENTRED = ("420", "420jpeg")  # chroma in the middle of four pixels; elsewhere on the left ones
_CORNER = ("420paldv",)  # on the top left one


@dataclass(frozen=True)
class Header:
    """The first line of a video: its words, and what they say of the planes."""

    words: tuple[str, ...]
    layout: Layout

    def larger(self, scale: int) -> Header:
        """The header of the video `scale` times as wide and high."""
        layout = self.layout.larger(scale)
        sizes = {"W": layout.width, "H": layout.height}
        words = tuple(
            f"{word[0]}{sizes[word[0]]}" if word[0] in sizes else word for word in self.words
        )
        return Header(words, layout)

    def line(self) -> bytes:
        return b" ".join([Y4M_SIGNATURE, *(word.encode("ascii") for word in self.words)]) + b"\n"


def header(layout: Layout, rate: Fraction, aspect: Fraction | None, full_range: bool) -> Header:
    """The header of a video that was no y4m before."""
    names = {subsampling: name for name, subsampling in _SUBSAMPLING.items()}
    colour = names[layout.chroma]
    if layout.depth > 8:
        colour = f"{colour}{layout.depth}" if layout.chroma is None else f"{colour}p{layout.depth}"
    elif layout.chroma == (1, 1):
        colour += "mpeg2" if layout.sited[0] else "jpeg"
    words = [f"W{layout.width}", f"H{layout.height}", f"F{rate.numerator}:{rate.denominator}", "Ip"]
    words.append(f"A{aspect.numerator}:{aspect.denominator}" if aspect else "A0:0")
    return Header(
        (*words, f"C{colour}", f"XCOLORRANGE={'FULL' if full_range else 'LIMITED'}"), layout
    )


def read_header(file: BinaryIO, name: str) -> Header:
    """What stands before the first frame; VideoError if it is nothing we know."""
    line = file.readline(_LINE_MAX)
    words = line.decode("ascii", "replace").split()
    if not line.endswith(b"\n") or not words or words[0] != Y4M_SIGNATURE.decode():
        raise VideoError(
            f"{name} is no y4m video (it does not begin with {Y4M_SIGNATURE.decode()}); expected one"
        )
    facts = {word[0]: word[1:] for word in reversed(words[1:])}
    width, height = facts.get("W", ""), facts.get("H", "")
    if not all(side.isdecimal() and 1 <= int(side) <= _SIDE_MAX for side in (width, height)):
        raise VideoError(
            f"{name} is {width or '?'}x{height or '?'} pixels, expected 1 to {_SIDE_MAX} on each side"
        )
    chroma, depth, sited = _colour(facts.get("C", "420"), name)
    return Header(tuple(words[1:]), Layout(int(width), int(height), depth, chroma, sited))


def _colour(tag: str, name: str) -> tuple[tuple[int, int] | None, int, tuple[bool, bool]]:
    """Subsampling, depth and siting: the tag is 420jpeg, 422p10, mono12 and the like."""
    kind, depth = tag, "8"
    if tag.startswith("mono") and tag[4:].isdecimal():
        kind, depth = "mono", tag[4:]
    elif tag[3:4] == "p" and tag[4:].isdecimal():
        kind, depth = tag[:3], tag[4:]
    elif tag in ("420jpeg", "420mpeg2", "420paldv"):
        kind = "420"
    if kind not in _SUBSAMPLING or not 8 <= int(depth) <= 12:
        raise VideoError(
            f"{name} has the colour C{tag}, expected 420, 422, 444, 411 or mono of 8 to 12 bits"
        )
    return _SUBSAMPLING[kind], int(depth), (tag not in _CENTRED, tag in _CORNER)


def read_frames(
    file: BinaryIO, layout: Layout, name: str
) -> Generator[list[np.ndarray], None, None]:
    """The planes of each frame; VideoError where the last one is cut short."""
    item = np.dtype(layout.dtype).newbyteorder("<")
    count = 0
    while line := file.readline(_LINE_MAX):
        if not line.startswith(b"FRAME"):
            raise VideoError(
                f"{name} is damaged after frame {count}: a frame begins with FRAME; get it again"
            )
        planes = []
        for shape in layout.shapes():
            size = shape[0] * shape[1] * item.itemsize
            data = file.read(size)
            if len(data) < size:
                raise VideoError(f"{name} is cut short in frame {count}; get it again")
            planes.append(np.frombuffer(data, item).reshape(shape).astype(layout.dtype, copy=False))
        yield planes
        count += 1
    if count == 0:
        raise VideoError(f"{name} has no frames, expected at least one")


def write_frame(file: BinaryIO, planes: Sequence[np.ndarray]) -> None:
    """One frame behind the header."""
    file.write(b"FRAME\n")
    for plane in planes:
        file.write(np.ascontiguousarray(plane, plane.dtype.newbyteorder("<")).data)
