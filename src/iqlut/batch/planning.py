"""Which files the arguments of a run stand for, and what each becomes; folders are mirrored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from iqlut.batch.folder_files import files_of, is_pattern
from iqlut.errors import PlanError
from iqlut.file_kinds import is_video
from iqlut.pictures import formats
from iqlut.printable_names import shown
from iqlut.videos.containers import CONTAINERS, Y4M, video_name

STREAM = Path("-")


@dataclass(frozen=True)
class Job:
    """A picture or video and its result; None is stdin, or stdout."""

    source: Path | None
    target: Path | None
    relative: str  # its name below the folder that is mirrored: the same on every machine
    is_video: bool = False


@dataclass(frozen=True)
class Plan:
    """All files, in order; `ignored` counts those in folders that are neither pictures nor videos."""

    jobs: tuple[Job, ...]
    ignored: int = 0
    is_batch: bool = True

    @property
    def kind(self) -> str:
        """What the files are, in a word or three."""
        return {(): "pictures", (False,): "pictures", (True,): "videos"}.get(
            tuple({job.is_video for job in self.jobs}), "pictures and videos"
        )


def plan(
    inputs: Sequence[Path],
    output: Path,
    format_name: str | None = None,
    pipe_is_video: bool = False,
) -> Plan:
    """What is meant by these arguments; PlanError where nothing can be."""
    if not inputs:
        raise PlanError("no picture is named; expected `iqlut upscale IN... -o OUT`")
    if STREAM in inputs or output == STREAM:
        return Plan((_streamed(inputs, output, format_name, pipe_is_video),), is_batch=False)
    folders = [source for source in inputs if source.is_dir() or is_pattern(source)]
    if len(inputs) == 1 and not folders and not output.is_dir():
        return Plan((_single(inputs[0], output, format_name, is_video(inputs[0])),), is_batch=False)
    is_file = formats.format_of(output) or output.suffix.lower() in (*CONTAINERS, Y4M)
    if output.is_file() or (is_file and not output.is_dir()):
        raise PlanError(
            f"{shown(output)} is not a folder, but there are several files; name a folder with -o"
        )
    found, ignored = [], 0
    for source in inputs:
        if source in folders:
            try:
                more, unused = files_of(source, output)
            except ValueError as error:
                raise PlanError(str(error)) from None
            found, ignored = found + more, ignored + unused
        else:
            found.append((source, source.name, is_video(source)))
    if folders and not found:
        raise PlanError(
            f"there is no picture in {', '.join(shown(folder) for folder in folders)}; check the name"
        )
    jobs = _apart(
        [_job(source, relative, video, output, format_name) for source, relative, video in found]
    )
    return Plan(tuple(jobs), ignored, is_batch=bool(folders) or len(inputs) > 1)


def _streamed(
    inputs: Sequence[Path], output: Path, format_name: str | None, pipe_is_video: bool
) -> Job:
    if len(inputs) > 1:
        raise PlanError(
            f"- is one picture, but there are {len(inputs)}; name files, or give one at a time"
        )
    if inputs[0].is_dir():
        raise PlanError(
            f"{shown(inputs[0])} is a folder, and - is one picture; name a folder with -o"
        )
    video = pipe_is_video if inputs[0] == STREAM else is_video(inputs[0])
    if output == STREAM:
        return Job(None if inputs[0] == STREAM else inputs[0], None, "-", video)
    if output.is_dir():
        raise PlanError(
            f"{shown(output)} is a folder, but what comes from stdin has no name; name a file with -o"
        )
    return replace(_single(inputs[0], output, format_name, video), source=None)


def _single(source: Path, output: Path, format_name: str | None, video: bool) -> Job:
    if not output.parent.is_dir():
        raise PlanError(
            f"there is no folder {shown(output.parent)} for {shown(Path(output.name))}; create it first"
        )
    if video:
        return Job(source, output, source.name, video)
    if format_name is None and formats.format_of(output) is None:
        endings = " ".join(formats.ENDINGS.values())
        raise PlanError(f"{shown(output)} does not end in a format that is written: {endings}")
    meant = formats.format_of(output)
    if None not in (format_name, meant) and format_name != meant:
        raise PlanError(
            f"{shown(output)} says {meant}, but --format says {format_name}; leave one out"
        )
    return Job(source, output, source.name)


def _job(source: Path, relative: str, video: bool, output: Path, format_name: str | None) -> Job:
    """In a folder each file keeps its name, but for the ending where another format is asked for, or needed."""
    target = output / relative
    if video:
        target = target.with_name(video_name(target.name))
    elif format_name is not None and formats.format_of(target) != format_name:
        known = target.suffix.lower() in Image.registered_extensions()
        target = target.with_name(
            (target.stem if known else target.name) + formats.ENDINGS[format_name]
        )
    return Job(source, target, Path(relative).as_posix(), video)


def _apart(jobs: list[Job]) -> list[Job]:
    """The same, where no two become one: a.avi beside a.mkv becomes a.avi.mkv."""
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
            f"several files would become {shown(twice[0])}; give them in separate runs, to separate folders"
        )
    return jobs
