"""Encoding of the upscaled frames in segments, so that an interrupted run can be resumed.

The segments are kept in a folder next to the output. A resumed run continues after the last one.

.big.mkv.parts/plan.json      the inputs and options; the run starts over if they have changed
               000000.mkv     encoded frames, whose time stamps are frame numbers in the segment
               000000.json    the actual time stamps and durations of these frames
               complete.json  exists if there are no more frames
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av

from iqlut import atomic_files
from iqlut.videos.decoding import plane_views
from iqlut.videos.encoders import GROUP, add_video
from iqlut.videos.video_types import Advance, Frame, Options, Video

FOLDER = ".{}.parts"
_TICK = Fraction(1, 1000)  # the time base of Matroska, in which each frame takes one tick
# Decoding times are set this many frames early, so that they never exceed display times. Codecs
# reorder at most 16 frames.
_DECODE_LEAD = 64


@dataclass(frozen=True)
class Times:
    """The display times of the frames in a segment, in the time base of the video.

    `delay` is the largest number of frames by which its encoder delays a frame to reorder it.
    """

    pts: list[int]
    durations: list[int]
    delay: int


class Sidecar:
    """The folder of segments.

    A segment gets its final file name when it is complete. Segments that were made with another
    plan are deleted.
    """

    def __init__(self, target: Path, plan: dict[str, Any]) -> None:
        self.folder = target.resolve().with_name(FOLDER.format(atomic_files.shortened(target.name)))
        text = json.dumps(plan, indent=1)
        stored_plan = self.folder / "plan.json"
        if not stored_plan.exists() or stored_plan.read_text(encoding="utf-8") != text:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            stored_plan.write_text(text, encoding="utf-8")
        self.times: list[Times] = []
        while self.path(len(self.times)).exists():
            times_file = self.path(len(self.times)).with_suffix(".json")
            self.times.append(Times(**json.loads(times_file.read_text(encoding="utf-8"))))

    @property
    def frames(self) -> int:
        """The number of frames in the complete segments."""
        return sum(len(times.pts) for times in self.times)

    @property
    def complete(self) -> bool:
        return (self.folder / "complete.json").exists()

    def path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.mkv"

    def paths(self) -> list[Path]:
        return [self.path(number) for number in range(len(self.times))]

    def add(self, file: Path, times: Times) -> None:
        """Add a complete segment by moving `file` into place."""
        final = self.path(len(self.times))
        final.with_suffix(".json").write_text(json.dumps(asdict(times)), encoding="utf-8")
        file.replace(final)
        self.times.append(times)

    def finish(self) -> None:
        (self.folder / "complete.json").write_text("{}", encoding="utf-8")

    def leave(self) -> None:
        """Delete unfinished files, and also the folder if it has no segment to resume from."""
        for unfinished in ("next.mkv", "whole"):
            (self.folder / unfinished).unlink(missing_ok=True)
        if not self.times:
            self.remove()

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True)
class SegmentEncoding:
    """The inputs and options that all segments share."""

    video: Video
    scale: int
    options: Options
    threads: int


def write_segments(
    frames: Iterator[Frame], sidecar: Sidecar, encoding: SegmentEncoding, advance: Advance
) -> None:
    """Encode all frames, one segment at a time, and call `advance` after each frame."""
    for first in frames:
        temporary = sidecar.folder / "next.mkv"
        times = _write_segment(
            temporary, _with_first(first, islice(frames, GROUP - 1)), encoding, advance
        )
        sidecar.add(temporary, times)
    sidecar.finish()


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
            output, encoding.video, encoding.scale, encoding.options, encoding.threads
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
    video, layout = encoding.video, encoding.video.layout.larger(encoding.scale)
    copy = av.VideoFrame(layout.width, layout.height, video.pixel_format)
    for view, plane in zip(plane_views(copy, layout), frame.planes, strict=True):
        view[:] = plane
    copy.pts, copy.time_base = frame.pts, video.time_base
    colour = video.colour
    copy.color_range, copy.color_primaries = colour.range, colour.primaries
    copy.color_trc, copy.colorspace = colour.transfer, colour.matrix
    return copy
