"""What the ways of doing one file share: how it is to be done, and what became of it."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from iqlut import videos
from iqlut.batch.output_size import Size
from iqlut.batch.planning import Job
from iqlut.errors import DiskFull as DiskFull
from iqlut.pictures import reading
from iqlut.pictures.picture import PictureError
from iqlut.printable_names import shown
from iqlut.restoration import choose_strength
from iqlut.tables.shipped_models import Model

Watch = Callable[
    [int, str], AbstractContextManager[Callable[[], None]]
]  # of so many what: gives what to call for each


@dataclass(frozen=True)
class Recipe:
    """How files are upscaled and saved.

    ladder      the model of each scale that may be used
    restore     the restoration strength, for models that have them: "auto" or a number
    format      Pillow's name of the format to write; None: what the ending of a named file says, or the source's
    quality     1 to 100, for formats that have it
    strip       leave colour profile, EXIF, XMP and resolution out
    pixels_max  the largest picture that is opened
    turns       of which the mean is taken, see `turns`
    video        how videos are encoded, and which part of them
    """

    ladder: tuple[Model, ...]
    size: Size
    engine: str = "native"
    threads: int | None = None
    format: str | None = None
    quality: int | None = None
    strip: bool = False
    pixels_max: int = reading.PIXELS_MAX
    overwrite: bool = False
    target_is_named: bool = False  # its ending says the format
    ensemble: int = 1
    video: videos.Options = field(default_factory=videos.Options)
    restore: float | str = choose_strength.AUTO


@dataclass(frozen=True)
class Result:
    """What became of one file. `status`: done, skipped, failed or planned; `reason` is a sentence."""

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
    restore: float | None = None  # the restoration strength; None for a model without
    restore_reason: str | None = None  # why, in a phrase
    notes: tuple[str, ...] = ()  # what one should know of it, in sentences


def unwatched(total: int, what: str) -> AbstractContextManager[Callable[[], None]]:
    """For those who do not care how far a video is."""
    return nullcontext(lambda: None)


def is_full(error: BaseException | None) -> bool:
    """Whether an error says that there is no room on the disk."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def check_target(job: Job, overwrite: bool) -> None:
    """PictureError where the result cannot take its place."""
    source, target = job.source, job.target
    if target is None:
        return
    if source and target.exists() and source.exists() and target.samefile(source):
        raise PictureError(
            f"{shown(source)} would be its own output; name another file or folder with -o"
        )
    if target.is_dir():
        raise PictureError(
            f"{shown(target)} is a folder, expected a file; name another output with -o"
        )
    if target.exists() and not overwrite:
        raise PictureError(f"{shown(target)} exists; give --overwrite to replace it")
