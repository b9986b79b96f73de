"""Decoding of videos with PyAV: their properties, and their frames as planes."""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import av.error
import av.stream
import numpy as np

from iqlut.videos.frame_planes import DEPTH_MAX, Layout
from iqlut.videos.hdr_light_levels import light_parameters
from iqlut.videos.video_types import Colour, Frame, Part, Video, VideoError

if TYPE_CHECKING:
    from av.container import InputContainer

_REPACKED = {  # pixel formats that hold the same samples in another memory layout
    "nv12": "yuv420p", "nv21": "yuv420p", "nv16": "yuv422p", "yuyv422": "yuv422p",
    "uyvy422": "yuv422p", "yvyu422": "yuv422p", "nv24": "yuv444p", "p010le": "yuv420p10le",
    "p210le": "yuv422p10le", "yuvj420p": "yuv420p", "yuvj422p": "yuv422p", "yuvj444p": "yuv444p",
}  # fmt: skip
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
_FILES_ALONE = {"protocol_whitelist": "file"}  # a video must not cause network access
_FULL_RANGE = 2


@dataclass
class Count:
    """The number of frames and the end time of the video, from a pass over all packets."""

    frames: int = 0
    end_s: float = 0.0


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open the video at `path`, or raise VideoError if it cannot be opened."""
    try:
        container = av.open(
            str(path.absolute()), metadata_errors="replace", container_options=_FILES_ALONE
        )
    except FileNotFoundError:
        raise VideoError(f"there is no file {path}; check the name") from None
    except (PermissionError, IsADirectoryError) as error:
        raise VideoError(
            f"{path} cannot be read ({error.strerror}); check its permissions"
        ) from None
    except av.error.EOFError:
        raise VideoError(
            f"{path} has no frames, expected at least one; obtain the file again"
        ) from None
    except av.error.FFmpegError as error:
        raise VideoError(
            f"{path} is not a video or is incomplete ({error.strerror}), expected a video; obtain "
            "the file again"
        ) from None
    with container:
        yield container


def packets_of(
    container: InputContainer, path: Path, streams: Sequence[Any] = ()
) -> Generator[Any, None, None]:
    """All packets of the given streams, or of all streams if none is given.

    Raises VideoError if reading fails.
    """
    try:
        yield from container.demux(*streams)
    except av.error.FFmpegError as error:
        raise VideoError(
            f"{path} cannot be read to its end ({error.strerror}); obtain the file again"
        ) from None


def probe(path: Path, part: Part) -> Video:
    """The properties of the video at `path`.

    One pass over all packets decodes the first frame and counts the others. Raises VideoError if
    the video cannot be upscaled or has no frames in `part`.
    """
    with opened(path) as container:
        stream = _video(container, path)
        stream.thread_type = "AUTO"
        first, count = _first_frame_and_count(container, stream, path)
        _check_count(container, path, part, count)
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        layout, pixel_format = _layout(first, path)
        interlaced = (
            f"{path} is interlaced, but is upscaled as if it were progressive; deinterlace it first"
        )
        return Video(
            path=path,
            stream=stream.index,
            layout=layout,
            pixel_format=pixel_format,
            frames=part.count(count.frames),
            time_base=stream.time_base or 1 / Fraction(rate),
            rate=rate,
            colour=_colour(first),
            aspect=stream.sample_aspect_ratio or None,
            turn=_display_matrix(first),
            light=light_parameters(first),
            notes=(interlaced,) if first.interlaced_frame else (),
        )


def _video(container: InputContainer, path: Path) -> Any:
    """The video stream to upscale, which is the first one that is not a cover picture."""
    cover = av.stream.Disposition.attached_pic
    for stream in container.streams.video:
        if not stream.disposition & cover:
            if stream.codec_context is None:
                raise VideoError(
                    f"{path} uses a codec that FFmpeg cannot decode, expected a supported one; "
                    "convert it first"
                )
            return stream
    kinds = sorted({stream.type for stream in container.streams})
    only = f"only {', '.join(kinds)}" if kinds else "nothing at all"
    raise VideoError(f"{path} has no video ({only}), expected a video stream; check the file")


def _first_frame_and_count(container: InputContainer, stream: Any, path: Path) -> tuple[Any, Count]:
    """The first frame that can be decoded, and the counts of all packets in the file."""
    count, first = Count(), None
    for packet in packets_of(container, path):
        is_own = packet.stream_index == stream.index
        if first is None and is_own:
            first = next(iter(_frames_of(packet, [])), None)
        if packet.dts is None and packet.pts is None and not packet.size:
            continue  # the end of a stream
        count.frames += is_own and not packet.is_discard
        time = packet.pts if packet.pts is not None else packet.dts
        if time is not None:
            end_s = float((time + (packet.duration or 0)) * packet.time_base)
            count.end_s = max(count.end_s, end_s)
    if first is None:
        raise VideoError(
            f"{path} has no frames that can be decoded, expected at least one; obtain the "
            "file again"
        )
    return first, count


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


def _layout(frame: Any, path: Path) -> tuple[Layout, str]:
    """The layout of a frame's planes, and the name of their pixel format."""
    name = _pixel_format(frame)
    base, depth = name.removesuffix("le"), 8
    for bits in range(9, DEPTH_MAX + 1):
        if base.endswith(str(bits)):
            base, depth = base.removesuffix(str(bits)), bits
    if base not in _SUBSAMPLING and base != "gray":
        raise VideoError(
            f"{path} has the pixel format {name}, expected YUV 4:2:0, 4:2:2, 4:4:4 or gray of 8 to "
            f"{DEPTH_MAX} bits without alpha; convert it first"
        )
    return Layout(frame.width, frame.height, depth, _SUBSAMPLING.get(base)), name


