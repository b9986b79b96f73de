"""`iqlut upscale`: upscale pictures and videos."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from iqlut.batch import pending_jobs, planning, target_names
from iqlut.batch.one_file import upscale_file
from iqlut.batch.pending_jobs import check_target, exists_already
from iqlut.batch.planning import Job, Naming, Plan
from iqlut.batch.results import EXISTS, Result, Watch
from iqlut.batch.upscale_options import UpscaleOptions
from iqlut.command_line import pipes, video_arguments
from iqlut.command_line.batch_report import BatchReport
from iqlut.command_line.exit_codes import FAILED, OK, Stop, stop_on
from iqlut.command_line.output import unforeseen
from iqlut.command_line.progress import progress
from iqlut.command_line.prompt_exit import prompt_exit
from iqlut.command_line.upscale_arguments import UpscaleArguments, flag
from iqlut.errors import DiskFull, PictureError, ResultExists
from iqlut.path_states import is_folder
from iqlut.pictures import formats
from iqlut.printable_names import shown

_OF_PICTURES = ("format", "quality", "strip")


@dataclass(frozen=True, kw_only=True)
class _InAndOut:
    inputs: Annotated[
        Positional[tuple[Path, ...]],
        arg(
            metavar="IN...",
            help="pictures, videos, folders, quoted patterns such as 'photos/*.jpg', or - for "
            "stdin",
            help_behavior_hint="",
        ),
    ]
    output: Annotated[
        Path | None,
        arg(
            aliases=("-o",),
            metavar="OUT",
            help="file to write; a folder for several inputs, or - for stdout",
            help_behavior_hint="(default: beside IN, with the scale in the name: photo_x4.png)",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Upscale(UpscaleArguments, _InAndOut):
    """Upscale pictures and videos.

    iqlut upscale photo.png

    iqlut upscale photo.png -o big.png

    iqlut upscale photos -o larger --width 3840

    iqlut upscale video.mkv -o big.mkv

    Pictures keep transparency, animation, colour space, EXIF, XMP and resolution, and 16 bits per
    sample if pyvips is installed; a note names what the file format cannot hold. Gray pictures stay
    gray. The extension of OUT, or --format, selects the file format. HEIF (.heic) needs
    pillow-heif: pip install 'iqlut[heif]'.

    A folder is upscaled to a folder with the same tree. If there are several files, those whose
    result already exists are skipped, and a failure does not stop the rest.

    Videos need PyAV: pip install 'iqlut[video]'. They keep audio, subtitles and time stamps. Frames
    can also be piped through stdin and stdout as y4m.
    """

    format: Annotated[
        str | None,
        arg(
            aliases=("-f",),
            metavar="FORMAT",
            help="file format of the result: png, jpeg, webp, tiff, avif, heic, bmp or gif",
            help_behavior_hint="(default: that of the input)",
        ),
    ] = None
    dry_run: Annotated[bool, flag("print what would be done, and do nothing")] = False
    shard: Annotated[
        str | None,
        arg(
            metavar="I/N",
            help="process only part I of N, for example 1/4 on the first of four machines",
            help_behavior_hint="",
        ),
    ] = None

    def run(self) -> int:
        output = pipes.written_as_stdout(self.output)
        with (
            prompt_exit(),
            pipes.read_as_stdin(self.inputs) as inputs,
            pipes.video_as_file(inputs, output) as readable,
        ):
            return self._run(readable, output)

    def _run(self, inputs: tuple[Path, ...], output: Path | None) -> int:
        format_name = None
        with stop_on(ValueError):
            format_name = formats.format_named(self.format) if self.format else None
        options = self.options(format_name)
        pipe_is_video = planning.STREAM in inputs and video_arguments.is_video_pipe()
        naming = Naming(output, target_names.label_of(options.size), format_name, pipe_is_video)
        with stop_on(planning.PlanError):
            whole = planning.plan(inputs, naming)
        if self.overwrite:
            whole = planning.with_sources_kept(whole)
        self._check_kinds(whole)
        self._check_stdout(whole)
        is_named = not whole.is_batch and output is not None and not is_folder(output)
        if self.shard:
            whole = pending_jobs.shard(whole, *_shard(self.shard))
        report = BatchReport(whole, self.json, self.quiet)
        try:
            self._do(whole, replace(options, target_is_named=is_named), report)
        finally:
            report.close()
        return FAILED if report.failed else OK

    def _check_stdout(self, whole: Plan) -> None:
        """Raise Stop if the result would go to stdout, and stdout cannot take it."""
        if not any(job.target is None for job in whole.jobs):
            return
        if self.json:
            raise Stop(
                "--json is given together with -o -, expected only one of them to use stdout; "
                "name a file with -o"
            )
        if sys.stdout and sys.stdout.isatty():
            raise Stop(
                "-o - is given and stdout is a terminal, expected a file or a pipe; redirect "
                "stdout, or name a file with -o"
            )

    def _check_kinds(self, whole: Plan) -> None:
        """Raise Stop for an argument that applies to none of the inputs."""
        are_videos = {job.is_video for job in whole.jobs}
        if are_videos == {True}:
            video_arguments.refuse(
                {f"--{name}": getattr(self, name) for name in _OF_PICTURES}, "pictures"
            )
        if are_videos == {False}:
            video_arguments.refuse(
                {f"--{name}": getattr(self, name) for name in video_arguments.ARGUMENTS}, "videos"
            )

    def _do(self, whole: Plan, options: UpscaleOptions, report: BatchReport) -> None:
        jobs = []
        for job, sentence in whole.refused:
            report.fail(job, sentence, 0.0)
        for job in whole.jobs:
            if whole.is_batch and not options.overwrite and exists_already(job):
                report.add(_skipped(job))
            else:
                jobs.append(job)
        if not self.dry_run:
            pending_jobs.remove_unfinished(whole)
        is_shared = whole.is_batch and not options.overwrite and not self.dry_run
        with (
            closing(pending_jobs.shared(jobs) if is_shared else (job for job in jobs)) as turns,
            progress(len(jobs), whole.kind, self.quiet) as advance,
        ):
            for job in turns:
                start = time.perf_counter()
                try:
                    if is_shared and exists_already(job):  # by another run, since this one began
                        report.add(_skipped(job))
                    else:
                        watch = partial(progress, quiet=self.quiet, outer=advance)
                        report.add(self._one(job, options, watch))
                except PictureError as error:
                    if is_shared and isinstance(error, ResultExists):
                        report.add(_skipped(job))
                    else:
                        report.fail(job, str(error), time.perf_counter() - start)
                    if isinstance(error, DiskFull):
                        return
                advance()

    def _one(self, job: Job, options: UpscaleOptions, watch: Watch) -> Result:
        """Upscale one file. Raises PictureError for whatever goes wrong."""
        name = shown(job.source)
        try:
            if self.dry_run:
                check_target(job, options.overwrite)
                return Result(str(job.source or "-"), str(job.target or "-"), "planned")
            return upscale_file(job, options, watch)
        except (PictureError, BrokenPipeError):
            raise
        except MemoryError:
            raise PictureError(
                f"{name} needs more memory than this machine has, expected less; cut it into "
                "parts first"
            ) from None
        except Exception as error:
            if self.debug:
                raise
            raise PictureError(unforeseen(error, name)) from error


def _skipped(job: Job) -> Result:
    return Result(str(job.source), str(job.target), "skipped", EXISTS)


def _shard(text: str) -> tuple[int, int]:
    """The numbers I and N of `--shard I/N`."""
    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count)):
        raise Stop(f"--shard is {text}, expected I/N with I from 1 to N; write it as in 1/4")
    return int(index), int(count)
