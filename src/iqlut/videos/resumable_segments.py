"""Encoding of the upscaled frames in segments, so that an interrupted run can be resumed.

The segments are kept in a folder next to the output, which `result_folder` locks. A resumed run
continues after the last segment whose record fits.

.big.mkv.parts/000000.mkv     encoded frames, whose time stamps are frame numbers in the segment
               000000.json    its record: the times of these frames, the size and hash of the
                              segment, and the hash of the plan: source, tables and options
               complete.json  the number of frames, if there are no more of them
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av

from iqlut.videos.decoding import plane_views
from iqlut.videos.encoders import GROUP, add_video
from iqlut.videos.frame_planes import Layout
from iqlut.videos.result_folder import synchronise
from iqlut.videos.video_types import Advance, Frame, Options, Video

_TICK = Fraction(1, 1000)  # the time base of Matroska, in which each frame takes one tick
# Decoding times are set this many frames early, so that they never exceed display times. Codecs
# reorder at most 16 frames.
_DECODE_LEAD = 64
_SEGMENTS, _RECORDS = "[0-9]" * 6 + ".mkv", "[0-9]" * 6 + ".json"
_COMPLETE = "complete.json"
_UNFINISHED = ("next-*.tmp", "whole-*.tmp")


@dataclass(frozen=True)
class Times:
    """The display times of the frames in a segment, in the time base of the video.

    `delay` is the largest number of frames by which its encoder delays a frame to reorder it.
    """

    pts: list[int]
    durations: list[int]
    delay: int


class Segments:
    """The segments in a working folder, which this run has locked.

    Only segments of the same plan whose content is unchanged are kept. The others are removed, and
    their frames are upscaled again. Files of other programs in the folder are never touched.
    """

    def __init__(self, folder: Path, plan: dict[str, Any]) -> None:
        self.folder = folder
        self._plan = hashlib.sha256(json.dumps(plan).encode()).hexdigest()
        self._remove(_UNFINISHED)
        self.times: list[Times] = []
        while times := self._trusted(len(self.times)):
            self.times.append(times)
        for path in [*folder.glob(_SEGMENTS), *folder.glob(_RECORDS)]:
            if int(path.stem) >= len(self.times) and path.is_file():
                path.unlink()

    @property
    def frames(self) -> int:
        """The number of frames in the segments."""
        return sum(len(times.pts) for times in self.times)

    @property
    def complete(self) -> bool:
        """Whether the segments hold all frames of the video."""
        return self.frames > 0 and _read(self.folder / _COMPLETE) == self._all_frames()

    def path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.mkv"

    def paths(self) -> list[Path]:
        return [self.path(number) for number in range(len(self.times))]

    def temporary(self, name: str) -> Path:
        """A path that no other run uses, for an unfinished file."""
        return self.folder / f"{name}-{secrets.token_hex(4)}.tmp"

    def add(self, file: Path, times: Times) -> None:
        """Add a complete segment by moving `file` into place."""
        final = self.path(len(self.times))
        synchronise(file)
        _write(final.with_suffix(".json"), self._record(file, times))
        file.replace(final)
        self.times.append(times)

    def finish(self) -> None:
        """Record that there are no more frames."""
        _write(self.folder / _COMPLETE, self._all_frames())

    def leave(self) -> None:
        """Remove unfinished files, and everything if there is no segment to resume from."""
        self._remove(_UNFINISHED)
        if not self.times:
            self.remove()

    def remove(self) -> None:
        """Remove all files of this package from the folder, except for the lock."""
        self._remove((_SEGMENTS, _RECORDS, _COMPLETE, *_UNFINISHED))

    def _all_frames(self) -> dict[str, Any]:
        return {"plan": self._plan, "frames": self.frames}

    def _trusted(self, number: int) -> Times | None:
        """The times of a segment, or None if it is absent or does not fit its record."""
        path = self.path(number)
        record = _read(path.with_suffix(".json"))
        if record is None or record.get("plan") != self._plan or not path.is_file():
            return None
        times = _times(record.get("times"))
        return times if times and record == self._record(path, times) else None

    def _record(self, file: Path, times: Times) -> dict[str, Any]:
        """What is recorded of a segment to recognise it."""
        return {
            "plan": self._plan,
            "bytes": file.stat().st_size,
            "sha256": _sha256(file),
            "times": asdict(times),
        }

    def _remove(self, patterns: Iterable[str]) -> None:
        for pattern in patterns:
            for path in self.folder.glob(pattern):
                if path.is_file() or path.is_symlink():
                    path.unlink()


def _write(path: Path, content: dict[str, Any]) -> None:
    """Write a small JSON file with its hash. It is on the disk when this returns.

    It is a new file, as one of this name could be a link to any other.
    """
    text = json.dumps(content)
    path.unlink(missing_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}")
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> dict[str, Any] | None:
    """The content of a file of `_write`, or None if it is absent or anything else."""
    if not path.is_file():
        return None
    stated, _, text = path.read_bytes().partition(b"\n")
    if stated.decode("ascii", "replace") != hashlib.sha256(text).hexdigest():
        return None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _times(stated: object) -> Times | None:
    """The times that a record states, or None if these are not the times of frames."""
    match stated:
        case {"pts": [*pts], "durations": [*durations], "delay": int(delay)}:
            numbers = len(pts) == len(durations) and all(type(n) is int for n in pts + durations)
            return Times(pts, durations, delay) if numbers else None
    return None


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@dataclass(frozen=True)
class SegmentEncoding:
    """The inputs and options that all segments share. `layout` is that of the upscaled frames."""

    video: Video
    layout: Layout
    options: Options
    threads: int


def write_segments(
    frames: Iterator[Frame], segments: Segments, encoding: SegmentEncoding, advance: Advance
) -> None:
    """Encode all frames, one segment at a time, and call `advance` after each frame."""
    for first in frames:
        temporary = segments.temporary("next")
        times = _write_segment(
            temporary, _with_first(first, islice(frames, GROUP - 1)), encoding, advance
        )
        segments.add(temporary, times)
    segments.finish()


def _with_first(first: Frame, rest: Iterable[Frame]) -> Iterator[Frame]:
    yield first
    yield from rest


def _write_segment(
    path: Path, frames: Iterable[Frame], encoding: SegmentEncoding, advance: Advance
) -> Times:
    numbers: dict[int, int] = {}  # the number of the frame with a time stamp
    durations: list[int] = []
    written = delay = 0
    with av.open(str(path), "w", format="matroska") as output:
        stream = add_video(
            output, encoding.video, encoding.layout, encoding.options, encoding.threads
        )

        def write(packets: Iterable[Any]) -> None:
            nonlocal written, delay
            for packet in packets:
                number = numbers[packet.pts]
                delay = max(delay, written - number)
                packet.time_base, packet.pts, packet.duration = _TICK, number, 1
                packet.dts = written - _DECODE_LEAD
                output.mux(packet)
                written += 1

        for frame in frames:
            numbers[frame.pts] = len(durations)
            durations.append(frame.duration)
            write(stream.encode(_video_frame(frame, encoding)))
            advance()
        write(stream.encode(None))
    return Times(list(numbers), durations, delay)


def _video_frame(frame: Frame, encoding: SegmentEncoding) -> Any:
    """Copy the planes of a frame to a frame of PyAV."""
    video, layout = encoding.video, encoding.layout
    copy = av.VideoFrame(layout.width, layout.height, video.pixel_format)
    for view, plane in zip(plane_views(copy, layout), frame.planes, strict=True):
        view[:] = plane
    copy.pts, copy.time_base = frame.pts, video.time_base
    colour = video.colour
    copy.color_range, copy.color_primaries = colour.range, colour.primaries
    copy.color_trc, copy.colorspace = colour.transfer, colour.matrix
    return copy
