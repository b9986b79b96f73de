"""The streams of a video that are kept: all of them, or those that `--streams` names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from av.stream import Disposition

from iqlut.videos.video_types import VideoError

_KINDS = {"v": "video", "a": "audio", "s": "subtitle", "t": "attachment", "d": "data"}


def chosen_streams(streams: Sequence[Any], choice: str | None, path: Path) -> list[Any]:
    """The streams that a choice names, in the order of the file; all if there is no choice.

    A choice consists of stream numbers and kinds between commas: "0,2" or "v:0,a:1,s". Numbers
    count all streams from 0, and `a:1` is the second audio stream. Raises VideoError if one does
    not exist.
    """
    if choice is None:
        return list(streams)
    chosen: set[int] = set()
    for word in choice.split(","):
        found = _named(streams, word.strip())
        if not found:
            listed = ", ".join(f"{stream.index} ({stream.type})" for stream in streams)
            raise VideoError(
                f"{path} has no stream {word.strip()!r}, expected some of {listed}, or v, a, s and "
                "t with a number as in a:1; correct --streams"
            )
        chosen.update(stream.index for stream in found)
    return [stream for stream in streams if stream.index in chosen]


def _named(streams: Sequence[Any], word: str) -> list[Any]:
    """The streams that one word of a choice names."""
    if word.isdecimal():
        return [stream for stream in streams if stream.index == int(word)]
    letter, colon, number = word.partition(":")
    found = [stream for stream in streams if stream.type == _KINDS.get(letter)]
    if not colon:
        return found
    return found[int(number) : int(number) + 1] if number.isdecimal() else []


def video_stream(streams: Sequence[Any], path: Path) -> Any:
    """The video stream to upscale, which is the first one that is not a cover picture."""
    for stream in streams:
        if stream.type == "video" and not stream.disposition & Disposition.attached_pic:
            if stream.codec_context is None:
                raise VideoError(
                    f"{path} uses a codec that FFmpeg cannot decode, expected a supported one; "
                    "convert it first"
                )
            return stream
    kinds = sorted({stream.type for stream in streams})
    only = f"only {', '.join(kinds)}" if kinds else "nothing at all"
    raise VideoError(f"{path} has no video ({only}), expected a video stream; check the file")
