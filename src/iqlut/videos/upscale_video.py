"""Upscaling of videos: every frame is upscaled, and everything else is kept.

The luma planes of the decoder are upscaled by the tables and the chroma planes by the cubic kernel.
The encoder takes the results directly, so that no frame is converted to RGB. Other streams are
copied. PyAV is required, except for y4m.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict, replace
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import iqlut
from iqlut.videos import y4m
from iqlut.videos.containers import container_of
from iqlut.videos.frame_planes import Layout, upscale_planes
from iqlut.videos.prefetch import ahead
from iqlut.videos.video_types import (
    Advance,
    Frame,
    Options,
    Outcome,
    Part,
    Upscaler,
    Video,
    VideoError,
)

if TYPE_CHECKING:
    from iqlut.videos import muxing, resumable_segments

_AHEAD = 4  # the decoded frames, and also the upscaled frames, that may wait in a queue
# The restoration strength is chosen from every 16th of the first 48 frames of a file. For a pipe it
# is chosen from the first 4, as they have to be kept in memory.
_SAMPLED_FRAMES, _SAMPLED_EVERY = 48, 16
_SAMPLED_FRAMES_PIPE = 4
_FULL_RANGE = 2
_PYAV_LEAST = (17, 1)


def probe(path: Path, part: Part | None = None) -> Video:
    """The properties of the video in a file. Raises VideoError if it cannot be upscaled."""
    if importlib.util.find_spec("av") is None:
        raise VideoError(f"{path} is a video, which requires PyAV; run pip install 'iqlut[video]'")
    found = metadata.version("av")
    if tuple(map(int, found.split(".")[:2])) < _PYAV_LEAST:
        least = ".".join(map(str, _PYAV_LEAST))
        raise VideoError(
            f"PyAV is version {found}, expected {least} or later; run pip install -U 'iqlut[video]'"
        )
    from iqlut.videos import decoding

    return decoding.probe(path, part or Part())


def upscale(
    video: Video, target: Path, upscaler: Upscaler, options: Options, advance: Advance
) -> Outcome:
    """Upscale a video to the file `target`, which appears only when it is complete.

    An interrupted run is resumed where it ended. `advance` is called after each frame. An existing
    file is replaced, so callers check for one first. Raises VideoError.
    """
    from iqlut.videos import decoding, encoders, muxing, resumable_segments

    larger = upscaler.larger(video.layout, video.path)
    upscaler = _chosen(upscaler, video, options.part)
    options = encoders.choose(video, target, upscaler.scale, options)
    container = container_of(target)
    with decoding.opened(video.path) as source:
        notes = [*video.notes, *muxing.check_streams(source, video, container, target)]
        try:
            sidecar = resumable_segments.Sidecar(target, _plan(video, upscaler, options))
            resumed = sidecar.frames
            try:
                _fill(sidecar, video, upscaler, options, advance, notes)
                whole = sidecar.folder / "whole"
                window = None if options.part.whole else _window(video, sidecar)
                muxing.join(source, video, sidecar, whole, container, window)
                whole.replace(target)
            except BaseException:
                sidecar.leave()
                raise
        except OSError as error:
            reason = error.strerror or error
            raise VideoError(
                f"{target} cannot be written ({reason}); resolve this and run the same command "
                "again, which keeps the frames that are finished"
            ) from error
    sidecar.remove()
    return Outcome(sidecar.frames, resumed, video.layout, larger, tuple(notes), upscaler.choice)


def _chosen(upscaler: Upscaler, video: Video, part: Part) -> Upscaler:
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


def _fill(
    sidecar: resumable_segments.Sidecar,
    video: Video,
    upscaler: Upscaler,
    options: Options,
    advance: Advance,
    notes: list[str],
) -> None:
    """Upscale and encode the frames that are not in the sidecar yet."""
    from iqlut.videos import resumable_segments

    for _ in range(sidecar.frames):
        advance()
    if not sidecar.complete:
        part = replace(options.part, first=options.part.first + sidecar.frames)
        encoding = resumable_segments.SegmentEncoding(
            video, upscaler.scale, options, upscaler.threads
        )
        with closing(ahead(_upscaled(video, part, upscaler, notes), _AHEAD)) as frames:
            resumable_segments.write_segments(frames, sidecar, encoding, advance)
    if not sidecar.times:
        raise VideoError(
            f"{video.path} has no frames from frame {options.part.first} on, expected at least "
            "one; correct --frames"
        )


def upscale_to_y4m(
    video: Video, output: BinaryIO, upscaler: Upscaler, part: Part, advance: Advance
) -> Outcome:
    """Upscale a video to y4m, which holds only frames, at a constant frame rate."""
    larger = upscaler.larger(video.layout, video.path)
    upscaler = _chosen(upscaler, video, part)
    full = video.colour.range == _FULL_RANGE
    notes = [
        *video.notes,
        f"y4m stores neither sound nor time stamps, so {video.path} is written at a constant "
        f"{video.rate} frames/s",
    ]
    output.write(y4m.header(larger, video.rate, video.aspect, full).line())
    count = 0
    with closing(ahead(_upscaled(video, part, upscaler, notes), _AHEAD)) as frames:
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
    upscaler.larger(header.layout, name)
    larger = header.larger(upscaler.scale)
    output.write(larger.line())
    read = islice(y4m.read_frames(source, header.layout, name), part.first, part.end)
    numbered = (Frame(number, 1, planes) for number, planes in enumerate(read))
    if upscaler.choose is not None:
        first = list(islice(numbered, _SAMPLED_FRAMES_PIPE))
        upscaler, numbered = upscaler.chosen(first, header.layout), _after(first, numbered)
    count = 0
    with closing(
        ahead(_larger(ahead(numbered, _AHEAD), header.layout, upscaler), _AHEAD)
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


def _upscaled(
    video: Video, part: Part, upscaler: Upscaler, notes: list[str]
) -> Generator[Frame, None, None]:
    """The upscaled frames of a part of a video, which is decoded in another thread.

    A sentence is added to `notes` if packets could not be decoded.
    """
    from iqlut.videos import decoding

    damage: list[str] = []
    yield from _larger(ahead(decoding.frames(video, part, damage), _AHEAD), video.layout, upscaler)
    if damage:
        notes.append(
            f"{video.path} is damaged: {len(damage)} packets could not be decoded, the first being "
            f"{damage[0]}"
        )


def _larger(
    frames: Generator[Frame, None, None], layout: Layout, upscaler: Upscaler
) -> Generator[Frame, None, None]:
    with closing(frames):
        for frame in frames:
            planes = upscale_planes(frame.planes, layout, upscaler.scale, upscaler.tables)
            yield replace(frame, planes=planes)


def _plan(video: Video, upscaler: Upscaler, options: Options) -> dict[str, Any]:
    """Everything that determines the content of the segments."""
    import av

    status = video.path.stat()
    return {
        "video": [str(video.path.resolve()), status.st_size, status.st_mtime_ns],
        "tables": [upscaler.name, upscaler.scale],
        "options": asdict(options),
        "versions": [iqlut.__version__, av.__version__],
    }


def _window(video: Video, sidecar: resumable_segments.Sidecar) -> muxing.Window:
    """The time range in which the frames of a part are displayed."""
    from iqlut.videos import muxing

    first, last = sidecar.times[0], sidecar.times[-1]
    return muxing.Window(
        first.pts[0] * video.time_base, (last.pts[-1] + last.durations[-1]) * video.time_base
    )