def _pixel_format(frame: Any) -> str:
    return str(_REPACKED.get(frame.format.name, frame.format.name))


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


def decoded(
    container: InputContainer, stream: Any, path: Path, damage: list[str]
) -> Generator[Any, None, None]:
    """All frames of a stream. Packets that cannot be decoded are skipped and listed in `damage`."""
    for packet in packets_of(container, path, [stream]):
        yield from _frames_of(packet, damage)


def _frames_of(packet: Any, damage: list[str]) -> list[Any]:
    """The frames that a packet completes.

    If the packet cannot be decoded, there are none, and the packet is listed in `damage`.
    """
    try:
        return packet.decode()
    except av.error.InvalidDataError:
        damage.append(f"the packet at byte {packet.pos}")
        return []


def frames(video: Video, part: Part, damage: list[str]) -> Generator[Frame, None, None]:
    """The frames of a part of a video in display order, with strictly increasing time stamps.

    Packets that cannot be decoded are listed in `damage`. Raises VideoError if the size or pixel
    format of the frames changes.
    """
    default_duration = max(1, round(1 / (video.rate * video.time_base)))
    last: Frame | None = None
    with opened(video.path) as container:
        stream: Any = container.streams[video.stream]
        stream.thread_type = "AUTO"
        for number, decoded_frame in enumerate(decoded(container, stream, video.path, damage)):
            if part.end is not None and number >= part.end:
                return
            earliest = last.pts + 1 if last else -(1 << 62)
            pts = decoded_frame.pts
            if pts is None:
                pts = last.pts + last.duration if last else 0
            skipped = number < part.first
            planes = [] if skipped else _planes(decoded_frame, video, number)
            duration = getattr(decoded_frame, "duration", 0) or default_duration
            last = Frame(max(pts, earliest), duration, planes)
            if not skipped:
                yield last


def _planes(frame: Any, video: Video, number: int) -> list[np.ndarray]:
    """The planes of a frame, as views of its memory."""
    layout = video.layout
    name = _pixel_format(frame)
    if (frame.width, frame.height, name) != (layout.width, layout.height, video.pixel_format):
        raise VideoError(
            f"{video.path} changes to {frame.width}x{frame.height} {name} in frame {number}, "
            f"expected {layout.width}x{layout.height} {video.pixel_format} throughout; upscale the "
            f"two parts separately, with --frames 0:{number} and --frames {number}:"
        )
    if frame.format.name in _REPACKED and not frame.format.name.startswith("yuvj"):
        frame = frame.reformat(format=video.pixel_format)
    return plane_views(frame, layout)


def plane_views(frame: Any, layout: Layout) -> list[np.ndarray]:
    """The planes of a frame as arrays (h, w): views of its memory without the padding of rows."""
    views = []
    for plane, (h, w) in zip(frame.planes, layout.shapes(), strict=True):
        samples = np.frombuffer(plane, layout.dtype)
        stride = plane.line_size // samples.itemsize
        views.append(samples[: stride * h].reshape(h, stride)[:, :w])
    return views
