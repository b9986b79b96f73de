"""Videos as PyAV opens them: what they are, and their frames as planes."""

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

_REPACKED = {  # the same samples in another order
    "nv12": "yuv420p", "nv21": "yuv420p", "nv16": "yuv422p", "yuyv422": "yuv422p", "uyvy422": "yuv422p",
    "yvyu422": "yuv422p", "nv24": "yuv444p", "p010le": "yuv420p10le", "p210le": "yuv422p10le",
    "yuvj420p": "yuv420p", "yuvj422p": "yuv422p", "yuvj444p": "yuv444p",
}  # fmt: skip
_SUBSAMPLING = {
    "yuv420p": (1, 1),
    "yuv422p": (1, 0),
    "yuv444p": (0, 0),
    "yuv411p": (2, 0),
    "yuv440p": (0, 1),
}
_HEADER_STATES_LENGTH = (
    "matroska",
    "mov",
    "avi",
    "asf",
    "flv",
)  # formats whose header says how long they are
_CUT_SHORT_S = 1.0
_FILES_ALONE = {"protocol_whitelist": "file"}  # no video makes us read from the network
_FULL_RANGE = 2


@dataclass
class Count:
    """What a pass over all packets shows."""

    frames: int = 0
    end_s: float = 0.0


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """The video at `path`; VideoError in one sentence if it is none."""
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
        raise VideoError(f"{path} has no frames, expected at least one; get it again") from None
    except av.error.FFmpegError as error:
        raise VideoError(
            f"{path} is no video, or only a part of one ({error.strerror}); get it again"
        ) from None
    with container:
        yield container


def packets_of(
    container: InputContainer, path: Path, streams: Sequence[Any] = ()
) -> Generator[Any, None, None]:
    """All packets of some streams, or of all."""
    try:
        yield from container.demux(*streams)
    except av.error.FFmpegError as error:
        raise VideoError(
            f"{path} cannot be read to its end ({error.strerror}); get it again"
        ) from None


def probe(path: Path, part: Part) -> Video:
    """What the video is: one pass over all packets decodes the first frame and counts the rest."""
    with opened(path) as container:
        stream = _video(container, path)
        stream.thread_type = "AUTO"
        first, count = _first_frame_and_count(container, stream, path)
        _check_count(container, path, part, count)
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        layout, pixel_format = _layout(first, path)
        interlaced = (
            f"{path} is interlaced: its lines are upscaled as if it were not; deinterlace it first"
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
    """The video stream that is upscaled: the first that is no cover picture."""
    pictures = av.stream.Disposition.attached_pic
    for stream in container.streams.video:
        if not stream.disposition & pictures:
            if stream.codec_context is None:
                raise VideoError(
                    f"{path} is coded in a way that FFmpeg cannot decode; convert it first"
                )
            return stream
    kinds = sorted({stream.type for stream in container.streams})
    only = f"only {', '.join(kinds)}" if kinds else "nothing at all"
    raise VideoError(f"{path} has no video ({only}), expected a video")


def _first_frame_and_count(container: InputContainer, stream: Any, path: Path) -> tuple[Any, Count]:
    """The first frame that can be decoded, and what all packets of the file show."""
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
            f"{path} has no frames that can be decoded, expected at least one; get it again"
        )
    return first, count


def _check_count(container: InputContainer, path: Path, part: Part, count: Count) -> None:
    """VideoError if the part has no frames, or if the header promises more than there is."""
    if part.count(count.frames) == 0:
        raise VideoError(
            f"{path} has {count.frames} frames, none of them from {part.first} on; see --frames"
        )
    stated_s = (container.duration or 0) / av.time_base
    if not part.whole or not container.format.name.startswith(_HEADER_STATES_LENGTH):
        return
    if count.end_s < stated_s - _CUT_SHORT_S:
        raise VideoError(
            f"{path} is cut short: it ends after {count.end_s:.1f} of {stated_s:.1f} s; get it again, "
            f"or take what there is with --frames 0:{count.frames}"
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
            f"{path} has the pixel format {name}, expected YUV 4:2:0, 4:2:2, 4:4:4 or gray of 8 to {DEPTH_MAX} bits "
            "without alpha; convert it first"
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
    """The display matrix, unless it is the one that changes nothing."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return None
    matrix = struct.unpack("=9i", bytes(data)[:36])
    return None if matrix[:2] == (1 << 16, 0) and matrix[3:5] == (0, 1 << 16) else matrix


def decoded(
    container: InputContainer, stream: Any, path: Path, damage: list[str]
) -> Generator[Any, None, None]:
    """All frames of a stream; packets that cannot be decoded are left out, and named in `damage`."""
    for packet in packets_of(container, path, [stream]):
        yield from _frames_of(packet, damage)


def _frames_of(packet: Any, damage: list[str]) -> list[Any]:
    """The frames that a packet completes; one that cannot be decoded has none, and is named in `damage`."""
    try:
        return packet.decode()
    except av.error.InvalidDataError:
        damage.append(f"the packet at byte {packet.pos}")
        return []


def frames(video: Video, part: Part, damage: list[str]) -> Generator[Frame, None, None]:
    """The frames of a part, in the order they are shown, each later than the one before."""
    usual = max(1, round(1 / (video.rate * video.time_base)))
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
            last = Frame(max(pts, earliest), getattr(decoded_frame, "duration", 0) or usual, planes)
            if not skipped:
                yield last


def _planes(frame: Any, video: Video, number: int) -> list[np.ndarray]:
    """The samples of a frame: views of its memory."""
    layout = video.layout
    name = _pixel_format(frame)
    if (frame.width, frame.height, name) != (layout.width, layout.height, video.pixel_format):
        raise VideoError(
            f"{video.path} changes to {frame.width}x{frame.height} {name} in frame {number}; upscale the parts alone, "
            f"with --frames 0:{number} and --frames {number}:"
        )
    if frame.format.name in _REPACKED and not frame.format.name.startswith("yuvj"):
        frame = frame.reformat(format=video.pixel_format)
    return plane_views(frame, layout)


def plane_views(frame: Any, layout: Layout) -> list[np.ndarray]:
    """The memory of a frame as arrays, without the padding of its lines."""
    views = []
    for plane, (h, w) in zip(frame.planes, layout.shapes(), strict=True):
        samples = np.frombuffer(plane, layout.dtype)
        stride = plane.line_size // samples.itemsize
        views.append(samples[: stride * h].reshape(h, stride)[:, :w])
    return views
