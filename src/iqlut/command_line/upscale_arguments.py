"""The arguments that `iqlut upscale` and `iqlut ray` share: how files are upscaled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from tyro.conf import arg

from iqlut import videos
from iqlut.batch.output_size import Size
from iqlut.batch.upscale_options import UpscaleOptions
from iqlut.command_line import arguments, video_arguments
from iqlut.command_line.exit_codes import Stop
from iqlut.pictures import reading
from iqlut.restoration import choose_strength

_QUALITIES = range(1, 101)


def flag(words: str) -> object:
    """A switch: an argument without a value."""
    return arg(help=words, help_behavior_hint="")


@dataclass(frozen=True, kw_only=True)
class UpscaleArguments:
    """The arguments that say how to upscale; `options` checks and combines them."""

    scale: Annotated[
        int | None,
        arg(
            aliases=("-s",),
            metavar="SCALE",
            help="factor by which height and width grow: 2, 3 or 4",
            help_behavior_hint="(default: that of the model)",
        ),
    ] = None
    size: Annotated[
        str | None,
        arg(
            metavar="WxH",
            help="size of the result in pixels, such as 1920x1080, instead of a scale",
            help_behavior_hint="",
        ),
    ] = None
    width: Annotated[
        int | None,
        arg(
            metavar="W",
            help="width of the result in pixels; the height follows from the proportions",
            help_behavior_hint="",
        ),
    ] = None
    height: Annotated[
        int | None,
        arg(
            metavar="H",
            help="height of the result in pixels; the width follows from the proportions",
            help_behavior_hint="",
        ),
    ] = None
    model: arguments.Model = None
    engine: arguments.Engine = "native"
    threads: arguments.Threads = None
    restore: arguments.Restore = choose_strength.AUTO
    ensemble: arguments.Ensemble = 1
    quality: Annotated[
        int | None,
        arg(
            metavar="1..100",
            help="compression quality of JPEG, WebP and AVIF files",
            help_behavior_hint="(default: 95)",
        ),
    ] = None
    strip: Annotated[bool, flag("leave out colour profile, EXIF, XMP and resolution")] = False
    overwrite: Annotated[bool, flag("replace existing files")] = False
    max_megapixels: Annotated[
        float,
        arg(
            metavar="MP",
            help="refuse pictures of more than this many million pixels, counting all frames of an "
            "animation, and videos whose single frames are larger",
        ),
    ] = reading.PIXELS_MAX / 1e6
    codec: video_arguments.Codec = None
    crf: video_arguments.Crf = None
    preset: video_arguments.Preset = None
    frames: video_arguments.Frames = None
    streams: video_arguments.Streams = None
    audio_codec: video_arguments.AudioCodec = None
    json: Annotated[
        bool, flag("print a JSON list with an object for each file, each on a line of its own")
    ] = False
    quiet: Annotated[
        bool, arg(aliases=("-q",), help="print failures only", help_behavior_hint="")
    ] = False
    debug: arguments.Debug = False

    def options(
        self,
        format_name: str | None = None,
        target_is_named: bool = False,
        threads: int | None = None,
    ) -> UpscaleOptions:
        """All arguments as one value. Raises Stop for values that are not allowed."""
        self._check_numbers()
        size, threads = self._size(), arguments.threads(threads or self.threads)
        any_size = size != Size() and size.scale is None
        ladder = (
            arguments.ladder(self.model, self.scale)
            if any_size
            else (arguments.model(self.model, self.scale),)
        )
        restore = arguments.restore(self.restore, ladder)
        for model in ladder:
            arguments.check_engine(self.engine, model, threads)
        return UpscaleOptions(
            ladder,
            size if any_size else Size(scale=ladder[0].scale),
            self.engine,
            threads,
            format_name,
            self.quality,
            self.strip,
            round(self.max_megapixels * 1e6),
            self.overwrite,
            target_is_named,
            ensemble=self.ensemble,
            video=videos.Options(
                self.codec,
                self.crf,
                self.preset,
                video_arguments.part(self.frames),
                self.streams,
                self.audio_codec,
            ),
            restore=restore,
        )

    def _check_numbers(self) -> None:
        if self.quality is not None and self.quality not in _QUALITIES:
            raise Stop(f"--quality is {self.quality}, expected 1 to 100; leave it out for 95")
        if not self.max_megapixels > 0:
            raise Stop(
                f"--max-megapixels is {self.max_megapixels:g}, expected more than 0; leave it out "
                f"for {reading.PIXELS_MAX / 1e6:g}"
            )

    def _size(self) -> Size:
        """The requested size of the result."""
        size = Size(self.scale, self.width, self.height)
        if self.size is not None:
            sides = self.size.lower().split("x")
            if len(sides) != 2 or not all(side.isdecimal() for side in sides):
                raise Stop(
                    f"--size is {self.size}, expected WIDTHxHEIGHT; write it as in 1920x1080"
                )
            if self.width or self.height:
                raise Stop(
                    "--size is given together with --width or --height, expected only --size or "
                    "only the others; leave the others out"
                )
            size = replace(size, width=int(sides[0]), height=int(sides[1]))
        if any(side is not None and side < 1 for side in (size.width, size.height)):
            raise Stop(
                f"the size is {_side(size.width)}x{_side(size.height)} pixels, expected 1 or more "
                "on each "
                "side; ask for a larger size"
            )
        if size.scale is not None and (size.width or size.height):
            raise Stop(
                "-s is given together with a size, expected only one of the two; leave out -s or "
                "the size"
            )
        return size


def _side(side_px: int | None) -> str:
    return "?" if side_px is None else str(side_px)
