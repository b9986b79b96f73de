"""Atomic writing of files: a file that exists is complete.

A process that is killed leaves a temporary file behind, which `sweep` removes later.
"""

from __future__ import annotations

import io
import os
import secrets
import stat
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be removed
    fcntl = None

_PART = ".part"
_NAME_BYTES = 200  # of the 255 bytes that file systems allow


def write_atomically(path: Path, fill: Callable[[io.BufferedIOBase], Any]) -> Any:
    """Call `fill` with a temporary file and rename that file to `path`.

    A pipe or device is written itself and stays. Returns the result of `fill`. The temporary file
    is removed if `fill` raises. Raises OSError if the file cannot be written.
    """
    if is_device(path):
        with path.open("wb") as file:
            return fill(file)
    path = Path(os.path.realpath(path))
    while True:
        temporary = path.with_name(f".{shortened(path.name)}.{secrets.token_hex(4)}{_PART}")
        try:
            with temporary.open("xb") as file:
                if not _lock(file) or not os.fstat(file.fileno()).st_nlink:
                    continue  # `sweep` has removed it between its creation and its lock
                result = fill(file)
                file.flush()
            os.replace(temporary, path)  # noqa: PTH105  (the usual call for this)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return result


def is_device(path: Path) -> bool:
    """Whether a path names a pipe, a device or a socket, and not a file or folder."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def shortened(name: str) -> str:
    """Shorten a file name to at most 200 bytes, so that a suffix can be added to it.

    A checksum keeps apart long names that begin alike.
    """
    data = name.encode("utf-8", "surrogateescape")
    if len(data) <= _NAME_BYTES:
        return name
    return f"{data[: _NAME_BYTES - 9].decode('utf-8', 'ignore')}-{zlib.crc32(data):08x}"


def sweep(folder: Path) -> int:
    """Remove the temporary files that killed processes left in a folder, and return their number.

    Files that another process is writing are locked and stay.
    """
    swept = 0
    for part in folder.glob(f".*{_PART}"):
        middle = part.name.removesuffix(_PART).rpartition(".")[2]
        if len(middle) != 8 or not part.is_file():
            continue
        try:
            with part.open("rb") as file:
                if _lock(file):
                    part.unlink()
                    swept += 1
        except OSError:  # removed in the meantime, or owned by another user
            pass
    return swept


def _lock(file: Any) -> bool:
    """Lock a file until it is closed. Returns False if another process holds its lock."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        pass
    return True
