"""What a path names, answered for every path: names that are too long or loop name nothing."""

from __future__ import annotations

import stat
from pathlib import Path


def exists(path: Path) -> bool:
    """Whether a path names anything, after symbolic links."""
    return _mode(path) is not None


def is_file(path: Path) -> bool:
    """Whether a path names a regular file."""
    mode = _mode(path)
    return mode is not None and stat.S_ISREG(mode)


def is_folder(path: Path) -> bool:
    """Whether a path names a folder."""
    mode = _mode(path)
    return mode is not None and stat.S_ISDIR(mode)


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except (OSError, ValueError):  # ValueError for a name with a zero byte
        return None
