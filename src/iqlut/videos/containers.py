"""The containers in which upscaled videos are written."""

from __future__ import annotations

from pathlib import Path

from iqlut.videos.video_types import VideoError

Y4M = ".y4m"  # uncompressed frames, which are read and written without a library
# For each suffix, FFmpeg's name of the container and the codecs that players expect in it. The
# first codec is the default for 8 bits.
CONTAINERS = {
    ".mkv": ("matroska", ("h264", "hevc", "av1", "vp9", "ffv1")),
    ".mp4": ("mp4", ("h264", "hevc", "av1", "vp9")),
    ".m4v": ("mp4", ("h264", "hevc", "av1", "vp9")),
    ".mov": ("mov", ("h264", "hevc")),
    ".webm": ("webm", ("av1", "vp9")),
}


def container_of(target: Path) -> str:
    """FFmpeg's name of the container that the suffix of a file name denotes.

    Raises VideoError for any other suffix.
    """
    suffix = target.suffix.lower()
    if suffix not in CONTAINERS:
        raise VideoError(
            f"{target} does not have the extension of a supported video format, expected one of "
            f"{' '.join(CONTAINERS)} .y4m; choose another name"
        )
    return CONTAINERS[suffix][0]


def video_name(name: str) -> str:
    """The file name of an upscaled video in the output folder.

    It is the name of the input, with the suffix .mkv if its format cannot be written.
    """
    path = Path(name)
    return name if path.suffix.lower() in (*CONTAINERS, Y4M) else str(path.with_suffix(".mkv"))
