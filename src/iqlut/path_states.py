"""What a path names, answered for every path: names that are too long or loop name nothing."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def real(path: Path) -> Path:
    """The absolute path after symbolic links. `Path.resolve` raises for a link to itself."""
    return Path(os.path.realpath(path))


def mode_of(path: Path) -> int | None:
    """The mode of what a path names, after symbolic links, or None if it names nothing."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):  # ValueError for a name with a zero byte
        return None


def is_device(path: Path) -> bool:
    """Whether a path names a pipe, a device or a socket, and not a file or folder."""
    mode = mode_of(path)
    return mode is not None and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def exists(path: Path) -> bool:
    """Whether a path names anything, after symbolic links."""
    return mode_of(path) is not None


def is_file(path: Path) -> bool:
    """Whether a path names a regular file."""
    mode = mode_of(path)
    return mode is not None and stat.S_ISREG(mode)


def is_folder(path: Path) -> bool:
    """Whether a path names a folder."""
    mode = mode_of(path)
    return mode is not None and stat.S_ISDIR(mode)


def is_other_than_folder(path: Path) -> bool:
    """Whether a path names anything but a folder; looks once, as another process may make it."""
    mode = mode_of(path)
    return mode is not None and not stat.S_ISDIR(mode)


def is_same_file(one: Path, other: Path) -> bool:
    """Whether both paths are names of one file that exists."""
    try:
        return one.samefile(other)
    except (OSError, ValueError):  # ValueError for a name with a zero byte
        return False
