"""`iqlut evaluate`: how near to the original, by the protocol of the field."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from iqlut import degradation, restoration
from iqlut.commands import options
from iqlut.commands.console import FAILED, OK, Stop, print_json, print_table, progress, stop_on
from iqlut.degradation import CLEAN


@dataclass(frozen=True)
class Evaluate:
    """Measure PSNR and SSIM on folders of high-resolution images.

    Each image is cropped to a multiple of the scale, made small by MATLAB's bicubic, enlarged by the integer
    tables and compared on BT.601 luma, without a border of SCALE pixels; the score is the mean over the images.
    A row of bicubic enlargement stands beside, to compare with published ones; where the small images are
    damaged (--degrade) also Pillow's bicubic and Lanczos.
    """

    datasets: Annotated[Positional[tuple[Path, ...]], arg(metavar="DATASET...", help="folders", help_behavior_hint="")]
    model: options.Model = None
    engine: options.Engine = "native"
    threads: options.Threads = None
    path: Annotated[Literal["y", "rgb"], arg(help="enlarge luma alone; or red, green and blue each")] = "y"
    turns: options.Turns = 1
    restore: options.Restore = restoration.AUTO
    degrade: Annotated[
        tuple[str, ...],
        arg(
            metavar="DAMAGE...",
            help="how the small images are made: clean, box, lanczos, bilinear, noise:SIGMA, jpeg:QUALITY, or several "
            "joined by + as in noise:5+jpeg:75",
        ),
    ] = (CLEAN.name,)
    json: options.Json = False
    debug: options.Debug = False

    def run(self) -> int:
        from iqlut import evaluate

        if not self.datasets:
            raise Stop("no folder of images is named; wanted `iqlut evaluate DATASET...`")
        model = options.model(self.model)
        threads = options.threads(self.threads)
        options.check_engine(self.engine, model, threads)
        how = evaluate.How(self.engine, self.path, threads, self.turns, restore=options.restore(self.restore, [model]))
        with stop_on(ValueError):
            damages = [degradation.parse(name) for name in self.degrade]
        baselines = [evaluate.BICUBIC] if damages == [CLEAN] else evaluate.BASELINES
        runs = [
            (contender, folder, replace(how, degradation=damage))
            for damage in damages
            for contender in (model, *baselines)
            for folder in self.datasets
        ]
        rows = []
        with progress(len(runs), "folders") as advance, stop_on(ValueError, code=FAILED):
            for contender, folder, way in runs:
                rows.append(asdict(evaluate.evaluate(contender, folder, model.scale, way)))
                advance()
        if self.json:
            print_json(rows)
        else:
            print_table(f"PSNR and SSIM, x{model.scale}", rows)
        return OK
