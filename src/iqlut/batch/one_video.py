"""Upscaling of one video, from file to file or through pipes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from iqlut import upscaling, videos
from iqlut.atomic_files import write_atomically
from iqlut.batch.output_size import Size, steps
from iqlut.batch.pending_jobs import check_target, exists_already
from iqlut.batch.planning import STREAM, Job
from iqlut.batch.results import EXISTS, IN_USE, Result, Watch, is_disk_full, unwatched
from iqlut.batch.stdout_pipe import stdout
from iqlut.batch.upscale_options import UpscaleOptions
from iqlut.errors import DiskFull, InvalidArgument, PictureError, ResultInUse
from iqlut.file_kinds import Y4M_SIGNATURE
from iqlut.printable_names import shown
from iqlut.restoration import choose_strength
from iqlut.restoration.choose_strength import Choice
from iqlut.tables.integer_tables import Tables
from iqlut.tables.restoration_tables import RestorationTables, tables_at
from iqlut.tables.shipped_models import Model
from iqlut.videos import Options, Outcome, Upscaler, VideoError
from iqlut.videos.containers import Y4M
from iqlut.videos.frame_planes import Layout
from iqlut.videos.result_folder import has_appeared


def upscale_video(job: Job, upscale_options: UpscaleOptions, watch: Watch = unwatched) -> Result:
    """Upscale one video and describe the result. Raises PictureError if that fails."""
    is_shared = not upscale_options.target_is_named and not upscale_options.overwrite
    if is_shared and exists_already(job):
        return _skipped(job, EXISTS)
    check_target(job, upscale_options.overwrite)
    try:
        upscaler, overwrite = upscaler_for(upscale_options), upscale_options.overwrite
        return upscale_video_with(job, upscaler, upscale_options.video, watch, overwrite)
    except VideoError as error:
        if is_shared and isinstance(error, ResultInUse):
            return _skipped(job, IN_USE, str(error))
        if is_shared and exists_already(job):
            return _skipped(job, EXISTS)
        raise (DiskFull if is_disk_full(error.__cause__) else PictureError)(
            str(error)
        ) from error.__cause__


def upscaler_for(upscale_options: UpscaleOptions) -> Upscaler:
    """The upscaler of a run. For a width or height, it is made for the size of each video."""
    by_scale = {model.scale: model for model in upscale_options.ladder}
    scale = upscale_options.size.scale
    if scale is not None:
        return upscaler_of(by_scale[scale], upscale_options)

    def fit(layout: Layout) -> Upscaler:
        size = _requested(upscale_options.size, layout)
        try:
            scales = steps((layout.width, layout.height), size, tuple(by_scale))
        except InvalidArgument as error:
            raise VideoError(f"the video cannot be upscaled: {error}") from None
        if not scales:
            return replace(unchanged, size=size, fit=None)
        first = upscaler_of(by_scale[scales[0]], upscale_options)
        again = [  # the first one has restored the frames already
            _upscaler(tables_at(by_scale[scale]), upscale_options, None) for scale in scales[1:]
        ]
        return replace(first, more=tuple(again), size=size)

    threads = upscale_options.threads or upscaling.cores()
    unchanged = Upscaler(
        lambda plane: plane, 1, "unchanged", threads, upscale_options.pixels_max, fit=fit
    )
    return unchanged


def _requested(size: Size, layout: Layout) -> tuple[int, int]:
    """The requested width and height. A side that follows from the other one is even.

    Most codecs need even sides.
    """
    width, height = size.of((layout.width, layout.height))
    if size.width is None:
        width = max(2, 2 * round(Fraction(layout.width * height, 2 * layout.height)))
    if size.height is None:
        height = max(2, 2 * round(Fraction(layout.height * width, 2 * layout.width)))
    return width, height


def upscaler_of(model: Model, upscale_options: UpscaleOptions) -> Upscaler:
    """The upscaler of a video.

    A model with restoration strengths runs at the requested one. With "auto" the strength is chosen
    from the first frames of the video.
    """
    if not isinstance(model, RestorationTables):
        return _upscaler(model, upscale_options, None)

    def choose(planes: Sequence[np.ndarray]) -> Upscaler:
        choice = choose_strength.decide(upscale_options.restore, planes, model.strengths[-1])
        return _upscaler(model.at(choice.strength), upscale_options, choice)

    if upscale_options.restore != choose_strength.AUTO:
        return choose([])
    return replace(_upscaler(model.sets[0], upscale_options, None), choose=choose)


def _upscaler(tables: Tables, upscale_options: UpscaleOptions, choice: Choice | None) -> Upscaler:
    threads = upscale_options.threads or upscaling.cores()
    upscale_plane = upscaling.upscaler(
        tables, upscale_options.engine, threads, upscale_options.ensemble
    )
    name = f"{tables.sha256}*{upscale_options.ensemble}"
    return Upscaler(
        upscale_plane, tables.scale, name, threads, upscale_options.pixels_max, choice=choice
    )


def upscale_video_with(
    job: Job,
    upscaler: Upscaler,
    options: Options,
    watch: Watch = unwatched,
    overwrite: bool = False,
) -> Result:
    """Upscale one video with an upscaler. Raises VideoError if that fails."""
    start = time.perf_counter()
    os.environ.setdefault("SVT_LOG", "1")  # the AV1 encoder prints a lot otherwise
    source, target = job.source or STREAM, job.target or STREAM
    if STREAM in (source, target) or target.suffix.lower() == Y4M:
        outcome = _to_y4m(source, target, upscaler, options, watch, overwrite)
    else:
        video = videos.probe(source, options.part, options.streams)
        with watch(video.frames, "frames") as advance:
            outcome = videos.upscale(video, target, upscaler, options, advance, overwrite)
    return replace(
        _result(source, target, outcome), elapsed_ms=1000 * (time.perf_counter() - start)
    )


def _to_y4m(
    source: Path,
    target: Path,
    upscaler: Upscaler,
    options: Options,
    watch: Watch,
    overwrite: bool,
) -> Outcome:
    if target != STREAM and target.suffix.lower() != Y4M:
        raise VideoError(
            f"the output for a pipe is {shown(target)}, expected - or a .y4m file; "
            "change the output, or name a file as input"
        )
    if options.codec or options.crf is not None or options.preset:
        raise VideoError(
            "--codec, --crf or --preset is given, expected none for y4m, which is not encoded; "
            "leave them out"
        )
    if target == STREAM:
        with stdout() as pipe:
            return _write_y4m(source, pipe, upscaler, options, watch)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return write_atomically(
            target,
            lambda file: _write_y4m(source, cast(BinaryIO, file), upscaler, options, watch),
            replace=overwrite,
        )
    except FileExistsError:
        raise has_appeared(target) from None
    except OSError as error:
        reason = error.strerror or error
        raise VideoError(
            f"{shown(target)} cannot be written ({reason}), expected a writable folder; "
            "check its permissions"
        ) from error


def _write_y4m(
    source: Path, output: BinaryIO, upscaler: Upscaler, options: Options, watch: Watch
) -> Outcome:
    with _opened_y4m(source) as file:
        if file is not None:
            return videos.upscale_y4m(file, _name(source), output, upscaler, options.part)
    video = videos.probe(source, options.part, options.streams)
    with watch(video.frames, "frames") as advance:
        return videos.upscale_to_y4m(video, output, upscaler, options.part, advance)


@contextmanager
def _opened_y4m(source: Path) -> Iterator[BinaryIO | None]:
    """Yield the open file if it is y4m, or None for any other video."""
    if source == STREAM:
        yield sys.stdin.buffer
        return
    try:
        file = source.open("rb")
    except OSError as error:
        raise VideoError(
            f"{shown(source)} cannot be read ({error.strerror}), expected a video; check the name"
        ) from None
    with file:
        yield file if file.peek(len(Y4M_SIGNATURE)).startswith(Y4M_SIGNATURE) else None


def _name(path: Path | None) -> str:
    return "the pipe" if path in (None, STREAM) else shown(path)


def _skipped(job: Job, reason: str, *notes: str) -> Result:
    """The result of a video of a folder that another run upscales, or has just upscaled."""
    return Result(str(job.source), str(job.target), "skipped", reason, notes=notes)


def _result(source: Path, target: Path, outcome: Outcome) -> Result:
    old, new = outcome.layout, outcome.larger
    return Result(
        str(source),
        str(target),
        "done",
        f"{outcome.resumed} frames upscaled by an earlier run" if outcome.resumed else None,
        old.width,
        old.height,
        new.width,
        new.height,
        target.suffix.lower().removeprefix(".") or "y4m",
        outcome.frames,
        old.depth,
        restore=outcome.choice and outcome.choice.strength,
        restore_reason=outcome.choice and outcome.choice.reason,
        notes=outcome.notes,
    )
