"""Videos: every frame upscaled, everything else kept.

The luma planes that the decoder gives go through the tables, chroma planes through the cubic kernel, and the encoder
takes them as they are: nothing becomes RGB on the way. Other streams are copied. Needs PyAV, but for y4m.
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

__all__ = [
    "Options",
    "Outcome",
    "Part",
    "Upscaler",
    "Video",
    "VideoError",
    "probe",
    "upscale",
    "upscale_to_y4m",
    "upscale_y4m",
]  # fmt: skip

_AHEAD = 4  # frames decoded, and frames upscaled, that wait for the next worker
_LOOKED_AT, _LOOKED_AT_EVERY = (
    48,
    16,
)  # frames at the beginning of a video, to choose a restoration strength
_LOOKED_AT_PIPE = 4  # of a video that comes through a pipe: they wait in memory
_FULL_RANGE = 2
_PYAV_LEAST = (17, 1)


def probe(path: Path, part: Part | None = None) -> Video:
    """What the video in a file is; VideoError, in one sentence, if it cannot be upscaled."""
    if importlib.util.find_spec("av") is None:
        raise VideoError(f"{path} is a video, and videos need PyAV: pip install 'iqlut[video]'")
    found = metadata.version("av")
    if tuple(map(int, found.split(".")[:2])) < _PYAV_LEAST:
        least = ".".join(map(str, _PYAV_LEAST))
        raise VideoError(
            f"PyAV {found} is too old for videos, expected {least}: pip install -U 'iqlut[video]'"
        )
    from iqlut.videos import decoding

    return decoding.probe(path, part or Part())


def upscale(
    video: Video, target: Path, upscaler: Upscaler, options: Options, advance: Advance
) -> Outcome:
    """Upscale a video to a file, which appears when it is whole; an interrupted run is taken up where it ended.

    `advance` is called when another frame is done. Who calls this looks after files that exist.
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
                f"{target} cannot be written ({reason}); what is done is kept: mend that and run it again"
            ) from error
    sidecar.remove()
    return Outcome(sidecar.frames, resumed, video.layout, larger, tuple(notes), upscaler.choice)


def _chosen(upscaler: Upscaler, video: Video, part: Part) -> Upscaler:
    """The upscaler for a video, by frames spread over the first seconds: a resumed run decides the same."""
    if upscaler.choose is None:
        return upscaler
    from iqlut.videos import decoding

    beginning = Part(part.first, min(part.first + _LOOKED_AT, part.end or sys.maxsize))
    with closing(decoding.frames(video, beginning, [])) as frames:
        some = [
            replace(frame, planes=[frame.planes[0].copy()])
            for frame in islice(frames, 0, None, _LOOKED_AT_EVERY)
        ]
    return upscaler.chosen(some, video.layout)


def _fill(
    sidecar: resumable_segments.Sidecar,
    video: Video,
    upscaler: Upscaler,
    options: Options,
    advance: Advance,
    notes: list[str],
) -> None:
    """Make the segments that are not there yet."""
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
        raise VideoError(f"{video.path} has no frames from {options.part.first} on; see --frames")


def upscale_to_y4m(
    video: Video, output: BinaryIO, upscaler: Upscaler, part: Part, advance: Advance
) -> Outcome:
    """Upscale a video to y4m, which has pictures alone and one frame rate."""
    larger = upscaler.larger(video.layout, video.path)
    upscaler = _chosen(upscaler, video, part)
    full = video.colour.range == _FULL_RANGE
    notes = [
        *video.notes,
        f"y4m keeps neither sound nor time stamps: {video.path} is written at {video.rate} frames/s",
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
    """Upscale y4m to y4m; `name` stands for the source in messages."""
    header = y4m.read_header(source, name)
    upscaler.larger(header.layout, name)
    larger = header.larger(upscaler.scale)
    output.write(larger.line())
    read = islice(y4m.read_frames(source, header.layout, name), part.first, part.end)
    numbered = (Frame(number, 1, planes) for number, planes in enumerate(read))
    if upscaler.choose is not None:
        first = list(islice(numbered, _LOOKED_AT_PIPE))
        upscaler, numbered = upscaler.chosen(first, header.layout), _after(first, numbered)
    count = 0
    with closing(
        ahead(_larger(ahead(numbered, _AHEAD), header.layout, upscaler), _AHEAD)
    ) as frames:
        for frame in frames:
            y4m.write_frame(output, frame.planes)
            count += 1
    if count == 0:
        raise VideoError(f"{name} has no frames from {part.first} on; see --frames")
    return Outcome(count, 0, header.layout, larger.layout, choice=upscaler.choice)


def _after(first: list[Frame], rest: Generator[Frame, None, None]) -> Generator[Frame, None, None]:
    yield from first
    yield from rest


def _upscaled(
    video: Video, part: Part, upscaler: Upscaler, notes: list[str]
) -> Generator[Frame, None, None]:
    """The larger frames of a part of a video; decoding goes ahead."""
    from iqlut.videos import decoding

    damage: list[str] = []
    yield from _larger(ahead(decoding.frames(video, part, damage), _AHEAD), video.layout, upscaler)
    if damage:
        notes.append(
            f"{video.path} is damaged: {len(damage)} packets could not be decoded, first {damage[0]}"
        )


def _larger(
    frames: Generator[Frame, None, None], layout: Layout, upscaler: Upscaler
) -> Generator[Frame, None, None]:
    with closing(frames):
        for frame in frames:
            planes = upscale_planes(frame.planes, layout, upscaler.scale, upscaler.tables)
            yield replace(frame, planes=planes)


def _plan(video: Video, upscaler: Upscaler, options: Options) -> dict[str, Any]:
    """All that decides what the segments hold."""
    import av

    status = video.path.stat()
    return {
        "video": [str(video.path.resolve()), status.st_size, status.st_mtime_ns],
        "tables": [upscaler.name, upscaler.scale],
        "options": asdict(options),
        "versions": [iqlut.__version__, av.__version__],
    }


def _window(video: Video, sidecar: resumable_segments.Sidecar) -> muxing.Window:
    """The time that the frames of a part are shown."""
    from iqlut.videos import muxing

    first, last = sidecar.times[0], sidecar.times[-1]
    return muxing.Window(
        first.pts[0] * video.time_base, (last.pts[-1] + last.durations[-1]) * video.time_base
    )
