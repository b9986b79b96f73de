"""The larger frames, encoded in segments in a folder beside the output: an interrupted video goes on behind the last.

.big.mkv.parts/plan.json      what is made, from what: another plan begins anew
               000000.mkv     encoded frames; a block's time stamp is the frame's number in the segment
               000000.json    their true time stamps and durations
               complete.json  when there are no more frames
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
_TICK = Fraction(1, 1000)  # Matroska's: one for each frame
_DECODE_LEAD = (
    64  # packets may be written so much before their frame's turn; codecs reorder 16 at most
)


@dataclass(frozen=True)
class Times:
    """When the frames of a segment are shown, and how many of them its encoder holds back to reorder."""

    pts: list[int]
    durations: list[int]
    delay: int


class Sidecar:
    """The folder, and which segments in it are whole: files get their names when they are."""

    def __init__(self, target: Path, plan: dict[str, Any]) -> None:
        self.folder = target.resolve().with_name(FOLDER.format(atomic_files.shortened(target.name)))
        text = json.dumps(plan, indent=1)
        kept = self.folder / "plan.json"
        if not kept.exists() or kept.read_text(encoding="utf-8") != text:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            kept.write_text(text, encoding="utf-8")
        self.times: list[Times] = []
        while self.path(len(self.times)).exists():
            words = json.loads(
                self.path(len(self.times)).with_suffix(".json").read_text(encoding="utf-8")
            )
            self.times.append(Times(**words))

    @property
    def frames(self) -> int:
        """How many frames are there."""
        return sum(len(times.pts) for times in self.times)

    @property
    def complete(self) -> bool:
        return (self.folder / "complete.json").exists()

    def path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.mkv"

    def paths(self) -> list[Path]:
        return [self.path(number) for number in range(len(self.times))]

    def add(self, file: Path, times: Times) -> None:
        """A whole segment."""
        final = self.path(len(self.times))
        final.with_suffix(".json").write_text(json.dumps(asdict(times)), encoding="utf-8")
        file.replace(final)
        self.times.append(times)

    def finish(self) -> None:
        (self.folder / "complete.json").write_text("{}", encoding="utf-8")

    def leave(self) -> None:
        """Keep what another run can go on from, if there is anything."""
        for unfinished in ("next.mkv", "whole"):
            (self.folder / unfinished).unlink(missing_ok=True)
        if not self.times:
            self.remove()

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True)
class SegmentEncoding:
    """What every segment is encoded with."""

    video: Video
    scale: int
    options: Options
    threads: int


def write_segments(
    frames: Iterator[Frame], sidecar: Sidecar, encoding: SegmentEncoding, advance: Advance
) -> None:
    """Encode all frames, a segment at a time."""
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
    numbers: dict[int, int] = {}  # of time stamps
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
                packet.time_base, packet.pts, packet.dts, packet.duration = (
                    _TICK,
                    number,
                    written - _DECODE_LEAD,
                    1,
                )
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
    """Planes as FFmpeg holds them."""
    video, layout = encoding.video, encoding.video.layout.larger(encoding.scale)
    made = av.VideoFrame(layout.width, layout.height, video.pixel_format)
    for view, plane in zip(plane_views(made, layout), frame.planes, strict=True):
        view[:] = plane
    made.pts, made.time_base = frame.pts, video.time_base
    colour = video.colour
    made.color_range, made.color_primaries = colour.range, colour.primaries
    made.color_trc, made.colorspace = colour.transfer, colour.matrix
    return made
