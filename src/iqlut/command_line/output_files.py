"""Files that a command writes: checked before the work, and written whole at its end."""

from __future__ import annotations

from pathlib import Path

from iqlut import atomic_files
from iqlut.command_line.exit_codes import FAILED, Stop
from iqlut.printable_names import shown


def check_folder(path: Path) -> None:
    """Raise Stop if the folder of a new file does not exist."""
    if not path.parent.is_dir():
        raise Stop(
            f"there is no folder {path.parent}, expected one for {path.name}; create it first"
        )


def check_new(path: Path, overwrite: bool) -> None:
    """Raise Stop if a file exists and must not be replaced."""
    if path.exists() and not overwrite:
        raise _exists(path)


def write(path: Path, data: bytes, overwrite: bool) -> None:
    """Write a file whole or not at all. What killed runs left beside it is removed before.

    Raises Stop if that fails, or if the file has appeared since `check_new` and must not be
    replaced.
    """
    try:
        atomic_files.sweep(path.parent)
        atomic_files.write_atomically(path, lambda file: file.write(data), replace=overwrite)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise Stop(
            f"{shown(path)} cannot be written ({error.strerror or error}), expected a writable "
            "folder with room for it; free some space or choose another folder",
            FAILED,
        ) from None


def _exists(path: Path) -> Stop:
    return Stop(
        f"{shown(path)} exists, expected a new file; give --overwrite to replace it, or another "
        "name with -o",
        FAILED,
    )
