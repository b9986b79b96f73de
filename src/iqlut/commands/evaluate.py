"""`iqlut evaluate`: PSNR and SSIM by the protocol of super-resolution benchmarks."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from iqlut.command_line import arguments
from iqlut.command_line.exit_codes import FAILED, OK, Stop, stop_on
from iqlut.command_line.output import print_json, print_table
from iqlut.command_line.progress import progress
from iqlut.command_line.prompt_exit import prompt_exit
from iqlut.evaluation import degradation
from iqlut.evaluation.degradation import CLEAN
from iqlut.restoration import choose_strength


@dataclass(frozen=True)
class Evaluate:
    """Measure PSNR and SSIM on folders of high-resolution images.

    Each image is cropped to a multiple of the scale, downscaled by the bicubic kernel of MATLAB,
    upscaled by the model and compared on BT.601 luma without a border of SCALE pixels. The score is
    the mean over the images.

    Rows with bicubic upscaling allow a comparison with published scores. With --degrade, rows for
    the bicubic and Lanczos kernels of Pillow are added.
    """

    datasets: Annotated[
        Positional[tuple[Path, ...]],
        arg(
            metavar="FOLDER...",
            help="folders of high-resolution images",
            help_behavior_hint="(required)",
        ),
    ]
    model: arguments.Model = None
    engine: arguments.Engine = "native"
    threads: arguments.Threads = None
    path: Annotated[
        Literal["y", "rgb"],
        arg(help="what the tables upscale: luma only (y), or red, green and blue separately (rgb)"),
    ] = "y"
    ensemble: arguments.Ensemble = 1
    restore: arguments.Restore = choose_strength.AUTO
    degrade: Annotated[
        tuple[str, ...],
        arg(
            metavar="DAMAGE...",
            help="how the input is made from the image: clean, box, lanczos, bilinear, "
            "noise:SIGMA, "
            "jpeg:QUALITY, or several joined with + as in noise:5+jpeg:75",
        ),
    ] = (CLEAN.name,)
    json: arguments.Json = False
    debug: arguments.Debug = False

    def run(self) -> int:
        with prompt_exit():
            return self._run()

    def _run(self) -> int:
        from iqlut.evaluation import scores

        if not self.datasets:
            raise Stop(
                "no folder is named, expected one or more folders of images; "
                "write `iqlut evaluate FOLDER...`"
            )
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
