"""`iqlut evaluate`: how near to the original, by the protocol of the field."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from iqlut.command_line import arguments
from iqlut.command_line.console import FAILED, OK, Stop, print_json, print_table, stop_on
from iqlut.command_line.progress import progress
from iqlut.evaluation import degradation
from iqlut.evaluation.degradation import CLEAN
from iqlut.restoration import choose_strength


@dataclass(frozen=True)
class Evaluate:
    """Measure PSNR and SSIM on folders of high-resolution images.

    Each image is cropped to a multiple of the scale, made small by MATLAB's bicubic, upscaled by the integer
    tables and compared on BT.601 luma, without a border of SCALE pixels; the score is the mean over the images.
    A row of bicubic upscaling stands beside, to compare with published ones; where the small images are
    damaged (--degrade) also Pillow's bicubic and Lanczos.
    """

    datasets: Annotated[
        Positional[tuple[Path, ...]],
        arg(metavar="DATASET...", help="folders", help_behavior_hint=""),
    ]
    model: arguments.Model = None
    engine: arguments.Engine = "native"
    threads: arguments.Threads = None
    path: Annotated[
        Literal["y", "rgb"], arg(help="upscale luma alone; or red, green and blue each")
    ] = "y"
    ensemble: arguments.Ensemble = 1
    restore: arguments.Restore = choose_strength.AUTO
    degrade: Annotated[
        tuple[str, ...],
        arg(
            metavar="DAMAGE...",
            help="how the small images are made: clean, box, lanczos, bilinear, noise:SIGMA, jpeg:QUALITY, or several "
            "joined by + as in noise:5+jpeg:75",
        ),
    ] = (CLEAN.name,)
    json: arguments.Json = False
    debug: arguments.Debug = False

    def run(self) -> int:
        from iqlut.evaluation import scores

        if not self.datasets:
            raise Stop("no folder of images is named; expected `iqlut evaluate DATASET...`")
        model = arguments.model(self.model)
        threads = arguments.threads(self.threads)
        arguments.check_engine(self.engine, model, threads)
        how = scores.How(
            self.engine,
            self.path,
            threads,
            self.ensemble,
            restore=arguments.restore(self.restore, [model]),
        )
        with stop_on(ValueError):
            damages = [degradation.parse(name) for name in self.degrade]
        baselines = [scores.BICUBIC] if damages == [CLEAN] else scores.BASELINES
        runs = [
            (contender, folder, replace(how, degradation=damage))
            for damage in damages
            for contender in (model, *baselines)
            for folder in self.datasets
        ]
        rows = []
        with progress(len(runs), "folders") as advance, stop_on(ValueError, code=FAILED):
            for contender, folder, way in runs:
                rows.append(asdict(scores.evaluate(contender, folder, model.scale, way)))
                advance()
        if self.json:
            print_json(rows)
        else:
            print_table(f"PSNR and SSIM, x{model.scale}", rows)
        return OK
