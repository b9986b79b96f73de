"""Decoding of videos with PyAV: their packets, and their frames as planes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import av.error
import numpy as np

from iqlut.file_kinds import Family, kind_of, refusal_of_playlist
from iqlut.videos.demuxers import SAFE_OPTIONS
from iqlut.videos.frame_planes import Layout
from iqlut.videos.time_line import DisplayTimes, corrected
from iqlut.videos.video_types import Frame, Part, Video, VideoError

if TYPE_CHECKING:
    from av.container import InputContainer

_REPACKED = {  # pixel formats that hold the same samples in another memory layout
    "nv12": "yuv420p", "nv21": "yuv420p", "nv16": "yuv422p", "yuyv422": "yuv422p",
    "uyvy422": "yuv422p", "yvyu422": "yuv422p", "nv24": "yuv444p", "p010le": "yuv420p10le",
    "p210le": "yuv422p10le", "yuvj420p": "yuv420p", "yuvj422p": "yuv422p", "yuvj444p": "yuv444p",
}  # fmt: skip
# 4:1:1, which hardly any codec stores, is widened to 4:2:2. NTSC DV has it.
WIDENED = {"yuv411p": "yuv422p"}
_WIDENED_CHROMA = (2, 0)
# FFmpeg's readers of streams that it does not always recognise, by their kind in `file_kinds`.
_READERS = {
    "H.264 stream": "h264",
    "HEVC stream": "hevc",
    "VVC stream": "vvc",
    "MPEG-1 or MPEG-2 stream": "mpegvideo",
    "MPEG-4 stream": "m4v",
    "VC-1 stream": "vc1",
    "AV1 stream": "obu",
    "Motion JPEG": "mjpeg",
    "MPEG program stream": "mpeg",
}
_EDGE_BYTES = 1 << 20


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open the video at `path`, or raise VideoError if it cannot be opened."""
    kind = kind_of(path)
    if kind is not None and kind.family is Family.PLAYLIST:
        raise VideoError(refusal_of_playlist(str(path), kind))
    try:
        container = av.open(
            str(path.absolute()),
            format=_READERS.get(kind.name) if kind else None,
            metadata_errors="replace",
            container_options=SAFE_OPTIONS,
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
    except av.error.ArgumentError:  # also for a reader that is not in SAFE_OPTIONS
        raise VideoError(
            f"{path} is of a format that is not read, or is damaged, expected a video that names "
            "no other files; convert it first or obtain it again"
        ) from None
    except av.error.FFmpegError as error:
        raise VideoError(
            f"{path} is not a video or is incomplete ({error.strerror}), expected a video; obtain "
            "the file again"
        ) from None
    with container:
        yield container


def state_of(path: Path) -> tuple[int, int, str]:
    """The size and time of a file, and the hash of its first and last MiB.

    It tells whether the file has changed, without reading all of it.
    """
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        digest = hashlib.sha256(file.read(_EDGE_BYTES))
        file.seek(max(_EDGE_BYTES, status.st_size - _EDGE_BYTES))
        digest.update(file.read(_EDGE_BYTES))
    return status.st_size, status.st_mtime_ns, digest.hexdigest()


def has_changed(video: Video) -> bool:
    """Whether the file of a video is no longer what it was when it was probed."""
    try:
        return state_of(video.path) != video.state
    except FileNotFoundError:
        return True


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


def frames_of(packet: Any, damage: list[str]) -> list[Any]:
    """The frames that a packet completes.

    If the packet cannot be decoded, there are none, and the packet is listed in `damage`.
    """
    try:
        return packet.decode()
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError:  # of many kinds, also when the decoder refuses to open
        damage.append(f"the packet at byte {packet.pos}")
        return []


def pixel_format_of(frame: Any) -> str:
    """FFmpeg's name of the pixel format in which the planes of a frame are upscaled."""
    return str((_REPACKED | WIDENED).get(frame.format.name, frame.format.name))


def frames(video: Video, part: Part, damage: list[str]) -> Generator[Frame, None, None]:
    """The frames of a part of a video in display order, with strictly increasing time stamps.

    Packets that cannot be decoded are listed in `damage`. Raises VideoError if the size or pixel
    format of the frames changes.
    """
    default_duration = max(1, round(1 / (video.rate * video.time_base)))
    last: Frame | None = None
    times = DisplayTimes()
    with opened(video.path) as container:
        stream: Any = container.streams[video.stream]
        stream.thread_type = "AUTO"
        packets = corrected(packets_of(container, video.path, [stream]), video.corrections)
        all_frames = chain.from_iterable(frames_of(packet, damage) for packet in packets)
        for number, decoded_frame in enumerate(all_frames):
            if part.end is not None and number >= part.end:
                return
            earliest = last.pts + 1 if last else -(1 << 62)
            pts = times.of(decoded_frame)
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
    name = pixel_format_of(frame)
    if (frame.width, frame.height, name) != (layout.width, layout.height, video.pixel_format):
        raise VideoError(
            f"{video.path} changes to {frame.width}x{frame.height} {name} in frame {number}, "
            f"expected {layout.width}x{layout.height} {video.pixel_format} throughout; upscale the "
            f"two parts separately, with --frames 0:{number} and --frames {number}:"
        )
    if frame.format.name in WIDENED:
        luma, *chroma = plane_views(frame, replace(layout, chroma=_WIDENED_CHROMA))
        return [luma, *(_widened(plane, layout.shapes()[1][1]) for plane in chroma)]
    if frame.format.name in _REPACKED and not frame.format.name.startswith("yuvj"):
        frame = frame.reformat(format=video.pixel_format)
    return plane_views(frame, layout)


def _widened(plane: np.ndarray, width: int) -> np.ndarray:
    """A chroma plane twice as wide, whose even samples are those of `plane`.

    The odd ones lie halfway between and are those of the cubic kernel (a = -0.5), rounded.
    """
    padded = np.pad(plane.astype(np.int32), ((0, 0), (1, 2)), mode="edge")
    near, far = padded[:, 1:-2] + padded[:, 2:-1], padded[:, :-3] + padded[:, 3:]
    between = ((9 * near - far + 8) >> 4).clip(0, 255).astype(plane.dtype)
    return np.stack([plane, between], axis=2).reshape(plane.shape[0], -1)[:, :width]


def plane_views(frame: Any, layout: Layout) -> list[np.ndarray]:
    """The planes of a frame as arrays (h, w): views of its memory without the padding of rows."""
    views = []
    for plane, (h, w) in zip(frame.planes, layout.shapes(), strict=True):
        samples = np.frombuffer(plane, layout.dtype)
        stride = plane.line_size // samples.itemsize
        views.append(samples[: stride * h].reshape(h, stride)[:, :w])
    return views
