"""How files are enlarged: the arguments that the commands for one machine and for many share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from tyro.conf import arg

from iqlut import restoration
from iqlut.batch.recipe import Recipe
from iqlut.batch.sizes import Size
from iqlut.commands import films, options
from iqlut.commands.console import Stop
from iqlut.pictures import reading

_QUALITIES = range(1, 101)


def flag(words: str) -> object:
    """An argument without a value."""
    return arg(help=words, help_behavior_hint="")


@dataclass(frozen=True, kw_only=True)
class Enlarging:
    """What is asked for, as a recipe."""

    scale: Annotated[
        int | None,
        arg(
            aliases=("-s",), metavar="SCALE", help="how many times larger", help_behavior_hint="(default: the model's)"
        ),
    ] = None
    size: Annotated[str | None, arg(metavar="WxH", help="so large instead, as 1920x1080", help_behavior_hint="")] = None
    width: Annotated[int | None, arg(metavar="W", help="so wide, in proportion", help_behavior_hint="")] = None
    height: Annotated[int | None, arg(metavar="H", help="so high, in proportion", help_behavior_hint="")] = None
    model: options.Model = None
    engine: options.Engine = "native"
    threads: options.Threads = None
    restore: options.Restore = restoration.AUTO
    turns: options.Turns = 1
    quality: Annotated[
        int | None, arg(metavar="1..100", help="of JPEG, WebP and AVIF", help_behavior_hint="(default: 95)")
    ] = None
    strip: Annotated[bool, flag("drop colour profile, EXIF, XMP and resolution")] = False
    overwrite: Annotated[bool, flag("replace files that exist")] = False
    max_megapixels: Annotated[
        float, arg(metavar="MP", help="refuse larger pictures, all frames counted, and larger frames of films")
    ] = reading.PIXELS_MAX / 1e6
    codec: films.Codec = None
    crf: films.Crf = None
    preset: films.Preset = None
    frames: films.Frames = None
    json: Annotated[bool, flag("print a JSON list, an object a line for each file")] = False
    quiet: Annotated[bool, arg(aliases=("-q",), help="say nothing but what failed", help_behavior_hint="")] = False
    debug: options.Debug = False

    def recipe(
        self, format_name: str | None = None, target_is_named: bool = False, threads: int | None = None
    ) -> Recipe:
        """All of it; Stop where something is not possible."""
        if self.quality is not None and self.quality not in _QUALITIES:
            raise Stop(f"--quality is {self.quality}, wanted 1 to 100")
        if not self.max_megapixels > 0:
            raise Stop(f"--max-megapixels is {self.max_megapixels:g}, wanted more than 0")
        size, threads = self._size(), options.threads(threads or self.threads)
        any_size = size != Size() and size.scale is None
        ladder = options.ladder(self.model, self.scale) if any_size else (options.model(self.model, self.scale),)
        restore = options.restore(self.restore, ladder)
        for model in ladder:
            options.check_engine(self.engine, model, threads)
        return Recipe(
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
            turns=self.turns,
            film=films.Options(self.codec, self.crf, self.preset, films.part(self.frames)),
            restore=restore,
        )

    def _size(self) -> Size:
        size = Size(self.scale, self.width, self.height)
        if self.size is not None:
            sides = self.size.lower().split("x")
            if len(sides) != 2 or not all(side.isdecimal() for side in sides):
                raise Stop(f"--size is {self.size}, wanted WIDTHxHEIGHT, as 1920x1080")
            if self.width or self.height:
                raise Stop("--size says both sides already; leave --width and --height out")
            size = replace(size, width=int(sides[0]), height=int(sides[1]))
        if any(side is not None and side < 1 for side in (size.width, size.height)):
            raise Stop(f"the size is {size.width or '?'}x{size.height or '?'} pixels, wanted 1 or more")
        if size.scale is not None and (size.width or size.height):
            raise Stop("-s and a size cannot both be; leave one out")
        return size
