"""The properties of a video, from one pass over its packets."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from av.format import Flags

from iqlut.videos import time_line
from iqlut.videos.decoding import (
    WIDENED,
    frames_of,
    opened,
    packets_of,
    pixel_format_of,
    state_of,
)
from iqlut.videos.frame_planes import DEPTH_MAX, Layout
from iqlut.videos.hdr_light_levels import light_parameters
from iqlut.videos.stream_choice import chosen_streams, video_stream
from iqlut.videos.track_properties import TrackProperties, properties_of
from iqlut.videos.video_types import Colour, Corrections, Part, Video, VideoError

if TYPE_CHECKING:
    from av.container import InputContainer

_SUBSAMPLING = {
    "yuv420p": (1, 1),
    "yuv422p": (1, 0),
    "yuv444p": (0, 0),
    "yuv411p": (2, 0),
    "yuv440p": (0, 1),
}
# The containers whose header states the duration.
_HEADER_STATES_LENGTH = ("matroska", "mov", "avi", "asf", "flv")
_CUT_SHORT_S = 1.0
_FULL_RANGE = 2


@dataclass
class Count:
    """The number of frames and the end time of the video, from a pass over all packets."""

    frames: int
    end_s: float
    start_s: Fraction
    corrections: Corrections
    packets: dict[int, int]


def probe(path: Path, part: Part, streams: str | None = None) -> Video:
    """The properties of the video at `path`, of which `streams` are kept.

    One pass over all packets decodes the first frame and counts the others. Raises VideoError if
    the video cannot be upscaled or has no frames in `part`.
    """
    with opened(path) as container:
        state = state_of(path)
        kept = chosen_streams(list(container.streams), streams, path)
        stream = video_stream(kept, path)
        _check_alpha(stream, path)
        stream.thread_type = "AUTO"
        first, count = _first_frame_and_count(container, stream, path)
        _check_count(container, path, part, count)
        rate = _rate(container, stream)
        properties = properties_of(stream, first)
        layout, pixel_format = _layout(first, properties.sited, path)
        return Video(
            path=path,
            state=state,
            stream=stream.index,
            kept=tuple(one.index for one in kept),
            layout=layout,
            pixel_format=pixel_format,
            frames=part.count(count.frames),
            time_base=stream.time_base or 1 / Fraction(rate),
            rate=rate,
            colour=_colour(first),
            aspect=stream.sample_aspect_ratio or None,
            turn=_display_matrix(first),
            light=light_parameters(first),
            properties=properties,
            start_s=count.start_s,
            corrections=count.corrections,
            packets=count.packets,
            notes=_notes(first, properties, path),
        )


def _rate(container: InputContainer, stream: Any) -> Fraction:
    """The mean frame rate; of a raw stream, whose packets have no times, the one that it states."""
    is_raw = container.format.flags & Flags.no_timestamps.value
    rates = stream.average_rate, stream.guessed_rate
    return next(filter(None, reversed(rates) if is_raw else rates), Fraction(25))


def _first_frame_and_count(container: InputContainer, stream: Any, path: Path) -> tuple[Any, Count]:
    """The first frame that can be decoded, and the counts of all packets in the file."""
    observer = time_line.ClockObserver(container, stream.index)
    frames, end_s, first = 0, Fraction(0), None
    for packet in packets_of(container, path):
        is_own = packet.stream.index == stream.index
        if first is None and is_own:
            first = next(iter(frames_of(packet, [])), None)
        if time_line.is_end(packet):
            continue
        offset_s = observer.correct(packet)
        frames += is_own and not packet.is_discard
        time = packet.pts if packet.pts is not None else packet.dts
        if time is not None:
            time_s = (time + (packet.duration or 0)) * packet.time_base
            end_s = max(end_s, time_s + offset_s + observer.start_s)
    if first is None:
        raise VideoError(
            f"{path} has no frames that can be decoded, expected at least one; obtain the "
            "file again"
        )
    found = observer.corrections(), observer.packets()
    return first, Count(frames, float(end_s), observer.start_s, *found)


def _check_count(container: InputContainer, path: Path, part: Part, count: Count) -> None:
    """Raise VideoError if the part has no frames or the video is shorter than its header says."""
    if part.count(count.frames) == 0:
        raise VideoError(
            f"{path} has {count.frames} frames, expected more than {part.first}, the first frame "
            "to upscale; correct --frames"
        )
    stated_s = (container.duration or 0) / av.time_base
    if not part.whole or not container.format.name.startswith(_HEADER_STATES_LENGTH):
        return
    if count.end_s < stated_s - _CUT_SHORT_S:
        raise VideoError(
            f"{path} is cut short and ends after {count.end_s:.1f} s, expected {stated_s:.1f} s; "
            f"obtain the file again, or upscale the existing frames with --frames 0:{count.frames}"
        )


def _check_alpha(stream: Any, path: Path) -> None:
    """Raise VideoError for transparency that is coded beside the frames, as in VP8 and VP9."""
    if stream.metadata.get("alpha_mode", stream.metadata.get("ALPHA_MODE")) == "1":
        raise VideoError(
            f"{path} has transparent pixels (alpha_mode 1), expected a video without alpha; "
            "convert it first"
        )


def _notes(frame: Any, properties: TrackProperties, path: Path) -> tuple[str, ...]:
    """Sentences about what is treated in another way than the user may expect."""
    notes = []
    if frame.interlaced_frame:
        notes.append(
            f"{path} is interlaced, but is upscaled as if it were progressive; deinterlace it first"
        )
    if frame.format.name in WIDENED:
        notes.append(
            f"the chroma of {path} is widened from 4:1:1 to 4:2:2, which more codecs can store"
        )
    notes += [
        f"the {lost} of {path} belong to single frames and are left out" for lost in properties.lost
    ]
    return tuple(notes)


def _layout(frame: Any, sited: tuple[bool, bool], path: Path) -> tuple[Layout, str]:
    """The layout of a frame's planes, and the name of their pixel format."""
    name = pixel_format_of(frame)
    base, depth = name.removesuffix("le"), 8
    for bits in range(9, DEPTH_MAX + 1):
        if base.endswith(str(bits)):
            base, depth = base.removesuffix(str(bits)), bits
    if base not in _SUBSAMPLING and base != "gray":
        raise VideoError(
            f"{path} has the pixel format {name}, expected YUV 4:2:0, 4:2:2, 4:4:4 or gray of 8 to "
            f"{DEPTH_MAX} bits without alpha; convert it first"
        )
    return Layout(frame.width, frame.height, depth, _SUBSAMPLING.get(base), sited), name


def _colour(frame: Any) -> Colour:
    full = frame.format.name.startswith("yuvj")
    parts = (
        _FULL_RANGE if full else frame.color_range,
        frame.color_primaries,
        frame.color_trc,
        frame.colorspace,
    )
    return Colour(*map(int, parts))


def _display_matrix(frame: Any) -> tuple[int, ...] | None:
    """The display matrix, nine numbers, or None if there is none or it is the identity."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return None
    matrix = struct.unpack("=9i", bytes(data)[:36])
    return None if matrix[:2] == (1 << 16, 0) and matrix[3:5] == (0, 1 << 16) else matrix
