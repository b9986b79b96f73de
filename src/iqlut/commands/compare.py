"""`iqlut compare`: upscale one picture in several ways and show the results side by side."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from PIL import Image
from tyro.conf import Positional, arg

from iqlut.command_line import arguments, output_files
from iqlut.command_line.exit_codes import FAILED, OK, Stop, stop_on
from iqlut.command_line.output import narrate
from iqlut.command_line.prompt_exit import prompt_exit
from iqlut.errors import PictureError
from iqlut.pictures import eight_bits, reading
from iqlut.pictures.picture import Picture
from iqlut.printable_names import shown
from iqlut.tables import shipped_models


@dataclass(frozen=True)
class Compare:
    """Compare nearest-neighbour, bicubic and the models on one picture, side by side.

    Writes OUT.png, a sheet with enlarged details, and OUT.html, a self-contained page with a
    slider. Of a large picture, the part with the most detail is shown.
    """

    picture: Annotated[Positional[Path], arg(metavar="IN", help="picture to upscale")]
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
            help_behavior_hint="(default: all shipped models of SCALE)",
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
    engine: arguments.Engine = "native"
    threads: arguments.Threads = None
    overwrite: Annotated[bool, arg(help="replace existing files", help_behavior_hint="")] = False
    debug: arguments.Debug = False

    def run(self) -> int:
        with prompt_exit():
            return self._run()

    def _run(self) -> int:
        from iqlut.evaluation import side_by_side

        models, threads = self._models(), arguments.threads(self.threads)
        for tables in models:
            arguments.check_engine(self.engine, tables, threads)
        output = self.output or self.picture.with_name(f"{self.picture.stem}-compared.png")
        targets = output.with_suffix(".png"), output.with_suffix(".html")
        output_files.check_folder(targets[0])
        for target in targets:
            output_files.check_new(target, self.overwrite)
        with stop_on(PictureError, code=FAILED):
            picture = _as_rgb(reading.read_file(self.picture))
        small = side_by_side.window(picture)
        larger = side_by_side.variants(small, models, self.engine, threads)
        size = f"{small.width}x{small.height}"
        title = f"{self.picture.name}, {size} pixels, upscaled by {models[0].scale}"
        sheet, page = io.BytesIO(), side_by_side.page(title, larger).encode()
        side_by_side.sheet(small, larger).save(sheet, "PNG")
        for target, data in zip(targets, (sheet.getvalue(), page), strict=True):
            output_files.write(target, data, self.overwrite)
        narrate(f"{', '.join(larger)}: {shown(targets[0])}, {shown(targets[1])}")
        return OK

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
        shipped = [arguments.model(name) for name in shipped_models.models()]
        scale = self.scale or max((tables.scale for tables in shipped), default=None)
        return [tables for tables in shipped if tables.scale == scale] or [
            arguments.model(None, scale)
        ]


def _as_rgb(picture: Picture) -> Image.Image:
    """The first frame as RGB, on white where it is transparent."""
    frame = eight_bits.first_frame(picture)
    if frame.mode in ("LA", "RGBA"):
        white = Image.new("RGBA", frame.size, "white")
        white.alpha_composite(frame.convert("RGBA"))
        frame = white
    return frame.convert("RGB")
