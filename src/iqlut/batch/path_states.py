"""What a path names, answered for every path: names that are too long or loop name nothing."""

from __future__ import annotations

import stat
from pathlib import Path

from iqlut.atomic_files import mode_of


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
