"""A folder of pictures and of files that are no pictures, for tests of batches."""

from __future__ import annotations

from pathlib import Path

from picture_files import noise

PICTURES = {"a.png", "two words/b.jpg", "two words/deep/ö.webp", "new\nline.png", "no ending"}


def write_pictures(folder: Path) -> Path:
    """Write PICTURES to a new folder, and files beside them that no batch may take for pictures."""
    for name in sorted(PICTURES):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        noise("RGB", (5, 4)).save(file, "PNG")
    for name in (
        "Thumbs.db",
        "two words/.DS_Store",
        "._a.png",
        "letter.txt",
        "__MACOSX/a.png",
        ".hidden/a.png",
    ):
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"no picture")
    return folder


def below(folder: Path) -> set[str]:
    """The paths of all files below a folder, relative to it and with slashes."""
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
