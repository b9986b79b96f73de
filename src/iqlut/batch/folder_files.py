"""The pictures and videos in a folder, or that match a pattern of names."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from iqlut.errors import InvalidArgument
from iqlut.file_kinds import is_picture_in_folder, is_video_in_folder
from iqlut.printable_names import shown

# Names that operating systems create.
_JUNK = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"})
_JUNK_FOLDERS = frozenset({"__macosx", "@eadir"})


def is_pattern(path: Path) -> bool:
    """Whether a path is a pattern such as `photos/*.jpg` and not the name of an existing file."""
    return glob.has_magic(str(path)) and not path.exists()


def files_of(source: Path, output: Path) -> tuple[list[tuple[Path, str, bool]], int]:
    """The pictures and videos in a folder, or that match a pattern, and the number of other files.

    Each entry holds the path, the path relative to the folder, and whether the file is a video.
    Raises InvalidArgument if `source` and `output` are the same folder.
    """
    if is_pattern(source):
        root = Path(*_before_wildcard(source.parts))
        matches = glob.glob(str(source), recursive=True)  # noqa: PTH207  (patterns may be absolute)
        found = [file for file in sorted(map(Path, matches)) if file.is_file()]
    else:
        root, found = source, list(_walk(source, output))
    kinds = [(file, is_video_in_folder(file)) for file in found if _is_intended(file)]
    chosen = [
        (file, os.fspath(file.relative_to(root)), video)
        for file, video in kinds
        if video or is_picture_in_folder(file)
    ]
    return chosen, len(found) - len(chosen)


def _before_wildcard(parts: Sequence[str]) -> Iterator[str]:
    """The leading parts of a pattern that contain no wildcard."""
    for part in parts:
        if glob.has_magic(part):
            return
        yield part


def _walk(folder: Path, output: Path) -> Iterator[Path]:
    """Yield all files below a folder, sorted, except those in the output folder.

    Raises InvalidArgument if both are the same folder.
    """
    results = output.resolve()
    if folder.resolve() == results:
        raise InvalidArgument(
            f"{shown(folder)} would be its own output, expected another folder; name one with -o"
        )
    for where, folders, names in os.walk(folder):
        here = Path(where)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name.lower() not in _JUNK_FOLDERS
            and (here / name).resolve() != results
        )
        yield from (here / name for name in sorted(names))


def _is_intended(file: Path) -> bool:
    """Whether a file is neither hidden nor created by an operating system."""
    name = file.name.lower()
    return not name.startswith(".") and name not in _JUNK and file.is_file()
