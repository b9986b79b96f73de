"""`iqlut upscale`: pictures in, larger pictures out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from PIL import Image
from tyro.conf import Positional, arg

from iqlut import api, files
from iqlut.commands import options
from iqlut.commands.console import FAILED, OK, Stop, complain, narrate, progress, unforeseen

Enlarge = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True)
class Upscale:
    """Enlarge pictures.

    iqlut upscale photo.png -o big.png

    iqlut upscale photos/*.jpg -o larger/

    Gray stays gray; transparency, colour profile, EXIF and resolution are kept. The ending of OUT says the
    format; in a folder each picture keeps its name. No file is replaced without --overwrite.
    """

    inputs: Annotated[Positional[tuple[Path, ...]], arg(metavar="IN...", help="pictures", help_behavior_hint="")]
    output: Annotated[Path, arg(aliases=("-o",), metavar="OUT", help="a file; or a folder, for several pictures")]
    scale: Annotated[
        int | None,
        arg(
            aliases=("-s",), metavar="SCALE", help="how many times larger", help_behavior_hint="(default: the model's)"
        ),
    ] = None
    model: options.Model = None
    engine: options.Engine = "native"
    threads: options.Threads = None
    overwrite: Annotated[bool, arg(help="replace files that exist", help_behavior_hint="")] = False
    debug: options.Debug = False

    def run(self) -> int:
        pairs = plan(self.inputs, self.output)
        tables = options.model(self.model, self.scale)
        threads = options.threads(self.threads)
        options.check_engine(self.engine, tables, threads)

        def enlarge(image: Image.Image) -> Image.Image:
            return api.upscale(image, scale=tables.scale, model=tables, engine=self.engine, threads=threads)

        failures = 0
        with progress(len(pairs), "pictures") as advance:
            for source, target in pairs:
                failures += not self._succeeds(source, target, tables.scale, enlarge)
                advance()
        if failures and len(pairs) > 1:
            complain(f"{failures} of {len(pairs)} pictures failed")
        return FAILED if failures else OK

    def _succeeds(self, source: Path, target: Path, scale: int, enlarge: Enlarge) -> bool:
        """Whether a picture became its target; if not, the reason is said and the next one may go on."""
        try:
            narrate(upscale_file(source, target, scale, enlarge, self.overwrite))
        except files.PictureError as error:
            complain(error)
        except MemoryError:
            complain(f"{source} needs more memory than there is; cut it into parts first")
        except Exception as error:
            if self.debug:
                raise
            complain(unforeseen(error, source))
        else:
            return True
        return False


def plan(inputs: Sequence[Path], output: Path) -> list[tuple[Path, Path]]:
    """Which file each picture becomes; Stop where the arguments cannot be meant so."""
    if not inputs:
        raise Stop("no picture is named; wanted `iqlut upscale IN... -o OUT`")
    if not output.is_dir():
        if len(inputs) > 1:
            raise Stop(f"{output} is not a folder, but there are {len(inputs)} pictures; create the folder first")
        options.check_folder(output)
        if files.format_of(output) is None:
            raise Stop(f"{output} does not end in a format that is written: .png .jpg .webp .tif .avif .bmp .gif ...")
        return [(inputs[0], output)]
    targets = [output / source.name for source in inputs]
    twice = {target for target in targets if targets.count(target) > 1}
    if twice:
        raise Stop(f"several pictures would become {min(twice)}; give them in separate runs, to separate folders")
    return list(zip(inputs, targets, strict=True))


def upscale_file(source: Path, target: Path, scale: int, enlarge: Enlarge, overwrite: bool) -> str:
    """One picture from file to file; a line that says what was done."""
    start = time.perf_counter()
    if target.exists() and source.exists() and target.samefile(source):
        raise files.PictureError(f"{source} would be its own output; name another file or folder with -o")
    if target.is_dir():
        raise files.PictureError(f"{target} is a folder, wanted a file; name another output with -o")
    if target.exists() and not overwrite:
        raise files.PictureError(f"{target} exists; give --overwrite to replace it")
    picture = files.read(source)
    format_name = files.format_of(target) or picture.format
    files.check_holds(target, format_name, picture, scale)
    larger = replace(picture, image=enlarge(picture.image))
    kept = files.write(target, format_name, larger)
    old, new = picture.image, larger.image
    elapsed_s = time.perf_counter() - start
    line = f"{source} {old.width}x{old.height} -> {target} {new.width}x{new.height}, {elapsed_s:.2f} s"
    return line if kept else f"{line}, without its metadata (damaged)"
