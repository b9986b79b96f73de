"""Folders of exported files, written whole or not at all."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import iqlut
from iqlut import __version__, arithmetic, atomic_files
from iqlut.path_states import exists, is_folder, real
from iqlut.tables.integer_tables import Tables


def provenance(tables: Tables) -> dict[str, str | int]:
    """What made an export and from which tables; every export contains it."""
    return {
        "made_by": f"iqlut {__version__}",
        "model": tables.name,
        "tables_sha256": tables.sha256,
        "arithmetic": arithmetic.VERSION,
    }


def to_json(value: object) -> bytes:
    """Indented JSON with a newline at its end."""
    return (json.dumps(value, indent=1) + "\n").encode()


def identifier(name: str) -> str:
    """A model's name as a C or Verilog identifier: `l8c8-x4` becomes `l8c8_x4`."""
    word = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return word if word[:1].isalpha() else f"model_{word}".rstrip("_")


def runtime_files(name: str, pattern: str) -> dict[str, bytes]:
    """The hand-written files of a folder of `runtimes`, from the source tree or the package.

    `pattern` is "*" for the files of the folder, and "**/*" for those of its subfolders as well.
    """
    package = Path(iqlut.__file__).parent
    folders = [parent / "runtimes" / name for parent in (package.parents[1], package)]
    folder = next((path for path in folders if path.is_dir()), None)
    if folder is None:
        raise FileNotFoundError(
            f"the runtime {name} is missing, expected it in {folders[-1]}; "
            "install the package again"
        )
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.glob(pattern))
        if path.is_file()
    }


def check_new(folder: Path) -> None:
    """Raise FileExistsError, in one sentence, unless `folder` is absent or an empty folder.

    What a killed run left in it does not count.
    """
    if is_folder(folder):
        ours = (_temporary(folder, folder).name, atomic_files.claim_of(folder / folder.name).name)
        if all(path.name in ours for path in folder.iterdir()):
            return
        what = "a folder that is not empty"
    elif exists(folder) or folder.is_symlink():
        what = "not a folder"
    else:
        return
    raise FileExistsError(
        f"{folder} is {what}, expected a new or an empty folder; name another with -o"
    )


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Write all files into a new or empty folder; on an error no part of them remains.

    They go to a temporary folder, which is renamed when all are complete; an empty folder, which
    may be a mount or the working folder, stays and gets what is in the temporary one. What a killed
    run left there is removed. Raises FileExistsError if the folder is not empty or if another
    process is writing it, and OSError with the path of the folder if it cannot be written.
    """
    folder = real(folder)
    place = folder if is_folder(folder) else folder.parent
    temporary = _temporary(folder, place)
    try:
        with atomic_files.claimed(place / folder.name) as is_mine:
            if not is_mine:
                raise FileExistsError(
                    f"another process is writing {folder}, expected to be the only one; wait until "
                    "it has ended, or name another folder with -o"
                )
            check_new(folder)
            try:
                _write_new(temporary, files)
                if place == folder:
                    _move_contents(temporary, folder)
                else:
                    temporary.rename(folder)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True)
                raise
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise  # it already says which file
        raise OSError(error.errno, error.strerror, str(folder)) from error


def _temporary(folder: Path, place: Path) -> Path:
    """The temporary folder, in `place`, of what is to be written into `folder`."""
    return place / f".{atomic_files.shortened(folder.name)}.iqlut-export.part"


def _write_new(folder: Path, files: dict[str, bytes]) -> None:
    """Write all files into a folder, which replaces what was there under its name."""
    if folder.is_dir():
        shutil.rmtree(folder)
    folder.mkdir()
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _move_contents(temporary: Path, folder: Path) -> None:
    """Move all that is in a folder to another; on an error nothing of it remains there."""
    moved = []
    try:
        for path in sorted(temporary.iterdir()):
            path.rename(folder / path.name)
            moved.append(folder / path.name)
        temporary.rmdir()
    except BaseException:
        for path in moved:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise
