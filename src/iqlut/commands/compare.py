"""`iqlut compare`: upscale a picture or a frame of a video in several ways, side by side."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated

from PIL import Image
from tyro.conf import Positional, arg

from iqlut import videos
from iqlut.command_line import arguments, output_files
from iqlut.command_line.exit_codes import FAILED, OK, Stop, stop_on
from iqlut.command_line.output import narrate
from iqlut.command_line.prompt_exit import prompt_exit
from iqlut.errors import PictureError, UnknownModel, VideoError
from iqlut.file_kinds import is_video
from iqlut.path_states import is_folder, is_same_file
from iqlut.pictures import eight_bits, reading
from iqlut.pictures.picture import Picture
from iqlut.printable_names import shown
from iqlut.tables import shipped_models


@dataclass(frozen=True)
class Compare:
    """Compare the original, bicubic, Lanczos and models on a picture or a video frame.

    Writes OUT.png, a sheet with magnified details, and OUT.html, a self-contained page of less than
    2 MB with a slider. Of a large picture, the part with the most detail is shown.
    """

    picture: Annotated[Positional[Path], arg(metavar="IN", help="picture or video to upscale")]
    output: Annotated[
        Path | None,
        arg(
            aliases=("-o",),
            metavar="OUT",
            help="name of the files to write; its extension is replaced",
            help_behavior_hint="(default: IN-compared)",
        ),
    ] = None
    models: Annotated[
        tuple[str, ...],
        arg(
            aliases=("-m",),
            metavar="MODEL...",
            help="models to compare, all of the same scale",
            help_behavior_hint="(default: the default model of SCALE and the best one)",
        ),
    ] = ()
    scale: Annotated[
        int | None,
        arg(
            aliases=("-s",),
            metavar="SCALE",
            help="factor by which height and width grow: 2, 3 or 4",
            help_behavior_hint="(default: 4)",
        ),
    ] = None
    at: Annotated[
        str | None,
        arg(
            metavar="TIME",
            help="video: time of the frame, in seconds or as [HH:]MM:SS",
            help_behavior_hint="(default: 0)",
        ),
    ] = None
    engine: arguments.Engine = "native"
    threads: arguments.Threads = None
    overwrite: Annotated[bool, arg(help="replace existing files", help_behavior_hint="")] = False
    debug: arguments.Debug = False

    def run(self) -> int:
        with prompt_exit():
            return self._run()

    def _run(self) -> int:
        from iqlut.evaluation import side_by_side
        from iqlut.evaluation.side_by_side import html_page

        models, threads = self._models(), arguments.threads(self.threads)
        for tables in models:
            arguments.check_engine(self.engine, tables, threads)
        self._check_kinds()
        output = self.output or self.picture.with_name(f"{self.picture.stem}-compared.png")
        targets = output.with_suffix(".png"), output.with_suffix(".html")
        output_files.check_folder(targets[0])
        for target in targets:
            output_files.check_new(target, self.overwrite)
            if is_same_file(target, self.picture):
                raise Stop(
                    f"{shown(target)} is the picture itself, expected another file for the result; "
                    "name one with -o"
                )
        picture = self._read()
        small = side_by_side.window(picture)
        larger = side_by_side.variants(small, models, self.engine, threads)
        page = html_page.page(*self._caption(picture, small, models[0].scale), larger).encode()
        sheet = io.BytesIO()
        side_by_side.sheet(small, larger).save(sheet, "PNG")
        output_files.write(
            dict(zip(targets, (sheet.getvalue(), page), strict=True)), self.overwrite
        )
        narrate(f"{', '.join(larger)}: {shown(targets[0])}, {shown(targets[1])}")
        return OK

    def _check_kinds(self) -> None:
        """Raise Stop for a folder in the place of a file."""
        if is_folder(self.picture):
            raise Stop(
                f"{shown(self.picture)} is a folder, expected a picture or video; name one in it"
            )
        if self.output is not None:
            output_files.check_no_folder(self.output)

    def _read(self) -> Image.Image:
        """The picture or video frame as RGB."""
        if is_video(self.picture):
            with stop_on(VideoError, code=FAILED):
                video = videos.probe(self.picture)
                from iqlut.videos import still_frame  # needs PyAV, which `probe` asks for

                return still_frame.frame_at(video, _seconds(self.at or "0"))
        if self.at is not None:
            raise Stop("--at is given, expected only for videos; leave it out")
        with stop_on(PictureError, code=FAILED):
            return _as_rgb(reading.read_file(self.picture))

    def _caption(self, picture: Image.Image, small: Image.Image, scale: int) -> tuple[str, str]:
        """The title of the page, and which part of the input is compared."""
        at = f" at {self.at or 0}" if is_video(self.picture) else ""
        size = f"{small.width}x{small.height}"
        part = (
            f"The part with the most detail, {size} pixels of {picture.width}x{picture.height}. "
            if picture.size != small.size
            else ""
        )
        return f"{self.picture.name}{at}, {size} pixels, upscaled by {scale}", part

    def _models(self) -> list[shipped_models.Model]:
        if self.models:
            models = [arguments.model(name, self.scale) for name in self.models]
            if len({tables.scale for tables in models}) > 1:
                scales = ", ".join(f"{tables.name}: {tables.scale}" for tables in models)
                raise Stop(
                    f"the models have several scales ({scales}), expected one; name models "
                    "of one scale"
                )
            return models
        with stop_on(UnknownModel):
            names = shipped_models.default_and_best(self.scale or shipped_models.DEFAULT_SCALE)
        return [arguments.model(name) for name in names]


def _seconds(time: str) -> Fraction:
    """The seconds that a time such as 12.5, 1:30 or 1:02:03.25 means."""
    if not re.fullmatch(r"(\d+:){0,2}\d+(\.\d+)?", time, re.ASCII):
        raise Stop(
            f"--at is {time}, expected seconds or [HH:]MM:SS; write it as in 12.5, 1:30 or 1:02:03"
        )
    seconds = Fraction(0)
    for number in time.split(":"):
        seconds = 60 * seconds + Fraction(number)
    return seconds


def _as_rgb(picture: Picture) -> Image.Image:
    """The first frame as RGB, on white where it is transparent."""
    frame = eight_bits.first_frame(picture)
    if frame.mode in ("LA", "RGBA"):
        white = Image.new("RGBA", frame.size, "white")
        white.alpha_composite(frame.convert("RGBA"))
        frame = white
    return frame.convert("RGB")
