"""Track entries of Matroska headers, read and edited as bytes (RFC 8794, RFC 9559).

PyAV does not show the chroma siting of a stream and cannot set some properties of a track, but a
Matroska header states them all. A header of FFmpeg in memory tells what a stream is like, and the
finished header of a file is edited in place.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator, Mapping
from mmap import mmap
from pathlib import Path
from typing import Any

import av
import av.error

SEGMENT, TRACKS, CLUSTER, SEEK_HEAD, CUES = (
    0x18538067, 0x1654AE6B, 0x1F43B675, 0x114D9B74, 0x1C53BB6B
)  # fmt: skip
TRACK_ENTRY, NAME, CODEC_ID, CODEC_PRIVATE, VIDEO, AUDIO = 0xAE, 0x536E, 0x86, 0x63A2, 0xE0, 0xE1
BLOCK_ADDITION_MAPPING, BLOCK_ADDITION_TYPE = 0x41E4, 0x41E7
COLOUR, PROJECTION, STEREO_MODE = 0x55B0, 0x7670, 0x53B8
SITING_ACROSS, SITING_DOWN = 0x55B7, 0x55B8
CROPS = (0x54BB, 0x54AA, 0x54CC, 0x54DD)  # top, bottom, left, right
DISPLAY_WIDTH, DISPLAY_HEIGHT, DISPLAY_UNIT = 0x54B0, 0x54BA, 0x54B2
_VOID, _CRC_32 = 0xEC, 0xBF
_HEADER_BYTES_MAX = 64 << 20  # attached files belong to the header

Edit = Callable[[bytes], bytes]
"""Maps the content of a track entry to another one."""


def elements(data: bytes | mmap, start: int = 0) -> Iterator[tuple[int, int, int, int]]:
    """The elements from `start` on: identifier, and where each begins, its content begins and ends.

    An element of unknown size extends to the end of the data.
    """
    while start < len(data):
        length = 9 - data[start].bit_length()
        number = int.from_bytes(data[start : start + length], "big")
        place = start + length
        width = 9 - data[place].bit_length()
        mask = (1 << (7 * width)) - 1
        size = int.from_bytes(data[place : place + width], "big") & mask
        begin = place + width
        end = len(data) if size == mask else begin + size
        yield number, start, begin, end
        start = end


def element(number: int, content: bytes) -> bytes:
    """One element, its size in 8 bytes."""
    identifier = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return identifier + (len(content) | 1 << 56).to_bytes(8, "big") + content


def integer(number: int, value: int) -> bytes:
    """An element that holds an unsigned integer."""
    return element(number, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def children(content: bytes) -> list[tuple[int, bytes]]:
    """The elements in the content of another one: identifier and content."""
    return [(number, content[begin:end]) for number, _, begin, end in elements(content)]


def child(content: bytes, number: int) -> bytes | None:
    """The content of the first child with this identifier, or None."""
    return next((inner for found, inner in children(content) if found == number), None)


def without(content: bytes, *numbers: int) -> bytes:
    """The content without the children with these identifiers."""
    return b"".join(
        content[start:end] for number, start, _, end in elements(content) if number not in numbers
    )


def tracks_in(header: bytes) -> tuple[int, int]:
    """Where the content of the Tracks element begins and ends in a file or its first bytes."""
    (segment,) = (begin for number, _, begin, _ in elements(header) if number == SEGMENT)
    for number, _, begin, end in elements(header, segment):
        if number == TRACKS:
            return begin, end
    raise ValueError("there is no Tracks element in the header")


def entry_of(stream: Any) -> bytes | None:
    """The track entry that FFmpeg writes for a copy of a stream, or None if Matroska has no codec.

    Audio codecs that Matroska stores with the header of a WAV file are among those that it has.
    """
    for name in ("track.mkv", "track.mka"):
        file = io.BytesIO()
        file.name = name  # type: ignore[attr-defined]  # selects the muxer
        try:
            with av.open(file, "w") as output:
                output.add_stream_from_template(stream, opaque=True)
                output.start_encoding()
                header = file.getvalue()
        except (ValueError, av.error.FFmpegError):
            continue
        begin, end = tracks_in(header)
        return child(header[begin:end], TRACK_ENTRY)
    return None


def edit_tracks(path: Path, edits: Mapping[int, Edit]) -> None:
    """Edit track entries of a file in place; `edits` are by position, counted from 0.

    The entries together must not become longer. What is left over is filled with a Void element.
    """
    with path.open("r+b") as file:
        header = file.read(_HEADER_BYTES_MAX)
        begin, end = tracks_in(header)
        parts, position, has_crc = [], 0, False
        for number, content in children(header[begin:end]):
            if number == TRACK_ENTRY:
                content = edits.get(position, bytes)(content)
                position += 1
            has_crc |= number == _CRC_32
            if number not in (_CRC_32, _VOID):
                parts.append(element(number, content))
        body = b"".join(parts)
        room = end - begin - len(body) - (6 if has_crc else 0)
        if room < 9:
            raise ValueError(f"the track entries need {9 - room} more bytes")
        body += element(_VOID, bytes(room - 9))
        if has_crc:
            body = bytes([_CRC_32, 0x84]) + zlib.crc32(body).to_bytes(4, "little") + body
        file.seek(begin)
        file.write(body)
