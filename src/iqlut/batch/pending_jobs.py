"""The jobs of a plan that one run has to do: its share of them, without those that are done."""

from __future__ import annotations

import errno
import os
import zlib
from dataclasses import replace
from pathlib import Path

from iqlut import atomic_files
from iqlut.batch.path_states import exists, is_file, is_folder
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
    refused = whole.refused if index == 1 else ()
    return replace(whole, jobs=mine, refused=refused)


def remove_unfinished(whole: Plan) -> None:
    """Remove the temporary files that killed runs left in the output folders."""
    for folder in {job.target.parent for job in whole.jobs if job.target}:
        if is_folder(folder):
            atomic_files.sweep(folder)


def exists_already(job: Job) -> bool:
    """Whether the target of a job exists already and is not its source."""
    source, target = job.source, job.target
    return bool(source and target and is_file(target) and not _same(source, target))


def _same(source: Path | None, target: Path) -> bool:
    """Whether both are names of one file that exists."""
    if source is None or not exists(source) or not exists(target):
        return False
    return target.samefile(source)


def _has_long_name(target: Path) -> bool:
    try:
        os.lstat(target)
    except OSError as error:
        return error.errno == errno.ENAMETOOLONG
    return False


def check_target(job: Job, overwrite: bool) -> None:
    """Raise PictureError if the target of a job must not be written."""
    source, target = job.source, job.target
    if target is None:
        return
    if _same(source, target):
        raise PictureError(
            f"{shown(source)} would be its own output, expected another file; "
            "name another file or folder with -o"
        )
    if atomic_files.is_device(target):
        return
    if is_folder(target):
        raise PictureError(
            f"{shown(target)} is a folder, expected a file; name another output with -o"
        )
    if _has_long_name(target):
        raise PictureError(
            f"{shown(target)} has a longer name than its folder allows, expected a shorter one; "
            "rename the source or name another file with -o"
        )
    if exists(target) and not overwrite:
        raise PictureError(
            f"{shown(target)} exists, expected a new file; give --overwrite to replace it"
        )
