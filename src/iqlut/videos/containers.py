"""The files that larger videos are written to."""

from __future__ import annotations

from pathlib import Path

from iqlut.videos.video_types import VideoError

Y4M = ".y4m"  # frames that are not compressed: read and written without a library
CONTAINERS = {  # by ending: FFmpeg's name, and the codecs that players expect in it, the default of 8 bits first
    ".mkv": ("matroska", ("h264", "hevc", "av1", "vp9", "ffv1")),
    ".mp4": ("mp4", ("h264", "hevc", "av1", "vp9")),
    ".m4v": ("mp4", ("h264", "hevc", "av1", "vp9")),
    ".mov": ("mov", ("h264", "hevc")),
    ".webm": ("webm", ("av1", "vp9")),
}


def container_of(target: Path) -> str:
    """FFmpeg's name of the container that a video's name ends in."""
    ending = target.suffix.lower()
    if ending not in CONTAINERS:
        raise VideoError(
            f"{target} does not end in a video format that is written: {' '.join(CONTAINERS)} .y4m"
        )
    return CONTAINERS[ending][0]


def video_name(name: str) -> str:
    """The name of the upscaled video in a folder of results: the same, or .mkv for a format that is not written."""
    path = Path(name)
    return name if path.suffix.lower() in (*CONTAINERS, Y4M) else str(path.with_suffix(".mkv"))
