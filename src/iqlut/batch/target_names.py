"""The names of results: below an output folder, or beside the source with the size in the name."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from PIL import Image

from iqlut.batch.job import Job
from iqlut.batch.output_size import Size
from iqlut.pictures import formats
from iqlut.printable_names import shown
from iqlut.videos.containers import video_name


def label_of(size: Size) -> str:
    """What the name of a result beside its source ends in: _x4, _1920x1080, _w1920 or _h1080."""
    if size.width and size.height:
        return f"_{size.width}x{size.height}"
    if size.width or size.height:
        return f"_w{size.width}" if size.width else f"_h{size.height}"
    return f"_x{size.scale}"


def target_of(path: Path, video: bool, format_name: str | None, label: str = "") -> Path:
    """The path of a result, given the path that it would have with the name of its source.

    Its ending changes if another format is requested, or if the container of a video cannot be
    written.
    """
    if video:
        path = path.with_name(video_name(path.name))
    elif format_name is not None and formats.format_of(path) != format_name:
        known = path.suffix.lower() in Image.registered_extensions()
        path = path.with_name((path.stem if known else path.name) + formats.ENDINGS[format_name])
    return path.with_name(f"{path.stem}{label}{path.suffix}") if label else path


def distinct(jobs: list[Job]) -> tuple[list[Job], list[tuple[Job, str]]]:
    """Rename targets that would collide: beside a.png, a.jpg becomes a.jpg.png.

    Returns the jobs, and those whose targets collide all the same with the reason for each.
    """
    times = Counter(job.target for job in jobs)
    renamed = [_with_its_own_ending(job) if times[job.target] > 1 else job for job in jobs]
    times = Counter(job.target for job in renamed)
    alone = [job for job in renamed if times[job.target] == 1]
    colliding = [
        (
            job,
            f"several files would become {shown(job.target)}, of which {shown(job.source)} is one, "
            "expected one; upscale them in separate runs to separate folders",
        )
        for job in renamed
        if times[job.target] > 1
    ]
    return alone, colliding


def _with_its_own_ending(job: Job) -> Job:
    suffix, target = Path(job.relative).suffix, job.target
    if target is None or suffix.lower() == target.suffix.lower():
        return job
    return replace(job, target=target.with_name(f"{target.stem}{suffix}{target.suffix}"))


def without_results(jobs: list[Job]) -> list[Job]:
    """The jobs whose sources are not the targets of others, as in a second run beside the first."""
    targets = {job.target for job in jobs}
    return [job for job in jobs if job.source not in targets]
