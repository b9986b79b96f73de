"""The pictures and videos that a folder or a pattern of names stands for."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from iqlut.file_kinds import is_picture_in_folder, is_video_in_folder
from iqlut.printable_names import shown

_JUNK = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"})
_JUNK_FOLDERS = frozenset({"__macosx", "@eadir"})


def is_pattern(path: Path) -> bool:
    """Whether a path is a pattern such as `photos/*.jpg`, and no file of that name exists."""
    return glob.has_magic(str(path)) and not path.exists()


def files_of(source: Path, output: Path) -> tuple[list[tuple[Path, str, bool]], int]:
    """The pictures and videos in a folder, or that match a pattern, and how many other files there are.

    Each is its path, its name below the folder, and whether it is a video.
    """
    if is_pattern(source):
        fixed = Path(*(part for part in _before_magic(source.parts)))
        names = sorted(Path(name) for name in glob.glob(str(source), recursive=True))  # noqa: PTH207  (an absolute pattern too)
        found = [file for file in names if file.is_file()]
    else:
        fixed, found = source, list(_walk(source, output))
    kinds = [(file, is_video_in_folder(file)) for file in found if _is_meant(file)]
    meant = [
        (file, os.fspath(file.relative_to(fixed)), video)
        for file, video in kinds
        if video or is_picture_in_folder(file)
    ]
    return meant, len(found) - len(meant)


def _before_magic(parts: Sequence[str]) -> Iterator[str]:
    for part in parts:
        if glob.has_magic(part):
            return
        yield part


def _walk(folder: Path, output: Path) -> Iterator[Path]:
    """All files below a folder, in order, without those in the folder of the results. ValueError where that is the same."""
    results = output.resolve()
    if folder.resolve() == results:
        raise ValueError(f"{shown(folder)} would be its own output; name another folder with -o")
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


def _is_meant(file: Path) -> bool:
    """Whether a file in a folder was put there by a person, not by an operating system."""
    name = file.name.lower()
    return not name.startswith(".") and name not in _JUNK and file.is_file()
