"""Upscaling to y4m, from any video or from a pipe."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from itertools import islice
from typing import BinaryIO

from iqlut.videos import y4m
from iqlut.videos.frame_pipeline import AHEAD, chosen_upscaler, larger_frames, upscaled_frames
from iqlut.videos.prefetch import ahead
from iqlut.videos.video_types import (
    Advance,
    Frame,
    Outcome,
    Part,
    Upscaler,
    Video,
    VideoError,
)

# For a pipe the restoration strength is chosen from the first frames, which are kept in memory.
_SAMPLED_FRAMES = 4
_FULL_RANGE = 2


def upscale_to_y4m(
    video: Video, output: BinaryIO, upscaler: Upscaler, part: Part, advance: Advance
) -> Outcome:
    """Upscale a video to y4m, which holds only frames, at a constant frame rate."""
    upscaler = upscaler.fitted(video.layout)
    larger = upscaler.larger(video.layout, video.path)
    upscaler = chosen_upscaler(upscaler, video, part)
    full = video.colour.range == _FULL_RANGE
    notes = [
        *video.notes,
        f"y4m stores neither sound nor time stamps, so {video.path} is written at a constant "
        f"{video.rate} frames/s",
    ]
    output.write(
        y4m.header(larger, video.rate, video.layout.aspect_after(larger, video.aspect), full).line()
    )
    count = 0
    with closing(ahead(upscaled_frames(video, part, upscaler, notes), AHEAD)) as frames:
        for frame in frames:
            y4m.write_frame(output, frame.planes)
            count += 1
            advance()
    return Outcome(count, 0, video.layout, larger, tuple(notes), upscaler.choice)


def upscale_y4m(
    source: BinaryIO, name: str, output: BinaryIO, upscaler: Upscaler, part: Part
) -> Outcome:
    """Upscale a y4m video to y4m. `name` stands for the source in messages."""
    header = y4m.read_header(source, name)
    upscaler = upscaler.fitted(header.layout)
    larger = header.with_layout(upscaler.larger(header.layout, name))
    output.write(larger.line())
    read = islice(y4m.read_frames(source, header.layout, name), part.first, part.end)
    numbered = (Frame(number, 1, planes) for number, planes in enumerate(read))
    if upscaler.choose is not None:
        first = list(islice(numbered, _SAMPLED_FRAMES))
        upscaler, numbered = upscaler.chosen(first, header.layout), _after(first, numbered)
    count = 0
    with closing(
        ahead(larger_frames(ahead(numbered, AHEAD), header.layout, upscaler), AHEAD)
    ) as frames:
        for frame in frames:
            y4m.write_frame(output, frame.planes)
            count += 1
    if count == 0:
        raise VideoError(
            f"{name} has no frames from frame {part.first} on, expected at least one; correct "
            "--frames"
        )
    return Outcome(count, 0, header.layout, larger.layout, choice=upscaler.choice)


def _after(first: list[Frame], rest: Generator[Frame, None, None]) -> Generator[Frame, None, None]:
    yield from first
    yield from rest
