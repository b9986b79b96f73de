"""The jobs of a plan that one run has to do: its share of them, without those that are done."""

from __future__ import annotations

import os
import zlib
from dataclasses import replace

from iqlut import atomic_files
from iqlut.batch.planning import Job, Plan
from iqlut.errors import PictureError
from iqlut.printable_names import shown


def shard(whole: Plan, index: int, count: int) -> Plan:
    """The share of a plan that run `index`, counted from 1, of `count` runs has to do.

    It depends on the names only, so that every machine divides the jobs alike.
    """
    mine = tuple(
        job for job in whole.jobs if zlib.crc32(os.fsencode(job.relative)) % count == index - 1
    )
    return replace(whole, jobs=mine)


def remove_unfinished(whole: Plan) -> None:
    """Remove the temporary files that killed runs left in the output folders."""
    for folder in {job.target.parent for job in whole.jobs if job.target}:
        if folder.is_dir():
            atomic_files.sweep(folder)


def exists_already(job: Job) -> bool:
    """Whether the target of a job exists already and is not its source."""
    source, target = job.source, job.target
    if not source or not target or not target.is_file():
        return False
    return not (source.exists() and target.samefile(source))


def check_target(job: Job, overwrite: bool) -> None:
    """Raise PictureError if the target of a job must not be written."""
    source, target = job.source, job.target
    if target is None:
        return
    if source and target.exists() and source.exists() and target.samefile(source):
        raise PictureError(
            f"{shown(source)} would be its own output, expected another file; "
            "name another file or folder with -o"
        )
    if target.is_dir():
        raise PictureError(
            f"{shown(target)} is a folder, expected a file; name another output with -o"
        )
    if target.exists() and not overwrite:
        raise PictureError(
            f"{shown(target)} exists, expected a new file; give --overwrite to replace it"
        )
