"""`iqlut bench train`: how many training steps a second this machine makes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import arg

from iqlut.command_line import arguments
from iqlut.command_line.exit_codes import FAILED, OK, Stop, stop_on
from iqlut.command_line.output import print_json, print_table, rows_of
from iqlut.command_line.progress import progress

if TYPE_CHECKING:
    from iqlut.network.configuration import Config
    from iqlut.training.patches import Planes

_HIDDEN = (
    "commit",
    "cpu",
    "rounds",
    "steps",
    "device",
    "threads",
    "batch",
    "patch",
)  # in the title of the table


@dataclass(frozen=True)
class BenchTrain:
    """Compare the speed of training steps with the native kernel and with plain PyTorch.

    Needs PyTorch: pip install 'iqlut[train]'. Each step includes its patches and the optimiser, and
    both implementations run in alternation. Plain PyTorch computes each layer as a convolution over
    hat functions, and `ratio` is the speed relative to it. On a GPU, the same is compared with
    layers by tensor cores, each as one CUDA graph a step. Without --data, the patches are cropped
    from synthetic planes.
    """

    config: Annotated[
        Path | None,
        arg(
            metavar="CONFIG",
            help="TOML file that describes the model and its training",
            help_behavior_hint="",
        ),
    ] = None
    blocks: Annotated[
        int | None,
        arg(metavar="INT", help="blocks of the model", help_behavior_hint="(default: 8)"),
    ] = None
    channels: Annotated[
        int | None,
        arg(metavar="INT", help="channels of each block", help_behavior_hint="(default: 8)"),
    ] = None
    levels: Annotated[
        int | None,
        arg(
            metavar="INT",
            help="levels of the blocks after the first",
            help_behavior_hint="(default: 7)",
        ),
    ] = None
    scale: Annotated[
        int | None,
        arg(
            aliases=("-s",),
            metavar="SCALE",
            help="scale of the model",
            help_behavior_hint="(default: 4)",
        ),
    ] = None
    batch: Annotated[int, arg(help="patches in each step")] = 8
    patch: Annotated[int, arg(help="side length of a patch in low-resolution pixels")] = 32
    data: Annotated[
        Path | None,
        arg(metavar="FOLDER", help="crop the patches from these images", help_behavior_hint=""),
    ] = None
    threads: arguments.Threads = None
    device: arguments.Device = "cpu"
    rounds: Annotated[
        int, arg(aliases=("--repeats",), help="number of rounds, of which the median is reported")
    ] = 15
    steps: Annotated[int, arg(help="steps of each implementation in a round")] = 4
    json: arguments.Json = False
    debug: arguments.Debug = False

    def run(self) -> int:
        from iqlut.timing import training_steps
        from iqlut.training import step_variants

        threads = arguments.threads(self.threads)
        if min(self.rounds, self.steps) < 1:
            raise Stop(f"--rounds is {self.rounds} and --steps {self.steps}, expected 1 or more")
        config = self._config()
        with stop_on(ValueError, code=FAILED):
            ways = step_variants.ways(config, self._planes(config), threads, self.device)
        trainers = [training_steps.TimedTrainer(*way) for way in ways.items()]
        model, train = config.model, config.train
        setting = training_steps.TimedTraining(
            model.blocks,
            model.channels,
            model.levels,
            model.scale,
            train.batch,
            train.patch,
            self.device,
            threads,
        )
        with progress(self.rounds + 1, "rounds") as advance:
            timings = training_steps.time_interleaved(
                trainers, setting, self.rounds, self.steps, advance
            )
        rows = rows_of(timings)
        if self.json:
            print_json(rows)
        else:
            title = (
                f"steps of {train.batch} patches of {train.patch}x{train.patch}, median of "
                f"{self.rounds} rounds, "
                f"{setting.device}, {threads} threads, {timings[0].cpu}, {timings[0].commit}"
            )
            print_table(
                title, [{name: row[name] for name in row if name not in _HIDDEN} for row in rows]
            )
        return OK

    def _config(self) -> Config:
        from iqlut.network import configuration
        from iqlut.network.option_types import STEPS_MAX

        named = {name: getattr(self, name) for name in ("blocks", "channels", "levels", "scale")}
        changes = {f"model.{name}": value for name, value in named.items() if value is not None}
        changes |= {
            "train.batch": self.batch, "train.patch": self.patch,
            "train.data": str(self.data or ""),
            "train.start": "", "train.teacher": "", "train.features": 0.0,
            "train.steps": STEPS_MAX,
        }  # fmt: skip
        loaded = arguments.configuration(self.config) if self.config else configuration.Config()
        with stop_on(configuration.BadConfig):
            return configuration.override(loaded, changes)

    def _planes(self, config: Config) -> Planes:
        from iqlut.training import step_variants, training_images

        if self.data is None:
            if self.patch > step_variants.SIDE:
                raise Stop(
                    f"--patch is {self.patch}, expected at most {step_variants.SIDE}, or images "
                    "of your own with --data"
                )
            return step_variants.made_up(config.model.scale)
        with stop_on(ValueError, OSError, code=FAILED):
            return training_images.load(
                config.train, config.model.scale, Path("runs") / "cache", lambda *_: None
            )
