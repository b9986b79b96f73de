"""`iqlut upscale`: pictures and films in, larger ones out."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from iqlut import api
from iqlut.batch import plan as planning
from iqlut.batch.one_file import DiskFull, Recipe, Result, check_target, upscale_file
from iqlut.batch.plan import Job, Plan
from iqlut.batch.sizes import Size
from iqlut.commands import films, options
from iqlut.commands.console import FAILED, OK, Stop, progress, stop_on, unforeseen
from iqlut.commands.reporting import Report
from iqlut.pictures import formats, reading
from iqlut.pictures.picture import PictureError
from iqlut.pictures.reading import shown

_QUALITIES = range(1, 101)
_OF_PICTURES = ("size", "width", "height", "format", "quality", "strip", "dry_run", "shard")


def _flag(words: str) -> object:
    return arg(help=words, help_behavior_hint="")


@dataclass(frozen=True)
class Upscale:
    """Enlarge pictures and films.

    iqlut upscale photo.png -o big.png

    iqlut upscale photos -o larger --width 3840

    iqlut upscale film.mkv -o big.mkv

    A folder becomes a folder of the same tree. Gray stays gray; transparency, animation, 16 bits (needs
    pyvips), colour profile, EXIF, XMP and resolution are kept. The ending of OUT, or --format, says the format.
    Of many, what exists already is skipped and what fails does not stop the rest. A film (needs PyAV) keeps its
    other streams and its times; frames go through y4m pipes as well.
    """

    inputs: Annotated[
        Positional[tuple[Path, ...]],
        arg(metavar="IN...", help="pictures, folders, 'patterns*', or - for stdin", help_behavior_hint=""),
    ]
    output: Annotated[Path, arg(aliases=("-o",), metavar="OUT", help="a file; a folder, for several; - for stdout")]
    scale: Annotated[
        int | None,
        arg(
            aliases=("-s",), metavar="SCALE", help="how many times larger", help_behavior_hint="(default: the model's)"
        ),
    ] = None
    size: Annotated[str | None, arg(metavar="WxH", help="so large instead, as 1920x1080", help_behavior_hint="")] = None
    width: Annotated[int | None, arg(metavar="W", help="so wide, in proportion", help_behavior_hint="")] = None
    height: Annotated[int | None, arg(metavar="H", help="so high, in proportion", help_behavior_hint="")] = None
    model: options.Model = None
    engine: options.Engine = "native"
    threads: options.Threads = None
    format: Annotated[
        str | None,
        arg(
            aliases=("-f",),
            metavar="FORMAT",
            help="png, jpeg, webp, tiff, avif, bmp, gif",
            help_behavior_hint="(default: as the source)",
        ),
    ] = None
    quality: Annotated[
        int | None, arg(metavar="1..100", help="of JPEG, WebP and AVIF", help_behavior_hint="(default: 95)")
    ] = None
    strip: Annotated[bool, _flag("drop colour profile, EXIF, XMP and resolution")] = False
    overwrite: Annotated[bool, _flag("replace files that exist")] = False
    dry_run: Annotated[bool, _flag("only say what would be done")] = False
    shard: Annotated[
        str | None, arg(metavar="I/N", help="do only part I of N, as 1/4 to 4/4", help_behavior_hint="")
    ] = None
    max_megapixels: Annotated[float, arg(metavar="MP", help="refuse larger pictures, all frames counted")] = (
        reading.PIXELS_MAX / 1e6
    )
    codec: films.Codec = None
    crf: films.Crf = None
    preset: films.Preset = None
    frames: films.Frames = None
    json: Annotated[bool, _flag("print one JSON list, an object for each picture")] = False
    quiet: Annotated[bool, arg(aliases=("-q",), help="say nothing but what failed", help_behavior_hint="")] = False
    debug: options.Debug = False

    def run(self) -> int:
        if films.are_meant(self.inputs):
            return self._films()
        films.refuse({f"--{name}": getattr(self, name) for name in films.ARGUMENTS}, "films")
        format_name = None
        with stop_on(planning.PlanError, ValueError):
            format_name = formats.format_named(self.format) if self.format else None
            whole = planning.plan(self.inputs, self.output, format_name)
        if self.json and any(job.target is None for job in whole.jobs):
            raise Stop("--json and -o - both want stdout; name a file with -o")
        recipe = self._recipe(format_name, whole)
        if self.shard:
            whole = planning.shard(whole, *_shard(self.shard))
        report = Report(whole, self.json, self.quiet)
        try:
            self._do(whole, recipe, report)
        finally:
            report.close()
        return FAILED if report.failed else OK

    def _films(self) -> int:
        films.refuse({f"--{name}".replace("_", "-"): getattr(self, name) for name in _OF_PICTURES}, "pictures")
        chosen = films.Options(self.codec, self.crf, self.preset, films.part(self.frames))
        tables, threads = options.model(self.model, self.scale), options.threads(self.threads)
        options.check_engine(self.engine, tables, threads)
        enlarger = films.Enlarger(api.enlarger(tables, self.engine, threads), tables.scale, tables.sha256, threads)
        wishes = films.Wishes(chosen, self.overwrite, self.json, self.quiet, self.debug)
        return films.run(self.inputs, self.output, enlarger, wishes)

    def _recipe(self, format_name: str | None, whole: Plan) -> Recipe:
        if self.quality is not None and self.quality not in _QUALITIES:
            raise Stop(f"--quality is {self.quality}, wanted 1 to 100")
        if not self.max_megapixels > 0:
            raise Stop(f"--max-megapixels is {self.max_megapixels:g}, wanted more than 0")
        size, threads = self._size(), options.threads(self.threads)
        any_size = size != Size() and size.scale is None
        ladder = options.ladder(self.model, self.scale) if any_size else (options.model(self.model, self.scale),)
        for tables in ladder:
            options.check_engine(self.engine, tables, threads)
        return Recipe(
            ladder,
            size if any_size else Size(scale=ladder[0].scale),
            self.engine,
            threads,
            format_name,
            self.quality,
            self.strip,
            round(self.max_megapixels * 1e6),
            self.overwrite,
            target_is_named=not whole.is_batch and not self.output.is_dir(),
        )

    def _size(self) -> Size:
        size = Size(self.scale, self.width, self.height)
        if self.size is not None:
            sides = self.size.lower().split("x")
            if len(sides) != 2 or not all(side.isdecimal() for side in sides):
                raise Stop(f"--size is {self.size}, wanted WIDTHxHEIGHT, as 1920x1080")
            if self.width or self.height:
                raise Stop("--size says both sides already; leave --width and --height out")
            size = replace(size, width=int(sides[0]), height=int(sides[1]))
        if any(side is not None and side < 1 for side in (size.width, size.height)):
            raise Stop(f"the size is {size.width or '?'}x{size.height or '?'} pixels, wanted 1 or more")
        if size.scale is not None and (size.width or size.height):
            raise Stop("-s and a size cannot both be; leave one out")
        return size

    def _do(self, whole: Plan, recipe: Recipe, report: Report) -> None:
        jobs = []
        for job in whole.jobs:
            if whole.is_batch and not recipe.overwrite and _exists(job):
                report.add(Result(str(job.source), str(job.target), "skipped", "it exists"))
            else:
                jobs.append(job)
        if not self.dry_run:
            planning.clear_the_way(whole)
        with progress(len(jobs), "pictures", self.quiet) as advance:
            for job in jobs:
                start = time.perf_counter()
                try:
                    report.add(self._one(job, recipe))
                except PictureError as error:
                    report.fail(job, str(error), time.perf_counter() - start)
                    if isinstance(error, DiskFull):
                        return
                advance()

    def _one(self, job: Job, recipe: Recipe) -> Result:
        """The result of one picture; whatever goes wrong is a PictureError."""
        name = shown(job.source)
        try:
            if self.dry_run:
                check_target(job, recipe.overwrite)
                return Result(str(job.source or "-"), str(job.target or "-"), "planned")
            return upscale_file(job, recipe)
        except (PictureError, BrokenPipeError):
            raise
        except MemoryError:
            raise PictureError(f"{name} needs more memory than there is; cut it into parts first") from None
        except Exception as error:
            if self.debug:
                raise
            raise PictureError(unforeseen(error, name)) from error


def _exists(job: Job) -> bool:
    """Whether the result is there already, and is not the picture itself."""
    source, target = job.source, job.target
    if not source or not target or not target.is_file():
        return False
    return not (source.exists() and target.samefile(source))


def _shard(text: str) -> tuple[int, int]:
    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count)):
        raise Stop(f"--shard is {text}, wanted I/N from 1/N to N/N, as 1/4")
    return int(index), int(count)
