"""Training of the stages of a model one after the other, each in its own folder."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from pathlib import Path

from iqlut.network import configuration
from iqlut.network.configuration import Config
from iqlut.network.stages import Stage, Stages
from iqlut.training import checkpoint as states
from iqlut.training import loop
from iqlut.training.checkpoint import TrainingStopped


@dataclass(frozen=True)
class StageOutcome:
    """Where training ended: the latest checkpoint, its stage, and the progress of that stage.

    `stage` is empty for a model without stages.
    """

    checkpoint: Path
    stage: str
    step: int
    steps: int

    @property
    def is_finished(self) -> bool:
        return self.step >= self.steps


@dataclass(frozen=True)
class StageRun:
    """How stages are run.

    out      folder of the run, with a folder for each stage
    resume   whether to continue from the checkpoints in it
    only     the name of the single stage to train; None trains all stages
    place    the device and the number of threads
    minutes  time after which training stops
    """

    out: Path
    resume: bool = False
    only: str | None = None
    place: loop.Place = loop.HERE
    minutes: float = math.inf


def run(
    model: Stages, settings: StageRun, progress: loop.OnProgress = lambda *_: None
) -> StageOutcome:
    """Train the stages in order until they are finished or the time is up.

    With `resume`, finished stages are skipped and the first unfinished one continues. Raises
    TrainingStopped if there is nothing to resume, and what `loop.train` raises.
    """
    stages = model.stages if settings.only is None else (model.stage(settings.only),)
    folders = {stage.name: settings.out / stage.name for stage in model.stages}
    if settings.resume and not any(
        (folders[stage.name] / loop.CHECKPOINT).exists() for stage in stages
    ):
        missing = folders[stages[0].name] / loop.CHECKPOINT
        raise TrainingStopped(
            f"{missing} does not exist, expected a checkpoint to resume; leave --resume out to "
            "start a new run"
        )
    deadline_s = time.monotonic() + 60 * settings.minutes
    outcome = None
    for stage in stages:
        checkpoint = folders[stage.name] / loop.CHECKPOINT
        resumes = settings.resume and checkpoint.exists()
        may_skip = len(stages) > 1 or not stage.config.train.steps
        if not (resumes and may_skip and _is_done(stage, checkpoint)):
            config = _with_start(model, stage, folders)
            minutes = (deadline_s - time.monotonic()) / 60
            named = _named(progress, stage.name)
            loop.train(config, checkpoint.parent, resumes, settings.place, minutes, named)
        outcome = StageOutcome(checkpoint, stage.name, *states.progress_of(checkpoint))
        if not outcome.is_finished:
            break
    assert outcome is not None, "a model has at least one stage"
    return outcome


def _is_done(stage: Stage, checkpoint: Path) -> bool:
    """Whether the checkpoint is that of the finished stage, whatever the stage started from."""
    saved = states.read(checkpoint)
    made_by = configuration.from_dict(saved["config"])
    same = replace(made_by, train=replace(made_by.train, start=stage.config.train.start))
    return same == stage.config and saved["step"] >= stage.config.train.steps


def _with_start(model: Stages, stage: Stage, folders: dict[str, Path]) -> Config:
    """The configuration of a stage, which starts from this run of the previous stage if possible.

    Otherwise it starts from the checkpoint that is kept of that stage. Raises TrainingStopped if
    that is missing too.
    """
    if not stage.follows:
        return stage.config
    before = model.stages[model.stages.index(stage) - 1]
    own = folders[before.name] / loop.CHECKPOINT
    if own.exists():
        return replace(stage.config, train=replace(stage.config.train, start=str(own)))
    if not Path(stage.config.train.start).exists():
        raise TrainingStopped(
            f"neither {own} nor {stage.config.train.start} exists, expected one of them for "
            f"stage {stage.name!r} to start from; train with --stage {before.name} first"
        )
    return stage.config


def _named(progress: loop.OnProgress, stage: str) -> loop.OnProgress:
    """The same progress function, with the name of the stage in front of its words."""
    if not stage:
        return progress
    return lambda what, done, total: progress(f"{stage}: {what}", done, total)
