"""The files that the arguments of a run name, and the target of each. Folders are mirrored."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from iqlut.batch import target_names
from iqlut.batch.folder_files import FolderFiles, files_of, is_pattern
from iqlut.batch.job import Job
from iqlut.errors import InvalidArgument, PlanError
from iqlut.file_kinds import is_video
from iqlut.path_states import is_device, is_folder, is_other_than_folder
from iqlut.pictures import formats
from iqlut.printable_names import shown
from iqlut.videos.containers import CONTAINERS, Y4M

STREAM = Path("-")
__all__ = ["STREAM", "Job", "Naming", "Plan", "plan"]


@dataclass(frozen=True)
class Naming:
    """What decides the names of results.

    output         the file or folder that the user named; None puts each result beside its source
    label          what is then added to the name, such as _x4
    format_name    the requested format, or None for that of the source or of the ending
    pipe_is_video  whether stdin holds a video
    """

    output: Path | None
    label: str = "_x4"
    format_name: str | None = None
    pipe_is_video: bool = False


@dataclass(frozen=True)
class Plan:
    """All jobs of a run, in order.

    ignored  the number of files in folders that are neither pictures nor videos
    refused  files and folders that cannot be processed, with the reason for each
    """

    jobs: tuple[Job, ...]
    ignored: int = 0
    is_batch: bool = True
    refused: tuple[tuple[Job, str], ...] = ()

    @property
    def kind(self) -> str:
        """The kinds of the files: "pictures", "videos" or "pictures and videos"."""
        return {(): "pictures", (False,): "pictures", (True,): "videos"}.get(
            tuple({job.is_video for job in self.jobs}), "pictures and videos"
        )


def plan(inputs: Sequence[Path], naming: Naming) -> Plan:
    """Plan the jobs for these arguments. Raises PlanError if they do not fit together."""
    output = naming.output
    if not inputs:
        raise PlanError("no input is named, expected at least one; call iqlut upscale IN... -o OUT")
    if STREAM in inputs or output == STREAM:
        return Plan((_streamed(inputs, naming),), is_batch=False)
    has_folders = any(is_folder(source) or is_pattern(source) for source in inputs)
    is_batch = len(inputs) > 1 or has_folders
    if output is not None and not is_batch and not is_folder(output):
        return Plan((_single(inputs[0], output, naming, is_video(inputs[0])),), is_batch=False)
    if output is not None and _is_for_one(output):
        raise PlanError(
            f"{shown(output)} is not a folder, expected one for several files; "
            "name a folder with -o"
        )
    jobs, ignored, refused = _gathered(inputs, naming)
    if not jobs and refused:
        raise PlanError(refused[0][1])
    if not jobs:
        raise PlanError(
            f"there is no picture or video in {', '.join(map(shown, inputs))}, expected at least "
            "one; check the name"
        )
    return Plan(tuple(jobs), ignored, is_batch, tuple(refused))


def with_sources_kept(whole: Plan) -> Plan:
    """The plan without the jobs whose results would replace the source of another job."""
    sources = {os.path.realpath(job.source): job for job in whole.jobs if job.source}
    kept, refused = [], list(whole.refused)
    for job in whole.jobs:
        replaced = sources.get(os.path.realpath(job.target)) if job.target else None
        if replaced is None or replaced is job:  # `check_target` refuses the latter
            kept.append(job)
            continue
        refused.append(
            (
                job,
                f"{shown(job.source)} would become {shown(job.target)}, which is upscaled in the "
                "same run, expected another name; name another folder with -o",
            )
        )
    return replace(whole, jobs=tuple(kept), refused=tuple(refused))


def _is_for_one(output: Path) -> bool:
    """Whether an output is a file, or would be one by its ending."""
    is_named = formats.format_of(output) or output.suffix.lower() in (*CONTAINERS, Y4M)
    return is_other_than_folder(output) or (bool(is_named) and not is_folder(output))


def _gathered(
    inputs: Sequence[Path], naming: Naming
) -> tuple[list[Job], int, list[tuple[Job, str]]]:
    """The jobs of all inputs, the number of ignored files, and what is refused."""
    jobs: list[Job] = []
    refused: list[tuple[Job, str]] = []
    ignored = 0
    for source in inputs:
        if not is_folder(source) and not is_pattern(source):
            jobs.append(_job(source, source.name, is_video(source), naming, naming.output))
            continue
        root = _output_of(source, naming)
        try:
            found = files_of(source, root)
        except InvalidArgument as error:
            refused.append((Job(source, root, source.name), str(error)))
            continue
        more = [_job(*file, naming, root) for file in found.files]
        kept = target_names.without_results(more) if root is None else more
        jobs, ignored = jobs + kept, ignored + found.ignored + len(more) - len(kept)
        refused += _refused(source, found)
    alone, colliding = target_names.distinct(jobs)
    return alone, ignored, refused + colliding


def _output_of(source: Path, naming: Naming) -> Path | None:
    """The folder for the results of a folder or pattern; None puts each beside its source."""
    if naming.output is not None or not is_folder(source):
        return naming.output
    whole = Path(os.path.abspath(source))  # noqa: PTH100  (of "." and "..", which have no name)
    return whole.with_name(whole.name + naming.label)


def _refused(source: Path, found: FolderFiles) -> list[tuple[Job, str]]:
    """The folders that cannot be read, and a pattern that matches nothing."""
    refused = [
        (
            Job(folder, None, os.fspath(folder)),
            f"the folder {shown(folder)} cannot be read ({reason}), expected one that can; "
            "check its permissions",
        )
        for folder, reason in found.unreadable
    ]
    if is_pattern(source) and not found.files and not refused:
        sentence = (
            f"there is no picture or video in {shown(source)}, expected at least one; "
            "check the name"
        )
        refused.append((Job(source, None, os.fspath(source)), sentence))
    return refused


def _job(source: Path, relative: str, video: bool, naming: Naming, root: Path | None) -> Job:
    """The job of one of several files, or of a file whose result stands beside it."""
    path, label = (source, naming.label) if root is None else (root / relative, "")
    target = target_names.target_of(path, video, naming.format_name, label)
    return Job(source, target, Path(relative).as_posix(), video)


def _streamed(inputs: Sequence[Path], naming: Naming) -> Job:
    output = naming.output
    if len(inputs) > 1:
        raise PlanError(
            f"there are {len(inputs)} inputs, expected one if - is used; name files and an output "
            "folder, or pass one file at a time"
        )
    if is_folder(inputs[0]):
        raise PlanError(
            f"{shown(inputs[0])} is a folder, expected one file for -o -; name a folder with -o"
        )
    video = naming.pipe_is_video if inputs[0] == STREAM else is_video(inputs[0])
    if output == STREAM:
        return Job(None if inputs[0] == STREAM else inputs[0], None, "-", video)
    if output is None or is_folder(output):
        found = "no output is named" if output is None else f"{shown(output)} is a folder"
        raise PlanError(
            f"{found}, expected a file, because stdin has no name; name a file with -o, or - for "
            "stdout"
        )
    return replace(_single(inputs[0], output, naming, video), source=None)


def _single(source: Path, output: Path, naming: Naming, video: bool) -> Job:
    if not is_folder(output.parent):
        raise PlanError(
            f"there is no folder {shown(output.parent)}, expected one for "
            f"{shown(Path(output.name))}; create it first"
        )
    named = formats.format_of(output)
    if video or is_device(output):
        return Job(source, output, source.name, video)
    if naming.format_name is None and named is None:
        endings = " ".join(formats.ENDINGS.values())
        raise PlanError(
            f"{shown(output)} does not have the extension of a picture format, expected one of "
            f"{endings}; name another file with -o, or add --format"
        )
    if None not in (naming.format_name, named) and naming.format_name != named:
        raise PlanError(
            f"the ending of {shown(output)} means {named}, expected {naming.format_name} as "
            "--format says; leave out one of the two"
        )
    return Job(source, output, source.name)
