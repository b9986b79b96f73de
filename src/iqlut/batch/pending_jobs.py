"""Which jobs of a plan this run has to do: its share of them, without those that are done."""

from __future__ import annotations

import os
import zlib
from dataclasses import replace

from iqlut import atomic_files
from iqlut.batch.planning import Job, Plan
from iqlut.errors import PictureError
from iqlut.printable_names import shown


def shard(whole: Plan, index: int, count: int) -> Plan:
    """The part of a plan that run `index` (from 1) of `count` does: chosen by name, the same on every machine."""
    mine = tuple(
        job for job in whole.jobs if zlib.crc32(os.fsencode(job.relative)) % count == index - 1
    )
    return replace(whole, jobs=mine)


def remove_unfinished(whole: Plan) -> None:
    """Remove the unfinished files that killed runs left in the folders of the results."""
    for folder in {job.target.parent for job in whole.jobs if job.target}:
        if folder.is_dir():
            atomic_files.sweep(folder)


def exists_already(job: Job) -> bool:
    """Whether the result of a job is there already, and is not the source itself."""
    source, target = job.source, job.target
    if not source or not target or not target.is_file():
        return False
    return not (source.exists() and target.samefile(source))


def check_target(job: Job, overwrite: bool) -> None:
    """PictureError where the result of a job cannot be written under its name."""
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
