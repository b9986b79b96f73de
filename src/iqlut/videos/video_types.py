"""The data types of this package: videos, frames, options and results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from iqlut.errors import VideoError
from iqlut.planes.plane_types import UpscalePlane
from iqlut.restoration.choose_strength import Choice
from iqlut.videos.frame_planes import Layout

if TYPE_CHECKING:
    from iqlut.videos.track_properties import TrackProperties

Corrections = dict[int, tuple[tuple[int, Fraction], ...]]
"""For each stream, packet numbers and the seconds to add to the times from this packet on."""


@dataclass(frozen=True)
class Colour:
    """The colour description of a video.

    `range` is 1 for limited and 2 for full. The others are code points of ISO/IEC 23091-2.
    """

    range: int
    primaries: int
    transfer: int
    matrix: int


@dataclass(frozen=True)
class Video:
    """The properties of a video that can be upscaled, from its first frame and all of its packets.

    state         the size, time and hash of the file, which change if it is changed
    stream        the index of the video stream that is upscaled
    kept          the indexes of the streams that are kept
    layout        the planes of a frame
    pixel_format  FFmpeg's name of the pixel format with these planes
    frames        the expected number of frames
    time_base     the unit of time stamps, in seconds
    rate          the average number of frames per second
    aspect        the pixel aspect ratio, width to height; None if it is not stated
    turn          FFmpeg's display matrix, nine numbers that tell players to rotate or flip frames
    light         the mastering display and content light level, as parameters of x265
    properties    what else is said of the frames and holds for the upscaled ones
    start_s       the time in the file that becomes 0
    corrections   the corrections of the times of all streams, see `time_line`
    packets       the number of packets in each stream that has some
    notes         sentences about unusual properties, for the user
    """

    path: Path
    state: tuple[int, int, str]
    stream: int
    kept: tuple[int, ...]
    layout: Layout
    pixel_format: str
    frames: int
    time_base: Fraction
    rate: Fraction
    colour: Colour
    aspect: Fraction | None
    turn: tuple[int, ...] | None
    light: str
    properties: TrackProperties
    start_s: Fraction
    corrections: Corrections
    packets: dict[int, int]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Frame:
    """A decoded or upscaled frame.

    `pts` is its display time and `duration` its duration, both in the time base of the video.
    """

    pts: int
    duration: int
    planes: list[np.ndarray]


@dataclass(frozen=True)
class Part:
    """The frames from `first` up to but excluding `end`, counted from 0.

    If `end` is None, they extend to the last frame.
    """

    first: int = 0
    end: int | None = None

    @property
    def whole(self) -> bool:
        return self.first == 0 and self.end is None

    def count(self, frames: int) -> int:
        """The number of frames in this part of a video that has `frames` frames."""
        return max(0, (frames if self.end is None else min(self.end, frames)) - self.first)


@dataclass(frozen=True)
class Options:
    """The options for encoding the upscaled video.

    None stands for a default that fits the video and the container.

    codec   a key of `encoders.CODECS`
    crf     the quality; lower values are better
    preset  the speed of the encoder, in its own terms
    part    the frames to upscale
    streams      the streams to keep, see `stream_choice`; None for all
    audio_codec  the codec of audio that the container cannot hold as it is; None leaves it out
    """

    codec: str | None = None
    crf: float | None = None
    preset: str | None = None
    part: Part = field(default_factory=Part)
    streams: str | None = None
    audio_codec: str | None = None


@dataclass(frozen=True)
class Upscaler:
    """An engine with tables, which upscales frames.

    tables      upscales one plane
    name        identifies the tables; another name means that earlier segments cannot be reused
    threads     the number of threads for the encoder
    pixels_max  the largest number of pixels in a frame that is accepted
    more        the upscalers that run after this one
    size        the width and height to which the result is resampled, if it is not of a whole scale
    fit         the upscaler for videos of a layout; None if this one is used for all
    choose      selects the upscaler for a video from uint8 luma planes of some of its frames; None
                if this one is used for every video
    choice      the restoration strength that was chosen, if there are several
    """

    tables: UpscalePlane
    scale: int
    name: str
    threads: int = 1
    pixels_max: int = 200_000_000
    more: tuple[Upscaler, ...] = ()
    size: tuple[int, int] | None = None
    fit: Callable[[Layout], Upscaler] | None = None
    choose: Callable[[Sequence[np.ndarray]], Upscaler] | None = None
    choice: Choice | None = None

    def chosen(self, frames: Sequence[Frame], layout: Layout) -> Upscaler:
        """The upscaler for a whole video, chosen from frames at its beginning."""
        if self.choose is None or not frames:
            return self
        chosen = self.choose(
            [(frame.planes[0] >> (layout.depth - 8)).astype(np.uint8) for frame in frames]
        )
        return replace(chosen, more=self.more, size=self.size)

    def larger(self, layout: Layout, name: object) -> Layout:
        """The layout of upscaled frames.

        Raises VideoError if the frames are too large. `name` stands for the video in messages.
        """
        pixels = layout.width * layout.height
        if pixels > self.pixels_max:
            raise VideoError(
                f"{name} has frames of {pixels / 1e6:.0f} million pixels, at most "
                f"{self.pixels_max / 1e6:g} million pixels are allowed; raise the limit with "
                "--max-megapixels if you trust the file"
            )
        return self.resized(layout)

    def resized(self, layout: Layout) -> Layout:
        """The layout of upscaled frames, however large."""
        if self.size is not None:
            return replace(layout, width=self.size[0], height=self.size[1])
        return layout.larger(self.scale)

    def fitted(self, layout: Layout) -> Upscaler:
        """The upscaler for videos of a layout."""
        return self if self.fit is None else self.fit(layout)


@dataclass(frozen=True)
class Outcome:
    """The result of upscaling a video.

    frames   the number of upscaled frames
    resumed  how many of them an earlier, interrupted run had finished
    layout   the planes of a frame of the source
    larger   the planes of an upscaled frame
    notes    sentences for the user
    choice   the restoration strength that was used, if the model has several
    """

    frames: int
    resumed: int
    layout: Layout
    larger: Layout
    notes: tuple[str, ...] = ()
    choice: Choice | None = None


Advance = Callable[[], None]
