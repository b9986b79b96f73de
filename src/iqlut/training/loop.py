"""The training loop: one function, readable top to bottom. A run is a folder:

config.json       what it is: configuration, commit, hash of the data, seed, threads, device
checkpoint.pt     the newest state, whole at any time
log.jsonl         one line each time something was measured; the same for TensorBoard beside it
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from iqlut import atomic_files
from iqlut.network.configuration import BadConfig, Config, TrainConfig
from iqlut.network.network import Network
from iqlut.provenance import commit
from iqlut.training import checkpoint as states
from iqlut.training import distributed, on_device, training_images, validation
from iqlut.training.checkpoint import State, TrainingStopped
from iqlut.training.mean_error import find_offset
from iqlut.training.step import TORCH_THREADS, host_step

CHECKPOINT = "checkpoint.pt"

Progress = Callable[[str, int, int], None]  # what, done, total
Step = Callable[[], torch.Tensor]  # makes the step after state.step; its loss


@dataclass(frozen=True)
class Place:
    """Where steps are made: a CPU, by so many threads, or cuda."""

    threads: int = 1
    device: str = "cpu"


HERE = Place()


def train(
    config: Config, out: Path, resume: bool = False, place: Place = HERE, minutes: float = math.inf,
    progress: Progress = lambda *_: None,
) -> Path:  # fmt: skip
    """Trains `config` into the folder `out` and returns its checkpoint; stops early after `minutes`.

    `resume` goes on from the folder's checkpoint, bit for bit as if there had been no pause (on the
    same machine with the same number of threads, on a CPU). BadData, BadConfig and TrainingStopped say in a
    sentence what is wrong.
    """
    _check(config.train, place)
    torch.set_num_threads(TORCH_THREADS)
    deadline = time.monotonic() + 60 * minutes
    settings = config.train
    planes, checked = _images(config, out.parent / "cache", progress)
    teacher = teacher_of(config, place.device)
    state = _start(config, out, planes, resume, place)
    step = _steps(state, config, planes, teacher, place)
    losses, started = [], time.monotonic()
    with Log(out) as log:
        if not settings.steps:
            log.write({"step": 0, **_finish(state, config, planes, checked, place)})
        while state.step < settings.steps and not distributed.first_says(
            time.monotonic() >= deadline
        ):
            losses.append(step())
            state.step += 1
            if state.step % settings.checkpoint_every == 0 or state.step == settings.steps:
                row = _row(state, losses, time.monotonic() - started)
                losses, started = [], time.monotonic()
                _check_finite(state, row["loss"])
                if state.step == settings.steps:
                    row |= _finish(state, config, planes, checked, place)
                elif state.step % settings.validate_every == 0:
                    row |= validation.scores(state.ema, config, checked, place.threads)
                _save(state, config, out)
                log.write(row)
                progress(_describe(row), state.step, settings.steps)
    _check_finite(state, float(torch.stack(losses).mean()) if losses else 0.0)
    _save(state, config, out)
    return out / CHECKPOINT


def _images(
    config: Config, cache: Path, progress: Progress
) -> tuple[training_images.Planes, training_images.Planes]:
    """Those to train on, and those to validate with."""
    planes = training_images.load(config.train, config.model.scale, cache, progress, config.degrade)
    checked = training_images.load(
        validation.validation_of(config.train), config.model.scale, cache, progress
    )
    if count := len(planes.skipped):
        progress(f"{count} images are smaller than a patch and left out", 0, config.train.steps)
    return planes, checked


def _check(settings: TrainConfig, place: Place) -> None:
    on_device.check(place.device)
    if settings.batch % distributed.part()[1]:
        raise BadConfig(
            f"a batch of {settings.batch} cannot be shared by {distributed.part()[1]} processes"
        )


def _row(state: State, losses: list[torch.Tensor], seconds: float) -> dict[str, Any]:
    """What the log says of the steps since the row before."""
    return {
        "step": state.step,
        "loss": float(torch.stack(losses).mean()),
        "seconds": round(seconds, 2),
    }


def _finish(
    state: State, config: Config, planes: training_images.Planes, checked: training_images.Planes, place: Place
) -> dict[str, float]:  # fmt: skip
    """The last act of a run, and the scores after it."""
    find_offset(state.ema, config, planes, place.threads)
    return validation.scores(state.ema, config, checked, place.threads)


def _steps(
    state: State,
    config: Config,
    planes: training_images.Planes,
    teacher: Network | None,
    place: Place,
) -> Step:
    """What makes the step after `state.step`."""
    if place.device == "cpu":
        return partial(host_step, state, config, planes, teacher, place.threads)
    return on_device.Steps(state, config, planes, teacher).next


def teacher_of(config: Config, device: str = "cpu") -> Network | None:
    """The network that is followed too, if there is one; it must upscale as much, and have the features to follow."""
    if not config.train.teacher:
        return None
    teacher, its = states.average(Path(config.train.teacher))
    if its.model.scale != config.model.scale:
        raise BadConfig(
            f"train.teacher is {its.name}, which upscales {its.model.scale} times, expected {config.model.scale}"
        )
    ours, theirs = ((model.blocks, model.channels) for model in (config.model, its.model))
    if config.train.features and ours != theirs:
        raise BadConfig(
            f"train.teacher has {theirs[0]} blocks of {theirs[1]} channels, expected {ours[0]} of {ours[1]} to follow "
            "its features; set train.features = 0"
        )
    return teacher.to(device)


def _save(state: State, config: Config, out: Path) -> None:
    if distributed.is_first():
        states.save(state, config, out / CHECKPOINT)
    distributed.wait()


def _start(
    config: Config, out: Path, planes: training_images.Planes, resume: bool, place: Place
) -> State:
    """The state to go on from: the checkpoint's, or a new one in a new folder."""
    state = states.new(config, planes.sha256, place.device)
    if distributed.is_first():
        atomic_files.sweep(out)  # what a killed run left half written
    if resume:
        states.restore(state, config, out / CHECKPOINT)
        return state
    if (out / CHECKPOINT).exists():
        raise TrainingStopped(
            f"{out} already holds a run; add --resume to go on, or choose another folder"
        )
    distributed.wait()  # until all have seen that there is no run
    out.mkdir(parents=True, exist_ok=True)
    about = {"config": config.to_dict(), "commit": commit(), "data_sha256": planes.sha256}
    about |= {"skipped": planes.skipped, **dataclasses.asdict(place)}
    (out / "config.json").write_text(json.dumps(about, indent=2) + "\n")
    return state


