"""`iqlut train`: a configuration in, a checkpoint out."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, UseAppendAction, arg

from iqlut.command_line import arguments, output_files
from iqlut.command_line.exit_codes import FAILED, INTERRUPTED, OK, Stop, stop_on
from iqlut.command_line.output import complain, narrate, printing
from iqlut.command_line.progress import reporting
from iqlut.path_states import exists
from iqlut.printable_names import shown

if TYPE_CHECKING:
    from iqlut.network.stages import Stages
    from iqlut.training.run_stages import StageOutcome, StageRun


@dataclass(frozen=True)
class Train:
    """Train a model that a TOML file describes; continue an interrupted run with --resume.

    Needs PyTorch: pip install 'iqlut[train]'. `iqlut train --explain` prints every option of the
    file, and `iqlut train --init NAME.toml` writes a file to start from. The newest checkpoint,
    which `iqlut convert` converts to tables, and a log are written to DIR; if the file has stages,
    each has a folder of its own in DIR. Processes started by torchrun share every batch. `iqlut
    train search` finds where the levels of each layer should lie.
    """

    config: Annotated[
        Positional[Path | None],
        arg(
            metavar="CONFIG",
            help="TOML file that describes the model and its training, such as "
            "configs/l8c8-x4.toml",
            help_behavior_hint="",
        ),
    ] = None
    out: Annotated[
        Path | None,
        arg(
            metavar="DIR",
            help="folder of the run",
            help_behavior_hint="(default: runs/ and the model's name)",
        ),
    ] = None
    stage: Annotated[
        str | None,
        arg(
            metavar="STAGE",
            help="train one stage of CONFIG only",
            help_behavior_hint="(default: all, in order)",
        ),
    ] = None
    overrides: Annotated[
        UseAppendAction[tuple[str, ...]],
        arg(
            name="set",
            metavar="NAME=VALUE",
            help="override an option of CONFIG, as in --set train.steps=3000; can be repeated",
            help_behavior_hint="",
        ),
    ] = ()
    resume: Annotated[
        bool, arg(help="continue from the checkpoints in DIR", help_behavior_hint="")
    ] = False
    minutes: Annotated[
        float | None,
        arg(
            metavar="MINUTES",
            help="stop after this time; --resume continues the run",
            help_behavior_hint="(default: when the training is complete)",
        ),
    ] = None
    threads: arguments.Threads = None
    device: arguments.Device = "cpu"
    explain: Annotated[
        bool, arg(help="print every option of a configuration, and stop", help_behavior_hint="")
    ] = False
    init: Annotated[
        Path | None,
        arg(
            metavar="FILE",
            help="write a configuration to start from, *.toml, and stop",
            help_behavior_hint="",
        ),
    ] = None
    debug: arguments.Debug = False

    def run(self) -> int:
        if self.explain:
            return _explain()
        if self.init is not None:
            return _init(self.init)
        if self.config is None:
            raise Stop(
                "no configuration was named, expected a TOML file; name one, or write one with "
                "--init NAME.toml"
            )
        threads = arguments.threads(self.threads)
        from iqlut.training import loop, run_stages

        model = self._model(self.config)
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:  # started by torchrun
            from iqlut.training import distributed

            distributed.join()
        out = self.out or Path("runs") / model.name
        minutes = math.inf if self.minutes is None else self.minutes
        if not minutes >= 0:
            raise Stop(f"--minutes is {self.minutes:g}, expected 0 or more; raise it")
        place = loop.Place(threads, self.device, out.parent / "cache")
        return self._train(model, run_stages.StageRun(out, self.resume, self.stage, place, minutes))

    def _model(self, path: Path) -> Stages:
        """The stages in the file, with the values of --set."""
        from iqlut.network import configuration

        model = arguments.stages(path)
        with stop_on(configuration.BadConfig):
            model.stage(self.stage)  # an unknown one is refused before anything is read
            return model.overridden(dict(map(configuration.parse_override, self.overrides)))

    def _train(self, model: Stages, settings: StageRun) -> int:
        from iqlut.training import loop, run_stages

        try:
            with stop_on(ValueError, RuntimeError, OSError, code=FAILED), reporting() as report:
                outcome = run_stages.run(model, settings, report)
        except KeyboardInterrupt:
            is_saved = any(settings.out.glob(f"**/{loop.CHECKPOINT}"))
            advice = f"continue from {settings.out} with --resume"
            complain(f"interrupted; {advice if is_saved else 'nothing was saved yet'}")
            return INTERRUPTED
        narrate(_ending(outcome, model.name))
        return OK


def _ending(outcome: StageOutcome, name: str) -> str:
    """The last line of a run: what can be done now."""
    if outcome.is_finished:
        return f"{outcome.checkpoint} is ready: iqlut convert {outcome.checkpoint} -o {name}.iqlut"
    of = f" of stage {outcome.stage}" if outcome.stage else ""
    return f"stopped at step {outcome.step} of {outcome.steps}{of}; continue with --resume"


def _explain() -> int:
    from iqlut.network import explain_and_init

    with printing():
        print(explain_and_init.explained(), end="")
    return OK


def _init(path: Path) -> int:
    from iqlut.network import explain_and_init

    if path.suffix != ".toml":
        found = f"ends in {path.suffix}" if path.suffix else "has no extension"
        raise Stop(f"{path} {found}, expected .toml; rename it")
    output_files.check_folder(path)
    if exists(path):
        raise Stop(f"{shown(path)} exists, expected a new file; choose another name", FAILED)
    text = explain_and_init.file_to_start_from(shown(Path(path.stem)))
    output_files.write({path: text.encode()}, overwrite=False)
    narrate(f"{path} was written; edit it, then run iqlut train {path}")
    return OK
