"""The arguments of `iqlut upscale` that apply to videos only."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated

from tyro.conf import arg

from iqlut.command_line.exit_codes import Stop
from iqlut.file_kinds import Y4M_SIGNATURE
from iqlut.videos import Part

ARGUMENTS = ("codec", "crf", "preset", "frames", "streams", "audio_codec")

Codec = Annotated[
    str | None,
    arg(
        metavar="CODEC",
        help="video: codec, one of h264, hevc, av1, vp9 and ffv1 (lossless)",
        help_behavior_hint="(default: h264, or hevc for more than 8 bits, or av1 in .webm)",
    ),
]
Crf = Annotated[
    float | None,
    arg(
        metavar="CRF",
        help="video: constant rate factor of the encoder; a smaller value gives better quality and "
        "a larger file",
        help_behavior_hint="(default: 18 for h264)",
    ),
]
Preset = Annotated[
    str | None,
    arg(
        metavar="PRESET",
        help="video: preset of the encoder, which trades speed for file size",
        help_behavior_hint="(default: medium for h264)",
    ),
]
Frames = Annotated[
    str | None,
    arg(
        metavar="A:B",
        help="video: upscale only frames A to B - 1, counted from 0",
        help_behavior_hint="(default: all)",
    ),
]

Streams = Annotated[
    str | None,
    arg(
        metavar="LIST",
        help="video: streams to keep, such as 0,2 or v:0,a:1,s; the first video is upscaled",
        help_behavior_hint="(default: all)",
    ),
]
AudioCodec = Annotated[
    str | None,
    arg(
        metavar="CODEC",
        help="video: codec for audio that the output format cannot hold as it is: aac, opus, mp3, "
        "ac3, flac or pcm",
        help_behavior_hint="(default: such audio is left out)",
    ),
]


def is_video_pipe() -> bool:
    """Whether stdin holds a y4m video and not a picture; nothing is consumed from it."""
    peek = getattr(getattr(sys.stdin, "buffer", None), "peek", None)
    return peek is not None and peek(len(Y4M_SIGNATURE)).startswith(Y4M_SIGNATURE)


def part(frames: str | None) -> Part:
    """The part of a video that `--frames A:B` selects."""
    first, colon, end = (frames or ":").partition(":")
    if not colon or not all(word.isdecimal() for word in (first, end) if word):
        raise Stop(
            f"--frames is {frames}, expected A:B with frame numbers; write it as in 100:200, 100: "
            "or :200"
        )
    chosen = Part(int(first or 0), int(end) if end else None)
    if chosen.end is not None and chosen.end <= chosen.first:
        raise Stop(
            f"--frames is {frames}, which selects no frame, expected A smaller than B; swap them"
        )
    return chosen


def refuse(given: Mapping[str, object], what: str) -> None:
    """Raise Stop if an argument was given that applies only to `what`, the other kind of input."""
    for name, value in given.items():
        if value not in (None, False):
            raise Stop(f"{name.replace('_', '-')} is given, expected only for {what}; leave it out")