def _check_finite(state: State, loss: float) -> None:
    """The kernel's uint8 signals hide a NaN, so the parameters are looked at too."""
    if not math.isfinite(loss) or not all(p.isfinite().all() for p in state.network.parameters()):
        raise TrainingStopped(
            f"the loss or a parameter is no number at step {state.step}; try a smaller learning_rate"
        )


def _describe(row: dict[str, Any]) -> str:
    score = f", {row['psnr_db']:.3f} dB" if "psnr_db" in row else ""
    return f"loss {row['loss']:.3e}{score}"


class Log:
    """The rows of a run, as JSON lines and for TensorBoard; only the first process writes them."""

    def __init__(self, out: Path) -> None:
        self._lines = self._board = None
        if distributed.is_first():
            from torch.utils.tensorboard import (
                SummaryWriter,
            )  # slow to import, and only needed here

            self._lines = (out / "log.jsonl").open("a", encoding="utf-8")
            self._board = SummaryWriter(str(out))

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        if self._lines and self._board:
            for stream in (self._lines, self._board):
                with contextlib.suppress(OSError):  # a full disk: `write` has said so
                    stream.close()

    def write(self, row: dict[str, Any]) -> None:
        if not self._lines or not self._board:
            return
        try:
            self._lines.write(json.dumps(row) + "\n")
            self._lines.flush()
            for name in row.keys() - {"step"}:
                self._board.add_scalar(name, row[name], row["step"])
            self._board.flush()
        except OSError as error:
            raise states.cannot_write(Path(self._lines.name), error) from None
