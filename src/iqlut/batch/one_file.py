"""One picture from file to file: what `iqlut upscale` does for each, and what a cluster can call."""

from __future__ import annotations

import errno
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from iqlut import api, files
from iqlut.batch.plan import Job
from iqlut.batch.sizes import Size, resample, steps
from iqlut.pictures import formats, reading, writing
from iqlut.pictures.picture import Picture, PictureError, Pixels
from iqlut.pictures.reading import shown
from iqlut.tables import Tables


class DiskFull(PictureError):
    """Nothing more can be written: no use to go on."""


@dataclass(frozen=True)
class Recipe:
    """How pictures are enlarged and saved.

    ladder      the tables of each scale that may be used
    format      Pillow's name of the format to write; None: what the ending of a named file says, or the source's
    quality     1 to 100, for formats that have it
    strip       leave colour profile, EXIF, XMP and resolution out
    pixels_max  the largest picture that is opened
    """

    ladder: tuple[Tables, ...]
    size: Size
    engine: str = "native"
    threads: int | None = None
    format: str | None = None
    quality: int | None = None
    strip: bool = False
    pixels_max: int = reading.PIXELS_MAX
    overwrite: bool = False
    target_is_named: bool = False  # its ending says the format


@dataclass(frozen=True)
class Result:
    """What became of one picture. `status`: done, skipped, failed or planned; `reason` is a sentence."""

    source: str
    target: str
    status: str
    reason: str | None = None
    width: int | None = None
    height: int | None = None
    target_width: int | None = None
    target_height: int | None = None
    format: str | None = None
    frames: int | None = None
    bits: int | None = None
    elapsed_ms: float | None = None


def upscale_file(job: Job, recipe: Recipe) -> Result:
    """Enlarge one picture; PictureError says in one sentence why not, and then nothing is left of it."""
    start = time.perf_counter()
    check_target(job, recipe.overwrite)
    name, target = shown(job.source), shown(job.target) if job.target else "stdout"
    picture = reading.read(reading.file_bytes(job.source), name, recipe.pixels_max)
    if recipe.strip:
        picture = Picture(picture.frames, {}, picture.format, picture.lossy, picture.motion)
    named = formats.format_of(job.target) if job.target and recipe.target_is_named else None
    format_name = recipe.format or named or picture.format
    wanted = recipe.size.of(picture.size)
    formats.check_holds(target, format_name, picture, wanted)
    larger = picture.with_frames(enlarged(name, picture, recipe))
    encoded = writing.encode(target, format_name, larger, recipe.quality)
    _write(job.target, encoded.data)
    return Result(
        str(job.source or "-"),
        str(job.target or "-"),
        "done",
        f"without its {', '.join(encoded.lost)}" if encoded.lost else None,
        *picture.size,
        *wanted,
        format_name,
        len(picture.frames),
        picture.bits,
        1000 * (time.perf_counter() - start),
    )


def check_target(job: Job, overwrite: bool) -> None:
    """PictureError where the result cannot take its place."""
    source, target = job.source, job.target
    if target is None:
        return
    if source and target.exists() and source.exists() and target.samefile(source):
        raise PictureError(f"{shown(source)} would be its own output; name another file or folder with -o")
    if target.is_dir():
        raise PictureError(f"{shown(target)} is a folder, wanted a file; name another output with -o")
    if target.exists() and not overwrite:
        raise PictureError(f"{shown(target)} exists; give --overwrite to replace it")


def enlarged(name: str, picture: Picture, recipe: Recipe) -> tuple[Pixels, ...]:
    """All frames in the size that the recipe asks for."""
    by_scale = {tables.scale: tables for tables in recipe.ladder}
    wanted = recipe.size.of(picture.size)
    try:
        scales = steps(picture.size, wanted, tuple(by_scale))
    except ValueError as error:
        raise PictureError(f"{name} cannot grow so far: {error}") from None
    if recipe.size.scale:
        scales = (recipe.size.scale,)
    frames = []
    for frame in picture.frames:
        pixels = frame
        for scale in scales:
            pixels = api.upscale(pixels, scale, by_scale[scale], recipe.engine, recipe.threads)
        frames.append(resample(pixels, wanted))
    return tuple(frames)


def _write(target: Path | None, data: bytes) -> None:
    if target is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        files.write_atomically(target, lambda file: file.write(data))
    except OSError as error:
        reason = f"{shown(target)} cannot be written ({error.strerror or error})"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(f"{reason}; free some space and run the same again: what is done stays") from None
        raise PictureError(f"{reason}; check the folder") from None
