"""Upscaling of videos: every frame is upscaled, and everything else is kept.

The luma planes of the decoder are upscaled by the tables and the chroma planes by the cubic kernel.
The encoder takes the results directly, so that no frame is converted to RGB. Other streams are
copied. PyAV is required, except for y4m.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from fractions import Fraction
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import iqlut
from iqlut.path_states import real
from iqlut.videos.containers import container_of
from iqlut.videos.frame_pipeline import AHEAD, chosen_upscaler, upscaled_frames
from iqlut.videos.frame_planes import Layout
from iqlut.videos.prefetch import ahead
from iqlut.videos.result_folder import locked_folder, publish
from iqlut.videos.video_types import (
    Advance,
    Options,
    Outcome,
    Part,
    Upscaler,
    Video,
    VideoError,
)

if TYPE_CHECKING:
    from iqlut.videos import muxing, resumable_segments, stream_copies

_PYAV_LEAST = (17, 1)


def probe(path: Path, part: Part | None = None, streams: str | None = None) -> Video:
    """The properties of the video in a file. Raises VideoError if it cannot be upscaled.

    `streams` names the streams that are kept, of which the first video is upscaled; None keeps all.
    """
    if importlib.util.find_spec("av") is None:
        raise VideoError(f"{path} is a video, which requires PyAV; run pip install 'iqlut[video]'")
    found = metadata.version("av")
    if tuple(map(int, found.split(".")[:2])) < _PYAV_LEAST:
        least = ".".join(map(str, _PYAV_LEAST))
        raise VideoError(
            f"PyAV is version {found}, expected {least} or later; run pip install -U 'iqlut[video]'"
        )
    from iqlut.videos import probing

    return probing.probe(path, part or Part(), streams)


def upscale(
    video: Video,
    target: Path,
    upscaler: Upscaler,
    options: Options,
    advance: Advance,
    overwrite: bool = False,
) -> Outcome:
    """Upscale a video to the file `target`, which appears only when it is complete.

    An interrupted run is resumed where it ended. `advance` is called after each frame. An existing
    file is replaced only with `overwrite`. Raises ResultInUse if another run writes this target,
    and VideoError for whatever else goes wrong.
    """
    from iqlut.videos import decoding, encoders, resumable_segments, stream_copies

    upscaler = upscaler.fitted(video.layout)
    larger = upscaler.larger(video.layout, video.path)
    upscaler = chosen_upscaler(upscaler, video, options.part)
    options = encoders.choose(video, target, larger, options)
    with decoding.opened(video.path) as source, _errors_of_target(target):
        storages, left_out = stream_copies.plan_copies(source, video, target, options.audio_codec)
        notes = [*video.notes, *left_out]
        result = _finished_file(video, target, larger, storages, options)
        with locked_folder(real(target)) as folder:
            _check_free(target, overwrite)
            segments = resumable_segments.Segments(folder, _plan(video, upscaler, options))
            resumed = segments.frames
            try:
                _fill(segments, video, upscaler, options, advance, notes)
                notes += _finish(source, video, segments, target, result, overwrite)
            finally:
                segments.leave()
    return Outcome(segments.frames, resumed, video.layout, larger, tuple(notes), upscaler.choice)


def _finished_file(
    video: Video,
    target: Path,
    larger: Layout,
    storages: Mapping[int, stream_copies.Storage],
    options: Options,
) -> muxing.FinishedFile:
    from iqlut.videos import muxing

    return muxing.FinishedFile(
        container_of(target),
        storages,
        options.audio_codec,
        Fraction(larger.width, video.layout.width),
        video.layout.aspect_after(larger, video.aspect),
        options.part,
    )


@contextmanager
def _errors_of_target(target: Path) -> Generator[None, None, None]:
    """Turn errors of the file system into VideoError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise VideoError(
            f"{target} cannot be written ({reason}); resolve this and run the same command "
            "again, which keeps the frames that are finished"
        ) from error


def _check_free(target: Path, overwrite: bool) -> None:
    """Raise VideoError if the target exists, perhaps because another run has just finished it."""
    if target.exists() and not overwrite:
        raise VideoError(
            f"{target} exists, expected a new file; give --overwrite to replace it, or name "
            "another file"
        )


def _fill(
    segments: resumable_segments.Segments,
    video: Video,
    upscaler: Upscaler,
    options: Options,
    advance: Advance,
    notes: list[str],
) -> None:
    """Upscale and encode the frames that are not in the segments yet."""
    from iqlut.videos import resumable_segments

    for _ in range(segments.frames):
        advance()
    if not segments.complete:
        part = replace(options.part, first=options.part.first + segments.frames)
        larger = upscaler.resized(video.layout)
        encoding = resumable_segments.SegmentEncoding(
            replace(video, aspect=video.layout.aspect_after(larger, video.aspect)),
            larger,
            options,
            upscaler.threads,
        )
        with closing(ahead(upscaled_frames(video, part, upscaler, notes), AHEAD)) as frames:
            resumable_segments.write_segments(frames, segments, encoding, advance)
    if not segments.times:
        raise VideoError(
            f"{video.path} has no frames from frame {options.part.first} on, expected at least "
            "one; correct --frames"
        )


def _finish(
    source: Any,
    video: Video,
    segments: resumable_segments.Segments,
    target: Path,
    result: muxing.FinishedFile,
    overwrite: bool,
) -> tuple[str, ...]:
    """Join the segments and the other streams, and give the finished file its name.

    If the source has changed, or if the result is not what was decoded, the segments are removed.
    Of a link, the file that it names is written. Returns sentences about what is not held.
    """
    import av.error

    from iqlut.videos import decoding, muxing

    whole = segments.temporary("whole")
    try:
        muxing.join(source, video, segments, whole, result)
        if decoding.has_changed(video):
            raise VideoError(
                f"{video.path} was changed or removed while it was upscaled, expected it to stay "
                "the same; run the same command again"
            )
        notes = muxing.check_finished(whole, target, video, segments)
    except av.error.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise VideoError(
            f"the streams of {video.path} cannot be joined in {target} ({error.strerror}), "
            "expected streams that fit this container; write a .mkv file, or choose others with "
            "--streams"
        ) from None
    except VideoError:
        segments.remove()
        raise
    publish(whole, real(target), overwrite)
    segments.remove()
    return notes


def _plan(video: Video, upscaler: Upscaler, options: Options) -> dict[str, Any]:
    """Everything that determines the content of the segments."""
    import av

    return {
        "video": [str(video.path.resolve()), *video.state],
        "tables": [[step.name, step.scale] for step in (upscaler, *upscaler.more)],
        "size": upscaler.size,
        "options": asdict(options),
        "versions": [iqlut.__version__, av.__version__],
    }
