"""Properties of a video track beside its frames, which the upscaled track keeps.

They are the chroma siting, HDR10 records, spherical mapping, stereo mode, crop and pixel shape.
They travel as the elements of Matroska that describe them, whatever the container is.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from fractions import Fraction
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from iqlut.videos import matroska_tracks as matroska
from iqlut.videos.hdr_light_levels import light_elements

# FFmpeg's names of the values of the elements ChromaSitingHorz and ChromaSitingVert.
_NAMES = {
    (1, 2): "left", (2, 2): "center", (1, 1): "topleft", (2, 1): "top",
}  # fmt: skip
_NAMED = {
    matroska.PROJECTION: "spherical mapping",
    matroska.STEREO_MODE: "stereo mode",
    **dict.fromkeys(matroska.CROPS, "crop"),
}
_NAMED_OF_COLOUR = {0x55D0: "mastering display", 0x55BC: "content light level"}
_DOLBY_VISION = (b"dvcC", b"dvvC", b"dvwC")
# Side data of a frame that belong to this very frame, and what they are.
_OF_SINGLE_FRAMES = {
    "DOVI_RPU_BUFFER": "Dolby Vision metadata",
    "DOVI_METADATA": "Dolby Vision metadata",
    "DYNAMIC_HDR_PLUS": "HDR10+ metadata",
    "DYNAMIC_HDR_VIVID": "HDR Vivid metadata",
    "A53_CC": "closed captions",
}
_ASPECT_RATIO = 3  # a value of the element DisplayUnit
_CUBEMAP = 1  # a value of the element ProjectionType
_PROJECTION_TYPE, _PROJECTION_PRIVATE = 0x7671, 0x7672


@dataclass(frozen=True)
class TrackProperties:
    """What a Matroska track entry says of a video.

    siting    FFmpeg's name of the chroma siting, or None if it is not stated
    elements  children of the element Video that hold for the upscaled video as well, in pixels of
              the source
    lost      what cannot be kept, because it belongs to single frames
    """

    siting: str | None = None
    elements: bytes = b""
    lost: tuple[str, ...] = ()

    @property
    def sited(self) -> tuple[bool, bool]:
        """Whether chroma is co-sited with the first luma samples (horizontally, vertically).

        Where nothing is stated, it is co-sited with the left ones and centred vertically.
        """
        return self.siting in (None, "left", "topleft"), self.siting in ("topleft", "top")

    def names(self) -> set[str]:
        """The properties in words."""
        found = {
            _NAMED[number] for number, _ in matroska.children(self.elements) if number in _NAMED
        }
        colour = matroska.child(self.elements, matroska.COLOUR) or b""
        return found | {
            _NAMED_OF_COLOUR[number]
            for number, _ in matroska.children(colour)
            if number in _NAMED_OF_COLOUR
        }


def properties_of(stream: Any, frame: Any) -> TrackProperties:
    """The properties of a video stream, and of its first decoded frame if that is not None."""
    entry = matroska.entry_of(stream) or b""
    video = matroska.child(entry, matroska.VIDEO) or b""
    colour = matroska.child(video, matroska.COLOUR) or b""
    siting = _siting(colour) or _siting_of_codec(stream)
    light = light_elements(frame) if frame else b""
    if light:
        colour = matroska.without(colour, *_NAMED_OF_COLOUR, 0x55BD) + light
    kept = [(number, content) for number, content in matroska.children(video) if number in _NAMED]
    if colour:
        kept.append((matroska.COLOUR, colour))
    lost = {
        _OF_SINGLE_FRAMES[data.type.name]
        for data in (frame.side_data if frame else ())
        if data.type.name in _OF_SINGLE_FRAMES
    }
    mappings = [c for n, c in matroska.children(entry) if n == matroska.BLOCK_ADDITION_MAPPING]
    if any(matroska.child(c, matroska.BLOCK_ADDITION_TYPE) in _DOLBY_VISION for c in mappings):
        lost.add("Dolby Vision metadata")
    elements = b"".join(matroska.element(number, content) for number, content in kept)
    return TrackProperties(siting, elements, tuple(sorted(lost)))


def _siting(colour: bytes) -> str | None:
    values = (
        matroska.child(colour, number) for number in (matroska.SITING_ACROSS, matroska.SITING_DOWN)
    )
    across, down = (int.from_bytes(value or b"", "big") for value in values)
    return _NAMES.get((across, down))


def _siting_of_codec(stream: Any) -> str | None:
    """The siting that the standard of a codec prescribes which Matroska does not have."""
    return "topleft" if stream.codec_context.name == "dvvideo" else None


def template(segment: Path, properties: TrackProperties, scale: Fraction) -> io.BytesIO:
    """The beginning of a segment, up to its first frames, with these properties in its header.

    A stream of this file is a template from which every container is told the properties.
    """
    with segment.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        top = {number: places for number, *places in matroska.elements(data)}
        parts = []
        for number, _, begin, end in matroska.elements(data, top[matroska.SEGMENT][1]):
            content = data[begin:end]
            if number == matroska.TRACKS:
                entry = matroska.child(content, matroska.TRACK_ENTRY) or b""
                content = matroska.element(
                    matroska.TRACK_ENTRY, described(entry, properties, scale)
                )
            if number not in (matroska.SEEK_HEAD, matroska.CUES):
                parts.append(matroska.element(number, content))
            if number == matroska.CLUSTER:
                break
        head = data[: top[matroska.SEGMENT][0]]
    return io.BytesIO(head + matroska.element(matroska.SEGMENT, b"".join(parts)))


def described(entry: bytes, properties: TrackProperties, scale: Fraction) -> bytes:
    """A track entry with the properties of a track whose frames are `scale` times smaller."""
    video = matroska.child(entry, matroska.VIDEO) or b""
    added = [
        _scaled(number, content, scale)
        for number, content in matroska.children(properties.elements)
    ]
    numbers = [number for number, _ in matroska.children(properties.elements)]
    video = matroska.without(video, *numbers) + b"".join(added)
    return matroska.without(entry, matroska.VIDEO) + matroska.element(matroska.VIDEO, video)


def _scaled(number: int, content: bytes, scale: Fraction) -> bytes:
    """An element for a track whose frames are `scale` times larger."""
    if number in matroska.CROPS:
        return matroska.integer(number, round(int.from_bytes(content, "big") * scale))
    if number == matroska.PROJECTION:
        kind = int.from_bytes(matroska.child(content, _PROJECTION_TYPE) or b"", "big")
        private = matroska.child(content, _PROJECTION_PRIVATE) or b""
        if kind == _CUBEMAP and len(private) == 12:
            flags, layout, padding_px = struct.unpack(">3I", private)
            private = struct.pack(">3I", flags, layout, round(padding_px * scale))
            content = matroska.without(content, _PROJECTION_PRIVATE)
            content += matroska.element(_PROJECTION_PRIVATE, private)
    return matroska.element(number, content)


def with_display_size(entry: bytes, aspect: Fraction | None) -> bytes:
    """A track entry that states the pixel aspect ratio of its video, width to height, or 1."""
    video = matroska.child(entry, matroska.VIDEO) or b""
    width, height = (
        int.from_bytes(matroska.child(video, number) or b"", "big") for number in (0xB0, 0xBA)
    )
    shape = Fraction(width, height) * (aspect or 1)
    if (shape * height).denominator == 1:
        shown, unit = (int(shape * height), height), b""  # a size in pixels
    else:
        shown = (shape.numerator, shape.denominator)
        unit = matroska.integer(matroska.DISPLAY_UNIT, _ASPECT_RATIO)
    size = unit + b"".join(
        map(matroska.integer, (matroska.DISPLAY_WIDTH, matroska.DISPLAY_HEIGHT), shown)
    )
    video = size + matroska.without(
        video, matroska.DISPLAY_WIDTH, matroska.DISPLAY_HEIGHT, matroska.DISPLAY_UNIT
    )
    return matroska.without(entry, matroska.VIDEO) + matroska.element(matroska.VIDEO, video)
