"""Which files hold videos: by how they begin, or else by their names. Needs no PyAV."""

from __future__ import annotations

from pathlib import Path

from iqlut.videos import y4m
from iqlut.videos.containers import CONTAINERS

Y4M = ".y4m"
SUFFIXES = (
    ".3gp", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".m2ts", ".m2v", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg",
    ".mpg", ".mts", ".mxf", ".nut", ".ogm", ".ogv", ".rm", ".rmvb", ".ts", ".vob", ".webm", ".wmv", ".y4m",
)  # fmt: skip
_BEGINNINGS = (  # of files that hold videos, and where
    (0, b"\x1aE\xdf\xa3"), (0, y4m.MAGIC), (0, b"FLV\x01"), (0, b"0&\xb2u"), (0, b"\0\0\x01\xba"), (0, b".RMF"),
    (8, b"AVI "), (4, b"moov"), (4, b"mdat"), (4, b"wide"), (4, b"free"), (0, b"nut/multimedia"),
)  # fmt: skip
_PICTURES = (
    (0, b"\x89PNG"), (0, b"\xff\xd8\xff"), (0, b"GIF8"), (8, b"WEBP"), (0, b"II*\0"), (0, b"MM\0*"), (0, b"BM"),
    (0, b"8BPS"), (4, b"jP  "),
)  # fmt: skip
PICTURE_BRANDS = (
    b"avif",
    b"avis",
    b"mif1",
    b"msf1",
    b"heic",
    b"heix",
    b"hevc",
    b"heim",
    b"heis",
    b"jxl ",
    b"crx ",
)
_SOUND_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
_SOUND = (".aac", ".aax", ".m4a", ".m4b", ".m4p", ".mka", ".oga", ".weba", ".wma")
_TRANSPORT = (".ts", ".mts", ".m2ts")  # and of TypeScript
_SYNCS = ((0, 188), (4, 196))  # where packets begin: plain, and behind their times


def is_video(path: Path) -> bool:
    """Whether a file holds a video rather than a picture: by how it begins, else by its ending."""
    start = _start(path)
    if any(start[place:].startswith(word) for place, word in _PICTURES):
        return False
    if start[4:8] == b"ftyp":
        return start[8:12] not in PICTURE_BRANDS
    return (
        any(start[place:].startswith(word) for place, word in _BEGINNINGS)
        or path.suffix.lower() in SUFFIXES
    )


def is_video_among_files(path: Path) -> bool:
    """The same for a file that nobody named, in a folder: neither sound nor the source of a program is meant."""
    ending = path.suffix.lower()
    if ending in _SOUND or not is_video(path):
        return False
    start = _start(path)
    if start[4:8] == b"ftyp" and start[8:12] in _SOUND_BRANDS:
        return False
    if ending not in _TRANSPORT or any(
        start[place:].startswith(word) for place, word in _BEGINNINGS
    ):
        return True
    return any(
        start[first : first + 1] == start[second : second + 1] == b"G" for first, second in _SYNCS
    )


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(256)
    except OSError:
        return b""


def video_name(name: str) -> str:
    """What a video is called in a folder of results: its own name, but .mkv where its kind is not written."""
    path = Path(name)
    return name if path.suffix.lower() in (*CONTAINERS, Y4M) else str(path.with_suffix(".mkv"))
