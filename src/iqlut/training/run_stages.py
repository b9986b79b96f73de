"""The stages of a model, trained one after the other, each in a folder of its own."""

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
    """Where training ended: the newest checkpoint, its stage (empty without stages), and how far
    that stage got.
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
    """How stages are run: where, whether they go on from what is there, and which one alone (None:
    all of them).
    """

    out: Path
    resume: bool = False
    only: str | None = None
    place: loop.Place = loop.HERE
    minutes: float = math.inf


def run(
    model: Stages, settings: StageRun, progress: loop.OnProgress = lambda *_: None
) -> StageOutcome:
    """Train the stages in order, up to the end of the minutes; raises what `loop.train` raises.

    With `resume`, stages that are finished are left as they are and the first unfinished one goes
    on.
    """
    stages = model.stages if settings.only is None else (model.stage(settings.only),)
    folders = {stage.name: settings.out / stage.name for stage in model.stages}
    if settings.resume and not any(
        (folders[stage.name] / loop.CHECKPOINT).exists() for stage in stages
    ):
        wanted = folders[stages[0].name] / loop.CHECKPOINT
        raise TrainingStopped(
            f"{wanted} is not there, expected a checkpoint to go on from; leave --resume out to "
            "begin"
        )
    deadline_s = time.monotonic() + 60 * settings.minutes
    outcome = None
    for stage in stages:
        checkpoint = folders[stage.name] / loop.CHECKPOINT
        goes_on = settings.resume and checkpoint.exists()
        may_skip = len(stages) > 1 or not stage.config.train.steps
        if not (goes_on and may_skip and _is_done(stage, checkpoint)):
            config = _with_start(model, stage, folders)
            minutes = (deadline_s - time.monotonic()) / 60
            told = _named(progress, stage.name)
            loop.train(config, checkpoint.parent, goes_on, settings.place, minutes, told)
        outcome = StageOutcome(checkpoint, stage.name, *states.progress_of(checkpoint))
        if not outcome.is_finished:
            break
    assert outcome is not None, "a model has at least one stage"
    return outcome


def _is_done(stage: Stage, checkpoint: Path) -> bool:
    """Whether the checkpoint is the end of this stage, wherever it started from."""
    saved = states.read(checkpoint)
    made_by = configuration.from_dict(saved["config"])
    same = replace(made_by, train=replace(made_by.train, start=stage.config.train.start))
    return same == stage.config and saved["step"] >= stage.config.train.steps


def _with_start(model: Stages, stage: Stage, folders: dict[str, Path]) -> Config:
    """The configuration of a stage that starts from our own run of the stage before, if there is
    one.
    """
    if not stage.follows:
        return stage.config
    before = model.stages[model.stages.index(stage) - 1]
    own = folders[before.name] / loop.CHECKPOINT
    if own.exists():
        return replace(stage.config, train=replace(stage.config.train, start=str(own)))
    if not Path(stage.config.train.start).exists():
        raise TrainingStopped(
            f"stage {stage.name!r} starts from {own} or {stage.config.train.start}, and neither "
            "is there; "
            f"train that stage first, with --stage {before.name}"
        )
    return stage.config


def _named(progress: loop.OnProgress, stage: str) -> loop.OnProgress:
    """The same, with the name of the stage before the words."""
    if not stage:
        return progress
    return lambda what, done, total: progress(f"{stage}: {what}", done, total)
