"""The pictures and videos in a folder, or that match a pattern of names."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from iqlut.errors import InvalidArgument
from iqlut.file_kinds import is_picture_in_folder, is_video_in_folder
from iqlut.path_states import is_file, is_folder
from iqlut.printable_names import shown

# Names that operating systems create.
_JUNK = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"})
_JUNK_FOLDERS = frozenset({"__macosx", "@eadir"})
_ANY_DEPTH = "**"


@dataclass
class FolderFiles:
    """What a folder or a pattern stands for.

    files       the path of each picture and video, its path relative to the folder, and whether it
                is a video
    ignored     the number of other files
    unreadable  folders that cannot be read, and the reason for each
    """

    files: list[tuple[Path, str, bool]] = field(default_factory=list)
    ignored: int = 0
    unreadable: list[tuple[Path, str]] = field(default_factory=list)


def is_pattern(path: Path) -> bool:
    """Whether a path is a pattern such as `photos/*.jpg` and not the name of an existing file."""
    return glob.has_magic(str(path)) and not os.path.lexists(path)


def files_of(source: Path, output: Path | None) -> FolderFiles:
    """The pictures and videos in a folder, or that match a pattern.

    Files in the output folder are results and are left out. Raises InvalidArgument if `source` and
    `output` are the same folder.
    """
    chosen = FolderFiles()
    root = Path(*_before_wildcard(source.parts)) if is_pattern(source) else source
    if root != source:
        parts = source.parts[len(root.parts) :]
        matches = dict.fromkeys(_matches(root, parts, chosen.unreadable))
        found = [file for file in sorted(matches) if is_file(file)]
        found = [file for file in found if not _is_below(file, root, output)]
    else:
        found = list(_walk(source, output, chosen.unreadable))
    for file in found:
        video = _is_intended(file) and is_video_in_folder(file)
        if video or (_is_intended(file) and is_picture_in_folder(file)):
            chosen.files.append((file, os.fspath(file.relative_to(root)), video))
        else:
            chosen.ignored += 1
    return chosen


def _before_wildcard(parts: Sequence[str]) -> Iterator[str]:
    """The leading parts of a pattern that contain no wildcard."""
    for part in parts:
        if glob.has_magic(part):
            return
        yield part


def _matches(
    folder: Path, parts: Sequence[str], unreadable: list[tuple[Path, str]]
) -> Iterator[Path]:
    """Yield the files below a folder that match the parts of a pattern, as `glob` matches them.

    Unlike there, `**` does not follow symbolic links, which may form loops.
    """
    first, rest = parts[0], parts[1:]
    if not glob.has_magic(first):
        if rest:
            yield from _matches(folder / first, rest, unreadable)
        else:
            yield folder / first
        return
    if first == _ANY_DEPTH:
        yield from _matches(folder, rest or ("*",), unreadable)
    for entry in _entries(folder, unreadable):
        if entry.name.startswith(".") and not first.startswith("."):
            continue
        if first == _ANY_DEPTH:
            if entry.is_dir(follow_symlinks=False):
                yield from _matches(folder / entry.name, parts, unreadable)
        elif fnmatch.fnmatch(entry.name, first):
            if not rest:
                yield folder / entry.name
            elif is_folder(folder / entry.name):
                yield from _matches(folder / entry.name, rest, unreadable)


def _entries(folder: Path, unreadable: list[tuple[Path, str]]) -> list[os.DirEntry[str]]:
    """The entries of a folder, or none if it does not exist or cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        if (folder, str(error.strerror)) not in unreadable:
            unreadable.append((folder, str(error.strerror)))
        return []


def _is_below(file: Path, root: Path, output: Path | None) -> bool:
    """Whether a file lies in the output folder, which lies below the root of a pattern."""
    if output is None:
        return False
    where, results = os.path.realpath(root), os.path.realpath(output)
    if os.path.commonpath([where, results]) != where or where == results:
        return False
    return os.path.commonpath([os.path.realpath(file), results]) == results


def _walk(folder: Path, output: Path | None, unreadable: list[tuple[Path, str]]) -> Iterator[Path]:
    """Yield all files below a folder, sorted, except those in the output folder.

    Raises InvalidArgument if both are the same folder.
    """
    results = os.path.realpath(output) if output else None
    if os.path.realpath(folder) == results:
        raise InvalidArgument(
            f"{shown(folder)} would be its own output, expected another folder; name one with -o"
        )

    def note(error: OSError) -> None:
        unreadable.append((Path(error.filename), str(error.strerror)))

    for where, folders, names in os.walk(folder, onerror=note):
        here = Path(where)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name.lower() not in _JUNK_FOLDERS
            and os.path.realpath(here / name) != results
        )
        yield from (here / name for name in sorted(names))


def _is_intended(file: Path) -> bool:
    """Whether a file is neither hidden nor created by an operating system."""
    name = file.name.lower()
    return not name.startswith(".") and name not in _JUNK and is_file(file)
