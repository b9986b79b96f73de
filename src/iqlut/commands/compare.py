"""`iqlut compare`: one picture upscaled in several ways, side by side."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from PIL import Image
from tyro.conf import Positional, arg

from iqlut import atomic_files
from iqlut.command_line import arguments
from iqlut.command_line.console import FAILED, OK, Stop, narrate, stop_on
from iqlut.pictures import eight_bits, reading
from iqlut.pictures.picture import Picture, PictureError
from iqlut.printable_names import shown
from iqlut.tables import shipped_models


@dataclass(frozen=True)
class Compare:
    """Upscale a picture by nearest, bicubic and the models, side by side.

    Writes OUT.png, with zoomed parts, and OUT.html, a page with a slider that needs nothing else. Of a large
    picture the part with most to see is taken.
    """

    picture: Annotated[Positional[Path], arg(metavar="IN", help="a picture")]
    output: Annotated[
        Path | None,
        arg(
            aliases=("-o",),
            metavar="OUT",
            help="what to write",
            help_behavior_hint="(default: IN-compared.png)",
        ),
    ] = None
    models: Annotated[
        tuple[str, ...],
        arg(
            aliases=("-m",),
            metavar="MODEL...",
            help="models of one scale",
            help_behavior_hint="(default: all of the scale)",
        ),
    ] = ()
    scale: Annotated[
        int | None,
        arg(
            aliases=("-s",),
            metavar="SCALE",
            help="how many times larger",
            help_behavior_hint="(default: the largest)",
        ),
    ] = None
    engine: arguments.Engine = "native"
    threads: arguments.Threads = None
    overwrite: Annotated[bool, arg(help="replace files that exist", help_behavior_hint="")] = False
    debug: arguments.Debug = False

    def run(self) -> int:
        from iqlut.evaluation import side_by_side

        models, threads = self._models(), arguments.threads(self.threads)
        for tables in models:
            arguments.check_engine(self.engine, tables, threads)
        output = self.output or self.picture.with_name(f"{self.picture.stem}-compared.png")
        targets = output.with_suffix(".png"), output.with_suffix(".html")
        arguments.check_folder(targets[0])
        for target in targets:
            if target.exists() and not self.overwrite:
                raise Stop(f"{shown(target)} exists; give --overwrite to replace it", FAILED)
        with stop_on(PictureError, code=FAILED):
            picture = _as_rgb(reading.read_file(self.picture))
        small = side_by_side.window(picture)
        larger = side_by_side.variants(small, models, self.engine, threads)
        title = f"{self.picture.name}, {small.width}x{small.height} pixels, {models[0].scale} times larger"
        sheet, page = io.BytesIO(), side_by_side.page(title, larger).encode()
        side_by_side.sheet(small, larger).save(sheet, "PNG")
        for target, data in zip(targets, (sheet.getvalue(), page), strict=True):
            _write(target, data)
        narrate(f"{', '.join(larger)}: {shown(targets[0])}, {shown(targets[1])}")
        return OK

    def _models(self) -> list[shipped_models.Model]:
        if self.models:
            models = [arguments.model(name, self.scale) for name in self.models]
            if len({tables.scale for tables in models}) > 1:
                scales = ", ".join(f"{tables.name}: {tables.scale}" for tables in models)
                raise Stop(f"the models have several scales ({scales}); name models of one scale")
            return models
        shipped = [arguments.model(name) for name in shipped_models.models()]
        scale = self.scale or max((tables.scale for tables in shipped), default=None)
        return [tables for tables in shipped if tables.scale == scale] or [
            arguments.model(None, scale)
        ]


def _write(target: Path, data: bytes) -> None:
    try:
        atomic_files.write_atomically(target, lambda file: file.write(data))
    except OSError as error:
        reason = error.strerror or error
        raise Stop(
            f"{shown(target)} cannot be written ({reason}); check the folder", FAILED
        ) from None


def _as_rgb(picture: Picture) -> Image.Image:
    """The first frame as a screen shows it on white."""
    frame = eight_bits.first_frame(picture)
    if frame.mode in ("LA", "RGBA"):
        white = Image.new("RGBA", frame.size, "white")
        white.alpha_composite(frame.convert("RGBA"))
        frame = white
    return frame.convert("RGB")
