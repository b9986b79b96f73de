"""Files that a command writes: checked before the work, and written whole at its end."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from iqlut import atomic_files
from iqlut.command_line.exit_codes import FAILED, Stop
from iqlut.path_states import exists, is_folder
from iqlut.printable_names import shown


def check_folder(path: Path) -> None:
    """Raise Stop if the folder of a new file does not exist."""
    if not is_folder(path.parent):
        raise Stop(
            f"there is no folder {path.parent}, expected one for {path.name}; create it first"
        )


def check_no_folder(path: Path) -> None:
    """Raise Stop if a folder has the name of a new file."""
    if is_folder(path):
        raise Stop(f"{shown(path)} is a folder, expected a file; name one with -o")


def check_new(path: Path, overwrite: bool) -> None:
    """Raise Stop if a file exists and must not be replaced."""
    if exists(path) and not overwrite:
        raise _exists(path)


def write(files: Mapping[Path, bytes], overwrite: bool) -> None:
    """Write files whole, all or none. What killed runs left beside them is removed before.

    Raises Stop if that fails, or if a file has appeared since `check_new` and must not be replaced.
    """
    atomic_files.sweep_beside(files)
    _write_in_order(list(files.items()), overwrite)


def _write_in_order(files: list[tuple[Path, bytes]], overwrite: bool) -> None:
    """Write the first file, which gets its name when the others have theirs."""
    (path, data), *others = files

    def fill(file: io.BufferedIOBase) -> None:
        file.write(data)
        file.flush()
        if others:
            _write_in_order(others, overwrite)

    try:
        atomic_files.write_atomically(path, fill, replace=overwrite)
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
