"""`iqlut evaluate`: how near to the original, by the protocol of the field."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from iqlut.commands import options
from iqlut.commands.console import FAILED, OK, Stop, print_json, print_table, progress, stop_on


@dataclass(frozen=True)
class Evaluate:
    """Measure PSNR and SSIM on folders of high-resolution images.

    Each image is cropped to a multiple of the scale, made small by MATLAB's bicubic, enlarged by the integer
    tables and compared on BT.601 luma, without a border of SCALE pixels; the score is the mean over the images.
    A row of bicubic enlargement stands beside, to compare with published ones.
    """

    datasets: Annotated[Positional[tuple[Path, ...]], arg(metavar="DATASET...", help="folders", help_behavior_hint="")]
    model: options.Model = None
    engine: options.Engine = "native"
    threads: options.Threads = None
    path: Annotated[Literal["y", "rgb"], arg(help="enlarge luma alone; or red, green and blue each")] = "y"
    turns: options.Turns = 1
    json: options.Json = False
    debug: options.Debug = False

    def run(self) -> int:
        from iqlut import evaluate

        if not self.datasets:
            raise Stop("no folder of images is named; wanted `iqlut evaluate DATASET...`")
        tables = options.model(self.model)
        threads = options.threads(self.threads)
        options.check_engine(self.engine, tables, threads)
        how = evaluate.How(self.engine, self.path, threads, self.turns)
        contenders = [(tables, folder) for folder in self.datasets]
        contenders += [(evaluate.BICUBIC, folder) for folder in self.datasets]
        rows = []
        with progress(len(contenders), "folders") as advance, stop_on(ValueError, code=FAILED):
            for contender, folder in contenders:
                score = evaluate.evaluate(contender, folder, tables.scale, how)
                rows.append(asdict(score))
                advance()
        if self.json:
            print_json(rows)
        else:
            print_table(f"PSNR and SSIM, x{tables.scale}", rows)
        return OK
