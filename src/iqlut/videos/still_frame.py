"""One frame of a video as an RGB picture: the one that players show at a given time."""

from __future__ import annotations

from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any

import av.error
import numpy as np
from PIL import Image

from iqlut.videos.decoding import frames_of, opened, packets_of
from iqlut.videos.time_line import DisplayTimes, corrected
from iqlut.videos.video_types import Video, VideoError

if TYPE_CHECKING:
    from av.container import InputContainer

_RIGHT_ANGLE = 90


def frame_at(video: Video, time_s: Fraction) -> Image.Image:
    """The frame that is shown at a time, counted from the start of the video, upright.

    Raises VideoError if the file cannot be read or ends before this time.
    """
    frame = _decoded_at(video, time_s, seek=True) or _decoded_at(video, time_s, seek=False)
    if frame is None:
        length_s = float(video.frames / video.rate)
        raise VideoError(
            f"{video.path} has no frame at {float(time_s):g} seconds, expected a time "
            f"before its end at about {length_s:.1f} seconds; choose an earlier one"
        )
    pixels = frame.to_ndarray(format="rgb24")
    turns = round(frame.rotation / _RIGHT_ANGLE)
    return Image.fromarray(np.ascontiguousarray(np.rot90(pixels, turns)))


def _decoded_at(video: Video, time_s: Fraction, seek: bool) -> Any | None:
    """The decoded frame at a time, or None if there is none after the place sought.

    Without `seek` all frames before it are decoded. That finds the right one in files that cannot
    be searched, and in those whose clock jumps.
    """
    changes = video.corrections.get(video.stream, ())
    if seek and len(changes) > 1:
        return None
    offset_s = changes[0][1] if changes else Fraction(0)
    times, shown, end_s = DisplayTimes(), None, Fraction(0)
    with opened(video.path) as container:
        stream: Any = container.streams[video.stream]
        stream.thread_type = "AUTO"
        if seek and not _sought(container, stream, time_s - offset_s):
            return None
        packets = corrected(packets_of(container, video.path, [stream]), video.corrections)
        for frame in chain.from_iterable(frames_of(packet, []) for packet in packets):
            pts = times.of(frame)
            if pts is None and seek:
                return None
            start_s = end_s if pts is None else pts * video.time_base
            if start_s > time_s:
                return shown or (None if seek else frame)
            shown = frame
            end_s = start_s + ((frame.duration or 0) * video.time_base or 1 / video.rate)
    return shown if time_s < end_s else None


def _sought(container: InputContainer, stream: Any, time_s: Fraction) -> bool:
    """Move to the last key frame before a time of the file. Returns False if that is impossible."""
    try:
        container.seek(int(time_s / stream.time_base), stream=stream)
    except av.error.FFmpegError:
        return False
    return True
