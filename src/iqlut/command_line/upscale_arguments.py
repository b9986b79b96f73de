"""How files are upscaled: the arguments that the commands for one machine and for many share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from tyro.conf import arg

from iqlut.batch.output_size import Size
from iqlut.batch.upscale_options import UpscaleOptions
from iqlut.command_line import arguments, video_arguments
from iqlut.command_line.console import Stop
from iqlut.pictures import reading
from iqlut.restoration import choose_strength

_QUALITIES = range(1, 101)


def flag(words: str) -> object:
    """An argument without a value."""
    return arg(help=words, help_behavior_hint="")


@dataclass(frozen=True, kw_only=True)
class UpscaleArguments:
    """What is asked for, as a recipe."""

    scale: Annotated[
        int | None,
        arg(
            aliases=("-s",),
            metavar="SCALE",
            help="how many times larger",
            help_behavior_hint="(default: the model's)",
        ),
    ] = None
    size: Annotated[
        str | None, arg(metavar="WxH", help="so large instead, as 1920x1080", help_behavior_hint="")
    ] = None
    width: Annotated[
        int | None, arg(metavar="W", help="so wide, in proportion", help_behavior_hint="")
    ] = None
    height: Annotated[
        int | None, arg(metavar="H", help="so high, in proportion", help_behavior_hint="")
    ] = None
    model: arguments.Model = None
    engine: arguments.Engine = "native"
    threads: arguments.Threads = None
    restore: arguments.Restore = choose_strength.AUTO
    ensemble: arguments.Ensemble = 1
    quality: Annotated[
        int | None,
        arg(metavar="1..100", help="of JPEG, WebP and AVIF", help_behavior_hint="(default: 95)"),
    ] = None
    strip: Annotated[bool, flag("drop colour profile, EXIF, XMP and resolution")] = False
    overwrite: Annotated[bool, flag("replace files that exist")] = False
    max_megapixels: Annotated[
        float,
        arg(
            metavar="MP",
            help="refuse larger pictures, all frames counted, and larger frames of videos",
        ),
    ] = reading.PIXELS_MAX / 1e6
    codec: video_arguments.Codec = None
    crf: video_arguments.Crf = None
    preset: video_arguments.Preset = None
    frames: video_arguments.Frames = None
    json: Annotated[bool, flag("print a JSON list, an object a line for each file")] = False
    quiet: Annotated[
        bool, arg(aliases=("-q",), help="say nothing but what failed", help_behavior_hint="")
    ] = False
    debug: arguments.Debug = False

    def recipe(
        self,
        format_name: str | None = None,
        target_is_named: bool = False,
        threads: int | None = None,
    ) -> UpscaleOptions:
        """All of it; Stop where something is not possible."""
        if self.quality is not None and self.quality not in _QUALITIES:
            raise Stop(f"--quality is {self.quality}, expected 1 to 100")
        if not self.max_megapixels > 0:
            raise Stop(f"--max-megapixels is {self.max_megapixels:g}, expected more than 0")
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
            video=video_arguments.Options(
                self.codec, self.crf, self.preset, video_arguments.part(self.frames)
            ),
            restore=restore,
        )

    def _size(self) -> Size:
        size = Size(self.scale, self.width, self.height)
        if self.size is not None:
            sides = self.size.lower().split("x")
            if len(sides) != 2 or not all(side.isdecimal() for side in sides):
                raise Stop(f"--size is {self.size}, expected WIDTHxHEIGHT, as 1920x1080")
            if self.width or self.height:
                raise Stop("--size says both sides already; leave --width and --height out")
            size = replace(size, width=int(sides[0]), height=int(sides[1]))
        if any(side is not None and side < 1 for side in (size.width, size.height)):
            raise Stop(
                f"the size is {size.width or '?'}x{size.height or '?'} pixels, expected 1 or more"
            )
        if size.scale is not None and (size.width or size.height):
            raise Stop("-s and a size cannot both be; leave one out")
        return size
