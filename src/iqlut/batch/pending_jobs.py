"""The jobs of a plan that one run has to do: its share of them, without those that are done."""

from __future__ import annotations

import errno
import os
import time
import zlib
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from iqlut import atomic_files
from iqlut.batch.planning import Job, Plan
from iqlut.errors import PictureError, ResultExists
from iqlut.path_states import exists, is_device, is_file, is_folder, is_same_file
from iqlut.printable_names import shown

_WAIT_S = 0.2  # before asking again whether another run has finished its jobs


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
    atomic_files.sweep_beside(job.target for job in whole.jobs if job.target)


def shared(jobs: Sequence[Job]) -> Generator[Job, None, None]:
    """Yield the jobs in an order that lets several runs share them.

    Each job is claimed for as long as the caller works on it. One that another run has claimed is
    yielded later, when that run has finished or has ended without a result. The caller then checks
    with `exists_already` whether anything is left to do.
    """
    waiting, claimed_by_others = deque(jobs), 0
    while waiting:
        job = waiting.popleft()
        with _claimed(job) as is_mine:
            if is_mine:
                claimed_by_others = 0
                yield job
                continue
        waiting.append(job)
        claimed_by_others += 1
        if claimed_by_others >= len(waiting):
            time.sleep(_WAIT_S)


@contextmanager
def _claimed(job: Job) -> Iterator[bool]:
    """Claim a picture until the block ends; yield False if another run has it."""
    with ExitStack() as stack:
        is_mine = True
        if job.target is not None and not job.is_video:
            with suppress(OSError):  # a folder that cannot be written: writing reports it
                is_mine = stack.enter_context(atomic_files.claimed(job.target))
        yield is_mine


def exists_already(job: Job) -> bool:
    """Whether the target of a job exists already and is not its source."""
    source, target = job.source, job.target
    return bool(source and target and is_file(target) and not is_same_file(source, target))


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
    if source is not None and is_same_file(source, target):
        raise PictureError(
            f"{shown(source)} would be its own output, expected another file; "
            "name another file or folder with -o"
        )
    if is_device(target):
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
        raise result_exists(target)


def result_exists(target: Path) -> ResultExists:
    """The error for a target that must not be replaced."""
    return ResultExists(
        f"{shown(target)} exists, expected a new file; give --overwrite to replace it"
    )
