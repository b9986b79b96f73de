"""The frames of a video on their way from the decoder through the tables.

Decoding and upscaling run in threads of their own, each a few frames ahead of its consumer.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from itertools import islice

from iqlut.videos.frame_planes import Layout, upscale_planes
from iqlut.videos.plane_resampling import resample_planes
from iqlut.videos.prefetch import ahead
from iqlut.videos.video_types import Frame, Part, Upscaler, Video

AHEAD = 4  # the decoded frames, and also the upscaled frames, that may wait in a queue
# The restoration strength is chosen from every 16th of the first 48 frames of a file.
_SAMPLED_FRAMES, _SAMPLED_EVERY = 48, 16


def chosen_upscaler(upscaler: Upscaler, video: Video, part: Part) -> Upscaler:
    """The upscaler for a video, chosen from frames at its beginning.

    The choice depends only on the video, so that a resumed run makes the same one.
    """
    if upscaler.choose is None:
        return upscaler
    from iqlut.videos import decoding

    beginning = Part(part.first, min(part.first + _SAMPLED_FRAMES, part.end or sys.maxsize))
    with closing(decoding.frames(video, beginning, [])) as frames:
        sampled = [
            replace(frame, planes=[frame.planes[0].copy()])
            for frame in islice(frames, 0, None, _SAMPLED_EVERY)
        ]
    return upscaler.chosen(sampled, video.layout)


def upscaled_frames(
    video: Video, part: Part, upscaler: Upscaler, notes: list[str]
) -> Generator[Frame, None, None]:
    """The upscaled frames of a part of a video, which is decoded in another thread.

    A sentence is added to `notes` if packets could not be decoded.
    """
    from iqlut.videos import decoding

    damage: list[str] = []
    yield from larger_frames(
        ahead(decoding.frames(video, part, damage), AHEAD), video.layout, upscaler
    )
    if damage:
        notes.append(
            f"{video.path} is damaged: {len(damage)} packets could not be decoded, the first being "
            f"{damage[0]}"
        )


def larger_frames(
    frames: Generator[Frame, None, None], layout: Layout, upscaler: Upscaler
) -> Generator[Frame, None, None]:
    """Frames of `layout`, upscaled by every step of an upscaler and resampled to its size."""
    with closing(frames):
        for frame in frames:
            planes, step_layout = frame.planes, layout
            for step in (upscaler, *upscaler.more):
                if step.scale > 1:
                    planes = upscale_planes(planes, step_layout, step.scale, step.tables)
                    step_layout = step_layout.larger(step.scale)
            if upscaler.size not in (None, (step_layout.width, step_layout.height)):
                planes = resample_planes(planes, step_layout, upscaler.resized(layout))
            yield replace(frame, planes=planes)
