"""What the parts of this package hand to each other: a video and its frames, what is wanted of it, what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from iqlut.errors import VideoError
from iqlut.planes.plane_types import UpscalePlane
from iqlut.restoration.choose_strength import Choice
from iqlut.videos.frame_planes import Layout


@dataclass(frozen=True)
class Colour:
    """How numbers become colours, as numbered by ISO/IEC 23091-2 (range: 1 limited, 2 full)."""

    range: int
    primaries: int
    transfer: int
    matrix: int


@dataclass(frozen=True)
class Video:
    """A video that can be upscaled, as its first frame and a pass over its packets show it.

    stream        index of the video stream that is upscaled
    pixel_format  FFmpeg's name of the planes in `layout`
    frames        how many there should be
    turn          FFmpeg's display matrix, nine numbers: how players turn and mirror the picture
    light         mastering display and light level for x265, as its parameters
    notes         what is odd about it: sentences
    """

    path: Path
    stream: int
    layout: Layout
    pixel_format: str
    frames: int
    time_base: Fraction
    rate: Fraction
    colour: Colour
    aspect: Fraction | None
    turn: tuple[int, ...] | None
    light: str
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Frame:
    """A decoded or upscaled frame: when it is shown and how long, in the video's time base."""

    pts: int
    duration: int
    planes: list[np.ndarray]


@dataclass(frozen=True)
class Part:
    """The frames from `first` to the one before `end` (None: the last), counted from 0."""

    first: int = 0
    end: int | None = None

    @property
    def whole(self) -> bool:
        return self.first == 0 and self.end is None

    def count(self, frames: int) -> int:
        """How many frames of a video of `frames` that is."""
        return max(0, (frames if self.end is None else min(self.end, frames)) - self.first)


@dataclass(frozen=True)
class Options:
    """How the larger video is encoded; None is a default that fits the video and the container.

    codec   a key of `encoders.CODECS`
    crf     quality, smaller is better
    preset  how long the encoder may take
    """

    codec: str | None = None
    crf: float | None = None
    preset: str | None = None
    part: Part = field(default_factory=Part)


@dataclass(frozen=True)
class Upscaler:
    """What makes frames larger: an engine with tables, and what tells these tables from others.

    pixels_max  the largest frame that is upscaled
    choose      gives the one to use for a video from luma planes, uint8, of some of its frames; None: this one
    choice      the restoration strength that was chosen, if there was one to choose
    """

    tables: UpscalePlane
    scale: int
    name: str
    threads: int = 1
    pixels_max: int = 200_000_000
    choose: Callable[[Sequence[np.ndarray]], Upscaler] | None = None
    choice: Choice | None = None

    def chosen(self, frames: Sequence[Frame], layout: Layout) -> Upscaler:
        """The one to use for a whole video, decided once, from frames of its beginning."""
        if self.choose is None or not frames:
            return self
        return self.choose(
            [(frame.planes[0] >> (layout.depth - 8)).astype(np.uint8) for frame in frames]
        )

    def larger(self, layout: Layout, name: object) -> Layout:
        """The layout that frames of one layout become; VideoError where they are too large. `name` is the video's."""
        pixels = layout.width * layout.height
        if pixels > self.pixels_max:
            raise VideoError(
                f"{name} has frames of {pixels / 1e6:.0f} of {self.pixels_max / 1e6:g} million pixels; raise it with "
                "--max-megapixels if you trust the file"
            )
        return layout.larger(self.scale)


@dataclass(frozen=True)
class Outcome:
    """What was done: `frames` frames, of which `resumed` were there from an earlier, interrupted run.

    choice  the restoration strength that the tables had, if they have any
    """

    frames: int
    resumed: int
    layout: Layout
    larger: Layout
    notes: tuple[str, ...] = ()
    choice: Choice | None = None


Advance = Callable[[], None]
