"""The files that the arguments of a run name, and the target of each. Folders are mirrored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from iqlut.batch.folder_files import files_of, is_pattern
from iqlut.errors import InvalidArgument, PlanError
from iqlut.file_kinds import is_video
from iqlut.pictures import formats
from iqlut.printable_names import shown
from iqlut.videos.containers import CONTAINERS, Y4M, video_name

STREAM = Path("-")


@dataclass(frozen=True)
class Job:
    """A picture or video to upscale.

    source    None is stdin
    target    None is stdout
    relative  the path below the folder that is mirrored, which is the same on every machine
    """

    source: Path | None
    target: Path | None
    relative: str
    is_video: bool = False


@dataclass(frozen=True)
class Plan:
    """All jobs of a run, in order.

    `ignored` is the number of files in folders that are neither pictures nor videos.
    """

    jobs: tuple[Job, ...]
    ignored: int = 0
    is_batch: bool = True

    @property
    def kind(self) -> str:
        """The kinds of the files: "pictures", "videos" or "pictures and videos"."""
        return {(): "pictures", (False,): "pictures", (True,): "videos"}.get(
            tuple({job.is_video for job in self.jobs}), "pictures and videos"
        )


def plan(
    inputs: Sequence[Path],
    output: Path,
    format_name: str | None = None,
    pipe_is_video: bool = False,
) -> Plan:
    """Plan the jobs for these arguments. Raises PlanError if they do not fit together."""
    if not inputs:
        raise PlanError("no input is named, expected at least one; call iqlut upscale IN... -o OUT")
    if STREAM in inputs or output == STREAM:
        return Plan((_streamed(inputs, output, format_name, pipe_is_video),), is_batch=False)
    folders = [source for source in inputs if source.is_dir() or is_pattern(source)]
    if len(inputs) == 1 and not folders and not output.is_dir():
        return Plan((_single(inputs[0], output, format_name, is_video(inputs[0])),), is_batch=False)
    is_file = formats.format_of(output) or output.suffix.lower() in (*CONTAINERS, Y4M)
    if output.is_file() or (is_file and not output.is_dir()):
        raise PlanError(
            f"{shown(output)} is not a folder, expected one for several files; "
            "name a folder with -o"
        )
    found, ignored = [], 0
    for source in inputs:
        if source in folders:
            try:
                more, unused = files_of(source, output)
            except InvalidArgument as error:
                raise PlanError(str(error)) from None
            found, ignored = found + more, ignored + unused
        else:
            found.append((source, source.name, is_video(source)))
    if folders and not found:
        raise PlanError(
            f"there is no picture or video in {', '.join(map(shown, folders))}, expected at least "
            "one; check the name"
        )
    jobs = _with_distinct_targets(
        [_job(source, relative, video, output, format_name) for source, relative, video in found]
    )
    return Plan(tuple(jobs), ignored, is_batch=bool(folders) or len(inputs) > 1)


def _streamed(
    inputs: Sequence[Path], output: Path, format_name: str | None, pipe_is_video: bool
) -> Job:
    if len(inputs) > 1:
        raise PlanError(
            f"there are {len(inputs)} inputs, expected one if - is used; name files and an output "
            "folder, or pass one file at a time"
        )
    if inputs[0].is_dir():
        raise PlanError(
            f"{shown(inputs[0])} is a folder, expected one file for -o -; name a folder with -o"
        )
    video = pipe_is_video if inputs[0] == STREAM else is_video(inputs[0])
    if output == STREAM:
        return Job(None if inputs[0] == STREAM else inputs[0], None, "-", video)
    if output.is_dir():
        raise PlanError(
            f"{shown(output)} is a folder, expected a file, because stdin has no name; "
            "name a file with -o"
        )
    return replace(_single(inputs[0], output, format_name, video), source=None)


def _single(source: Path, output: Path, format_name: str | None, video: bool) -> Job:
    if not output.parent.is_dir():
        raise PlanError(
            f"there is no folder {shown(output.parent)}, expected one for "
            f"{shown(Path(output.name))}; create it first"
        )
    if video:
        return Job(source, output, source.name, video)
    if format_name is None and formats.format_of(output) is None:
        endings = " ".join(formats.ENDINGS.values())
        raise PlanError(
            f"{shown(output)} does not have the extension of a picture format, expected one of "
            f"{endings}; name another file with -o, or add --format"
        )
    named = formats.format_of(output)
    if None not in (format_name, named) and format_name != named:
        raise PlanError(
            f"the extension of {shown(output)} means {named}, expected {format_name} as --format "
            "says; change one of the two"
        )
    return Job(source, output, source.name)


def _job(source: Path, relative: str, video: bool, output: Path, format_name: str | None) -> Job:
    """The job of a file in a folder.

    The target keeps the name of the source. Its ending changes if another format is requested, or
    if the container of a video cannot be written.
    """
    target = output / relative
    if video:
        target = target.with_name(video_name(target.name))
    elif format_name is not None and formats.format_of(target) != format_name:
        known = target.suffix.lower() in Image.registered_extensions()
        target = target.with_name(
            (target.stem if known else target.name) + formats.ENDINGS[format_name]
        )
    return Job(source, target, Path(relative).as_posix(), video)


def _with_distinct_targets(jobs: list[Job]) -> list[Job]:
    """Rename targets that would collide: beside a.mkv, a.avi becomes a.avi.mkv.

    Raises PlanError if two jobs have the same target all the same.
    """
    times = Counter(job.target for job in jobs)
    jobs = [
        replace(job, target=job.target.with_name(f"{Path(job.relative).name}{job.target.suffix}"))
        if job.is_video
        and job.target
        and times[job.target] > 1
        and job.target.name != Path(job.relative).name
        else job
        for job in jobs
    ]
    twice = [target for target, count in Counter(job.target for job in jobs).items() if count > 1]
    if twice:
        raise PlanError(
            f"several files would become {shown(twice[0])}, expected one; "
            "upscale them in separate runs to separate folders"
        )
    return jobs
