"""Upscaling of one file, a picture or a video, for `iqlut upscale` and for a cluster."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from iqlut import atomic_files, upscaling
from iqlut.batch import free_disk, memory_limit
from iqlut.batch.one_video import upscale_video
from iqlut.batch.output_size import Size, resample, steps
from iqlut.batch.pending_jobs import check_target, result_exists
from iqlut.batch.planning import Job
from iqlut.batch.results import Result, Watch, is_disk_full, unwatched
from iqlut.batch.stdout_pipe import stdout
from iqlut.batch.upscale_options import UpscaleOptions
from iqlut.errors import DiskFull, InvalidArgument, PictureError
from iqlut.pictures import formats, reading, writing
from iqlut.pictures.picture import Outline, Picture, Pixels, as_array
from iqlut.printable_names import shown
from iqlut.restoration import choose_strength
from iqlut.restoration.choose_strength import Choice
from iqlut.tables.restoration_tables import RestorationTables, tables_at

_FRAMES_EXAMINED = 3  # of an animation, to choose a restoration strength
__all__ = [
    "DiskFull",
    "Job",
    "PictureError",
    "Result",
    "Size",
    "UpscaleOptions",
    "upscale_file",
]


def upscale_file(job: Job, options: UpscaleOptions, watch: Watch = unwatched) -> Result:
    """Upscale one file and describe the result. `watch` follows the frames of a video.

    Raises PictureError if that fails. In this case no file is written under the name of the target.
    """
    if job.is_video:
        return upscale_video(job, options, watch)
    start = time.perf_counter()
    check_target(job, options.overwrite)
    name, target = shown(job.source), shown(job.target) if job.target else "stdout"
    # What the header shows to be impossible is refused before the picture is decoded.
    check = partial(_planned, job, options)
    picture = reading.read_file(job.source, options.pixels_max, check)
    if options.strip:
        picture = replace(picture, extras={}, lost=())
    format_name, target_size, scales = check(picture)
    choice = choose(picture, options)
    size, bits, frames = picture.size, picture.bits, list(picture.frames)
    picture = picture.with_frames(())  # each frame is released when it has been upscaled
    larger = picture.with_frames(tuple(_upscaled(frames, scales, options, choice, target_size)))
    encoded = writing.encode(target, format_name, larger, options.quality)
    _write(job.target, encoded.data, options.overwrite)
    return Result(
        str(job.source or "-"),
        str(job.target or "-"),
        "done",
        None,
        *size,
        *target_size,
        format_name,
        len(larger.frames),
        bits,
        1000 * (time.perf_counter() - start),
        choice and choice.strength,
        choice and choice.reason,
        (f"{target} does not hold {_listed(encoded.lost)} of {name}",) if encoded.lost else (),
    )


def _planned(
    job: Job, options: UpscaleOptions, picture: Picture | Outline
) -> tuple[str, tuple[int, int], tuple[int, ...]]:
    """The format and size of the result, and the scales by which it is reached.

    Raises PictureError if the format, the memory or the disk cannot hold the result.
    """
    target = shown(job.target) if job.target else "stdout"
    named = formats.format_of(job.target) if job.target and options.target_is_named else None
    format_name = options.format or named or picture.format
    target_size = options.size.of(picture.size)
    formats.check_holds(target, format_name, picture, target_size)
    scales = _scales(shown(job.source), picture, options, format_name)
    free_disk.check(target, job.target, format_name, picture, target_size)
    return format_name, target_size, scales


def _listed(phrases: tuple[str, ...]) -> str:
    """The phrases as one: "a", "a and b" or "a, b and c"."""
    return " and ".join(filter(None, (", ".join(phrases[:-1]), phrases[-1])))


def choose(picture: Picture, options: UpscaleOptions) -> Choice | None:
    """The restoration strength for all frames of a picture, or None if no model has strengths."""
    ends = [model.strengths[-1] for model in options.ladder if isinstance(model, RestorationTables)]
    if not ends:
        return None
    some = picture.frames[:: -(-len(picture.frames) // _FRAMES_EXAMINED)]
    return choose_strength.decide(options.restore, some, min(ends), picture.jpeg_table)


def _scales(
    name: str, picture: Picture | Outline, options: UpscaleOptions, format_name: str
) -> tuple[int, ...]:
    """The scales by which a picture is upscaled in turn.

    Raises PictureError if the size is too large for the picture or for the memory of this machine.
    """
    target_size = options.size.of(picture.size)
    try:
        scales = steps(picture.size, target_size, tuple(model.scale for model in options.ladder))
    except InvalidArgument as error:
        raise PictureError(f"{name} cannot be upscaled: {error}") from None
    if options.size.scale:
        scales = (options.size.scale,)
    width, height = (side * math.prod(scales) for side in picture.size)
    memory_limit.check(name, width * height * picture.frame_count, format_name, picture.bits)
    return scales


def _upscaled(
    frames: list[Pixels],
    scales: tuple[int, ...],
    options: UpscaleOptions,
    choice: Choice | None,
    target_size: tuple[int, int],
) -> Iterator[Pixels]:
    """Upscale the frames, which are taken out of the list one after another."""
    by_scale = {model.scale: model for model in options.ladder}
    while frames:
        pixels, strength = as_array(frames.pop(0)), choice.strength if choice else 0.0
        for scale in scales:
            pixels = upscaling.upscale(
                pixels,
                scale,
                tables_at(by_scale[scale], strength),
                options.engine,
                options.threads,
                options.ensemble,
            )
            strength = 0.0  # the first scale has restored the picture already
        yield resample(pixels, target_size)


def _write(target: Path | None, data: bytes, overwrite: bool) -> None:
    if target is None:
        with stdout() as pipe:
            pipe.write(data)
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        atomic_files.write_atomically(target, lambda file: file.write(data), replace=overwrite)
    except OSError as error:
        if isinstance(error, FileExistsError) and target.exists():  # it has appeared meanwhile
            raise result_exists(target) from None
        reason = f"{shown(target)} cannot be written ({error.strerror or error})"
        if is_disk_full(error):
            raise DiskFull(
                f"{reason}, expected room on the disk; free some space and run the same command "
                "again, which keeps the files that are complete"
            ) from None
        raise PictureError(
            f"{reason}, expected a place that can be written; check its permissions"
        ) from None
