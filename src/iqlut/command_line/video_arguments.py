"""The arguments of `iqlut upscale` that are for videos alone."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated

from tyro.conf import arg

from iqlut.command_line.console import Stop
from iqlut.file_kinds import Y4M_SIGNATURE
from iqlut.videos import Options, Part

__all__ = [
    "ARGUMENTS",
    "Codec",
    "Crf",
    "Frames",
    "Options",
    "Preset",
    "is_video_pipe",
    "part",
    "refuse",
]

ARGUMENTS = ("codec", "crf", "preset", "frames")

Codec = Annotated[
    str | None,
    arg(
        metavar="CODEC",
        help="of a video: h264, hevc, av1, vp9 or ffv1 (lossless)",
        help_behavior_hint="(default: h264, or hevc deeper than 8 bits; av1 in .webm)",
    ),
]
Crf = Annotated[
    float | None,
    arg(
        metavar="CRF",
        help="quality of a video, smaller is better",
        help_behavior_hint="(default: 18 for h264)",
    ),
]
Preset = Annotated[
    str | None,
    arg(
        metavar="PRESET",
        help="how long the encoder may take",
        help_behavior_hint="(default: medium for h264)",
    ),
]
Frames = Annotated[
    str | None,
    arg(
        metavar="A:B",
        help="the frames A to B - 1 of a video, from 0",
        help_behavior_hint="(default: all)",
    ),
]


def is_video_pipe() -> bool:
    """Whether a y4m video, not a picture, comes on stdin; nothing is taken from it."""
    peek = getattr(getattr(sys.stdin, "buffer", None), "peek", None)
    return peek is not None and peek(len(Y4M_SIGNATURE)).startswith(Y4M_SIGNATURE)


def part(frames: str | None) -> Part:
    """What `--frames A:B` means."""
    first, colon, end = (frames or ":").partition(":")
    if not colon or not all(word.isdecimal() for word in (first, end) if word):
        raise Stop(
            f"--frames is {frames}, expected A:B with frame numbers, as in 100:200, 100: or :200"
        )
    chosen = Part(int(first or 0), int(end) if end else None)
    if chosen.end is not None and chosen.end <= chosen.first:
        raise Stop(f"--frames is {frames}: no frame is in it; expected A smaller than B")
    return chosen


def refuse(given: Mapping[str, object], what: str) -> None:
    """Stop if an argument that is for the other kind of input was given."""
    for name, value in given.items():
        if value not in (None, False):
            raise Stop(f"{name.replace('_', '-')} is for {what}; leave it out")
