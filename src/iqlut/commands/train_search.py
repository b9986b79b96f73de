"""`iqlut train search`: find where the levels of each layer should lie, by validation."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from iqlut.command_line import arguments, output_files
from iqlut.command_line.exit_codes import FAILED, INTERRUPTED, OK, Stop, stop_on
from iqlut.command_line.output import complain, narrate, print_json
from iqlut.command_line.progress import reporting

_GRID = "(default: 0.3 0.4 0.5 0.6 0.7)"


@dataclass(frozen=True)
class TrainSearch:
    """Find knot_a and knot_b of each layer, one after the other, by PSNR of the rounded network on
    validation images.

    Needs PyTorch: pip install 'iqlut[train]'. For every pair of a value of --a and one of --b, the
    tables of CHECKPOINT are read at the levels that the pair gives, trained for --steps more, and
    scored. CONFIG is written to FILE, comments included, with the best pairs. Without --steps,
    CHECKPOINT should have many more levels than CONFIG. With the same number of levels, the pair
    that CHECKPOINT was trained with always wins.
    """

    config: Annotated[
        Positional[Path], arg(metavar="CONFIG", help="configuration to find the knots for")
    ]
    checkpoint: Annotated[
        Positional[Path],
        arg(
            metavar="CHECKPOINT",
            help="a trained network of the same shape; the numbers of levels may differ",
        ),
    ]
    output: Annotated[
        Path,
        arg(aliases=("-o",), metavar="FILE", help="configuration to write, with the knots, *.toml"),
    ]
    steps: Annotated[int, arg(help="training steps for each pair")] = 0
    learning_rate: Annotated[
        float, arg(help="largest learning rate of these steps; it falls to 0")
    ] = 1e-3
    a: Annotated[
        tuple[float, ...],
        arg(metavar="A...", help="values of knot_a to try", help_behavior_hint=_GRID),
    ] = ()
    b: Annotated[
        tuple[float, ...],
        arg(metavar="B...", help="values of knot_b to try", help_behavior_hint=_GRID),
    ] = ()
    passes: Annotated[
        int,
        arg(help="largest number of passes over all layers; a pass without a change is the last"),
    ] = 1
    overwrite: Annotated[bool, arg(help="replace FILE if it exists", help_behavior_hint="")] = False
    threads: arguments.Threads = None
    json: Annotated[
        bool, arg(help="print every trial as a JSON list of flat objects", help_behavior_hint="")
    ] = False
    debug: arguments.Debug = False

    def run(self) -> int:
        threads = arguments.threads(self.threads)
        self._check()
        from iqlut.training import knot_search

        settings = arguments.configuration(self.config)
        grid = (self.a or knot_search.GRID, self.b or knot_search.GRID)
        what = knot_search.Search(
            settings, self.checkpoint, *grid, self.steps, self.learning_rate, self.passes
        )
        try:
            with stop_on(ValueError, RuntimeError, OSError, code=FAILED), reporting() as report:
                found = knot_search.greedy(what, Path("runs") / "cache", threads, report)
        except KeyboardInterrupt:
            complain("interrupted; nothing was written")
            return INTERRUPTED
        before = f"{found.before_db:.3f} with the knots before"
        score = f"{found.psnr_db:.3f} dB on the validation set, {before}"
        how = (
            f"found by `iqlut train search` from {self.checkpoint.name}, {self.steps} steps a pair"
        )
        with stop_on(ValueError, OSError, code=FAILED):
            text = knot_search.file_with_knots(self.config, found.config.model)
        whole = f"# The knots: {how}:\n# {score}.\n{text}"
        output_files.write({self.output: whole.encode()}, self.overwrite)
        if self.json:
            print_json([asdict(trial) for trial in found.trials])
        narrate(f"{self.output}: {score}")
        return OK

    def _check(self) -> None:
        output_files.check_folder(self.output)
        output_files.check_new(self.output, self.overwrite)
        if self.steps < 0 or self.passes < 1:
            raise Stop(
                f"--steps is {self.steps} and --passes {self.passes}, expected 0 or more and 1 or "
                "more"
            )
