"""The working folder of a result: its lock, and the publication of the finished file.

One run holds the lock of a result from its beginning to its end, so that two runs never write the
same segments. The system releases the lock when a process ends, however it ends.
"""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from iqlut import atomic_files
from iqlut.errors import ResultInUse
from iqlut.path_states import is_folder
from iqlut.videos.video_types import VideoError

FOLDER = ".{}.parts"
LOCK = "lock"


@contextmanager
def locked_folder(target: Path) -> Generator[Path, None, None]:
    """Create the working folder of `target` and hold its lock.

    At the end the lock is released, and a folder without any other file is removed. Raises
    ResultInUse if another run holds the lock.
    """
    folder = target.with_name(FOLDER.format(atomic_files.shortened(target.name)))
    lock = folder / LOCK
    file = _locked(lock, target)
    try:
        with suppress(OSError):  # informs other runs, and is not needed on a full disk
            file.truncate(0)
            holder = {"process": os.getpid(), "machine": socket.gethostname()}
            file.write(json.dumps(holder).encode())
        yield folder
    finally:
        with file, suppress(OSError):  # segments are left for the next run
            atomic_files.remove_locked(file, lock)
            folder.rmdir()


def _locked(lock: Path, target: Path) -> IO[bytes]:
    """The open lock file, locked."""
    while True:
        lock.parent.mkdir(parents=True, exist_ok=True)
        if lock.parent.is_symlink():  # what is in there is not ours
            raise FileExistsError(errno.EEXIST, f"{lock.parent.name} is a link")
        try:
            file = atomic_files.open_to_lock(lock)
        except FileNotFoundError:
            continue  # the run before removed the folder between the two calls
        if not atomic_files.lock(file):
            with file:
                raise ResultInUse(
                    f"{target} is being written by {_holder(file)}, expected one run at a time; "
                    "wait for it or stop it, then run the same command again"
                )
        if _is_current(file, lock):
            return file
        file.close()  # the run before removed the file when it ended


def _holder(file: IO[bytes]) -> str:
    """The run that holds a lock, in words."""
    try:
        file.seek(0)
        holder = json.loads(file.read())
        return f"process {int(holder['process'])} on {str(holder['machine'])!a}"
    except (OSError, ValueError, KeyError, TypeError):  # it has not been written yet
        return "another run"


def _is_current(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def synchronise(path: Path) -> None:
    """Wait until a file is on the disk, so that a crash after a rename cannot leave it empty."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def publish(finished: Path, target: Path, overwrite: bool) -> None:
    """Give a finished file its final name.

    Without `overwrite`, a file that has appeared under this name in the meantime is kept, and
    VideoError is raised.
    """
    synchronise(finished)
    if not overwrite:
        try:
            _reserve(finished, target)
        except FileExistsError:
            raise has_appeared(target) from None
    if finished.exists():
        finished.replace(target)


def has_appeared(target: Path) -> VideoError:
    """The error for a result whose name was free when the run began."""
    way_out = "" if is_folder(target) else "run the same command with --overwrite, or "
    return VideoError(
        f"{target} was created by another program during the run, expected a new file; {way_out}"
        "name another file"
    )


def _reserve(finished: Path, target: Path) -> None:
    """Move a file to a name that must be free.

    Where the file system has no hard links, only an empty file is created under the name.
    """
    try:
        target.hardlink_to(finished)
    except FileExistsError:
        raise
    except OSError:
        target.open("xb").close()
    else:
        finished.unlink()
