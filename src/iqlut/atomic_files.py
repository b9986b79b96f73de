"""Atomic writing of files: a file that exists is complete.

A process that is killed leaves a temporary file behind, which `sweep` removes later. Temporary
files are called `.NAME.iqlut-*.part`.
"""

from __future__ import annotations

import errno
import io
import os
import re
import secrets
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from iqlut.path_states import is_device, real

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_TEMPORARY = re.compile(r"\..*\.iqlut-([0-9a-f]{8}|claim)\.part", re.DOTALL)
# What `os.link` says on a file system without links, such as FAT.
_NO_LINKS = (errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK)
_unfinished: set[Path] = set()  # the temporary files and claims of this process
_NAME_BYTES = 200  # of the 255 bytes that file systems allow
_LOCKED_BYTE = 2**30  # Windows locks bytes, which nobody else can read then: one behind all content


def write_atomically(
    path: Path, fill: Callable[[io.BufferedIOBase], Any], replace: bool = True
) -> Any:
    """Call `fill` with a temporary file and rename that file to `path`.

    A pipe or device is written itself and stays. Returns the result of `fill`. The temporary file
    is removed if `fill` raises. A file that exists is replaced, or with `replace=False` kept, also
    if it has appeared while `fill` was running; FileExistsError is then raised. Raises OSError if
    the file cannot be written.
    """
    if is_device(path):
        with path.open("wb") as file:
            return fill(file)
    path = real(path)
    while True:
        temporary = _beside(path, secrets.token_hex(4))
        _unfinished.add(temporary)
        try:
            with temporary.open("xb") as file:
                if not lock(file) or not _has_name(file):
                    continue  # `sweep` has removed it between its creation and its lock
                result = fill(file)
                file.flush()
                os.fsync(file.fileno())  # a name must not outlive a power failure without its data
            if replace:
                os.replace(temporary, path)  # noqa: PTH105  (the usual call for this)
            else:
                _rename_to_new(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        finally:
            _unfinished.discard(temporary)
        return result


def remove_unfinished() -> None:
    """Remove the temporary files that this process is writing, which has to end at once."""
    for path in tuple(_unfinished):
        with suppress(OSError):  # `sweep` removes it later
            path.unlink(missing_ok=True)


if hasattr(os, "register_at_fork"):  # the files of another process are not those of its fork
    os.register_at_fork(after_in_child=_unfinished.clear)


def _beside(path: Path, word: str) -> Path:
    """The path of a temporary file for `path`, as `_TEMPORARY` describes it."""
    return path.with_name(f".{shortened(path.name)}.iqlut-{word}.part")


def _rename_to_new(temporary: Path, path: Path) -> None:
    """Rename a file. Raises FileExistsError if there is a file of the new name."""
    if os.name == "nt":
        temporary.rename(path)  # Windows replaces nothing
        return
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))  # reserves the name
        os.replace(temporary, path)  # noqa: PTH105
        return
    temporary.unlink()


@contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Claim the work on the file at `path` for this process, until the block ends.

    Yields False if another process has claimed it. On a file system without locks every process
    gets the claim.
    """
    claim = claim_of(path)
    claim.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with open_to_lock(claim) as file:
            if not lock(file):
                yield False
                return
            if not _has_name(file):
                continue  # its last owner has removed it between its opening and its lock
            _unfinished.add(claim)
            try:
                yield True
            finally:
                with suppress(OSError):  # `sweep` removes it later
                    remove_locked(file, claim)
                _unfinished.discard(claim)
            return


def claim_of(path: Path) -> Path:
    """The file that a process locks while it claims the work on the file at `path`."""
    return _beside(real(path), "claim")


def shortened(name: str) -> str:
    """Shorten a file name to at most 200 bytes, so that a suffix can be added to it.

    A checksum keeps apart long names that begin alike.
    """
    data = name.encode("utf-8", "surrogateescape")
    if len(data) <= _NAME_BYTES:
        return name
    return f"{data[: _NAME_BYTES - 9].decode('utf-8', 'ignore')}-{zlib.crc32(data):08x}"


def sweep_beside(paths: Iterable[Path]) -> None:
    """Remove the temporary files that killed processes left when they wrote any of these files."""
    for folder in {real(path).parent for path in paths}:
        sweep(folder)


def sweep(folder: Path) -> int:
    """Remove the temporary files that killed processes left in a folder, and return their number.

    Files that another process is writing are locked and stay.
    """
    swept = 0
    for part in folder.glob(".*.part"):
        if not _TEMPORARY.fullmatch(part.name) or not part.is_file():
            continue
        try:
            with part.open("rb") as file:
                if lock(file):
                    remove_locked(file, part)
                    swept += 1
        except OSError:  # removed in the meantime, or owned by another user
            pass
    return swept


def _has_name(file: IO[Any]) -> bool:
    """Whether an open file still has a name."""
    return os.fstat(file.fileno()).st_nlink > 0


def open_to_lock(path: Path) -> IO[bytes]:
    """Open a file that is there to be locked, and create it if there is none.

    Raises OSError also if the name belongs to a link, which could lead to any other file, or to a
    pipe, which would never open.
    """
    flags = os.O_RDWR | os.O_CREAT
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    try:
        file = os.fdopen(os.open(path, flags, 0o666), "r+b", buffering=0)
    except OSError as error:
        if path.is_symlink():
            raise FileExistsError(errno.EEXIST, f"{path.name} is a link") from error
        raise
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise FileExistsError(errno.EEXIST, f"{path.name} is not a file")
    return file


def lock(file: IO[Any]) -> bool:
    """Lock an open file until it is closed. Returns False if another process holds its lock."""
    try:
        if sys.platform == "win32":
            place = os.lseek(file.fileno(), 0, os.SEEK_CUR)
            os.lseek(file.fileno(), _LOCKED_BYTE, os.SEEK_SET)
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            finally:
                os.lseek(file.fileno(), place, os.SEEK_SET)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a file system without locks
        pass
    return True


def remove_locked(file: IO[Any], path: Path) -> None:
    """Remove a file that this process has locked.

    Windows removes no file that is open. There it is closed before, and another process may open it
    in between to ask for its lock: then that one removes it.
    """
    if sys.platform == "win32":
        file.close()
        with suppress(PermissionError):
            path.unlink(missing_ok=True)
    else:
        path.unlink(missing_ok=True)
