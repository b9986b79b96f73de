"""The training loop.

A run is a folder with these files:

config.json       configuration with its seed, commit, hash of the data, threads and device
checkpoint.pt     the latest training state, complete at any time
log.jsonl         one line for each checkpoint, with loss and scores; TensorBoard files beside it
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
from iqlut.training.log import TrainingLog
from iqlut.training.mean_error import find_offset
from iqlut.training.step import TORCH_THREADS, host_step

CHECKPOINT = "checkpoint.pt"

OnProgress = Callable[[str, int, int], None]  # (what is done, units done, units in total)
MakeStep = Callable[[], torch.Tensor]  # makes the step after `state.step` and returns its loss


@dataclass(frozen=True)
class Place:
    """Where a run takes place: on "cpu" with a number of threads, or on "cuda".

    `cache` is the folder of the decoded images; None selects the folder `cache` beside the run.
    """

    threads: int = 1
    device: str = "cpu"
    cache: Path | None = None


@dataclass(frozen=True, eq=False)
class Images:
    """The planes that are trained on, and those of the validation images."""

    training: training_images.Planes
    validation: training_images.Planes


HERE = Place()


def train(
    config: Config, out: Path, resume: bool = False, place: Place = HERE, minutes: float = math.inf,
    progress: OnProgress = lambda *_: None,
) -> Path:  # fmt: skip
    """Train `config` in the folder `out` and return its checkpoint; stop early after `minutes`.

    With `resume` the run continues from the checkpoint in the folder. On a CPU, on the same machine
    and with the same number of threads, the result is bit for bit that of an uninterrupted run.
    `progress` is called after every step. Raises BadData, BadConfig or TrainingStopped.
    """
    _check(config.train, place)
    torch.set_num_threads(TORCH_THREADS)
    deadline_s = time.monotonic() + 60 * minutes
    settings, threads = config.train, place.threads
    images = _images(config, place, place.cache or out.parent / "cache", progress)
    teacher = teacher_of(config, place.device)
    with _only_run(out):
        state = _start(config, out, images.training, resume, place)
        make_step = _step_maker(state, config, images.training, teacher, place)
        losses, started_s, words = [], time.monotonic(), "steps"
        with TrainingLog(out) as log:
            if not settings.steps:
                log.write({"step": 0, **_finish(state, config, images, threads)})
            while state.step < settings.steps and not _is_over(deadline_s):
                losses.append(make_step())
                state.step += 1
                if state.step % settings.checkpoint_every == 0 or state.step == settings.steps:
                    row = _row(state, losses, time.monotonic() - started_s)
                    losses, started_s = [], time.monotonic()
                    row |= _scores(state, config, images, threads)
                    _save(state, config, out)
                    log.write(row)
                    words = _describe(row)
                progress(words, state.step, settings.steps)
        _check_finite(state, float(torch.stack(losses).mean()) if losses else 0.0)
        _save(state, config, out)
    return out / CHECKPOINT


@contextmanager
def _only_run(out: Path) -> Iterator[None]:
    """Claim the folder of a run. Raises TrainingStopped if another run is working on it."""
    if not distributed.is_first():
        yield
        return
    with atomic_files.claimed(out / CHECKPOINT) as is_mine:
        if not is_mine:
            raise TrainingStopped(
                f"another run is writing {out}, expected one run at a time; wait for it or stop "
                "it, or choose another folder"
            )
        yield


def _is_over(deadline_s: float) -> bool:
    """Whether the time is up; the first process decides for all."""
    return distributed.first_says(time.monotonic() >= deadline_s)


def _images(config: Config, place: Place, cache: Path, progress: OnProgress) -> Images:
    """The training and validation images of a configuration.

    On a GPU, patches are cut at any pixel offset from the planes of one grid.
    """
    scale, settings = config.model.scale, config.train
    if place.device != "cpu":
        settings = replace(settings, grids=1)
    planes = training_images.load(settings, scale, cache, progress, config.degrade, place.threads)
    checked = training_images.load(validation.validation_of(config.train), scale, cache, progress)
    if count := len(planes.skipped):
        progress(f"{count} images are smaller than a patch and are left out", 0, config.train.steps)
    return Images(planes, checked)


def _check(settings: TrainConfig, place: Place) -> None:
    """Raise BadConfig if the device is missing or the processes cannot share a batch equally."""
    on_device.check(place.device)
    processes = distributed.rank_and_count()[1]
    if settings.batch % processes:
        raise BadConfig(
            f"train.batch is {settings.batch} for {processes} processes, expected a multiple of "
            "their number; change one of the two"
        )


def _row(state: State, losses: list[torch.Tensor], seconds: float) -> dict[str, Any]:
    """The log row of the steps since the previous row: mean loss and time.

    Raises TrainingStopped if the loss or a parameter is not finite.
    """
    loss = float(torch.stack(losses).mean())
    _check_finite(state, loss)
    return {"step": state.step, "loss": loss, "seconds": round(seconds, 2)}


def _scores(state: State, config: Config, images: Images, threads: int) -> dict[str, float]:
    """The scores at this step; empty if no validation is due."""
    if state.step == config.train.steps:
        return _finish(state, config, images, threads)
    if state.step % config.train.validate_every:
        return {}
    return validation.scores(state.ema, config, images.validation, threads)


def _finish(state: State, config: Config, images: Images, threads: int) -> dict[str, float]:
    """Remove the mean error of the averaged network at the end of a run; return its scores."""
    find_offset(state.ema, config, images.training, threads)
    return validation.scores(state.ema, config, images.validation, threads)


def _step_maker(
    state: State,
    config: Config,
    planes: training_images.Planes,
    teacher: Network | None,
    place: Place,
) -> MakeStep:
    """The function that makes a step in the place of the run."""
    if place.device == "cpu":
        return partial(host_step, state, config, planes, teacher, place.threads)
    return on_device.Steps(state, config, planes, teacher).next


def teacher_of(config: Config, device: str = "cpu") -> Network | None:
    """The network of the checkpoint `train.teacher`, or None if that is empty.

    Raises BadConfig if it has another scale, or if its features are followed and have another
    shape.
    """
    if not config.train.teacher:
        return None
    teacher, taught = states.average(Path(config.train.teacher))
    if taught.model.scale != config.model.scale:
        raise BadConfig(
            f"train.teacher is {taught.name}, which upscales {taught.model.scale} times, expected "
            f"{config.model.scale}; name another checkpoint"
        )
    ours, theirs = ((model.blocks, model.channels) for model in (config.model, taught.model))
    if config.train.features and ours != theirs:
        raise BadConfig(
            f"train.teacher has {theirs[0]} blocks of {theirs[1]} channels, expected {ours[0]} of "
            f"{ours[1]} to follow its features; set train.features = 0"
        )
    return teacher.to(device)


def _save(state: State, config: Config, out: Path) -> None:
    """Write the checkpoint in the first process; the others wait for it."""
    if distributed.is_first():
        states.save(state, config, out / CHECKPOINT)
    distributed.wait()


def _start(
    config: Config, out: Path, planes: training_images.Planes, resume: bool, place: Place
) -> State:
    """The state from which training continues: that of the checkpoint, or a new one.

    A new run creates its folder. Raises TrainingStopped if the folder already holds a run.
    """
    state = states.new(config, planes.sha256, place.device)
    if distributed.is_first():
        atomic_files.sweep(out)  # removes incomplete files that a killed run left
    if resume:
        states.restore(state, config, out / CHECKPOINT)
        return state
    if (out / CHECKPOINT).exists():
        raise TrainingStopped(
            f"{out} already holds a run, expected an empty or new folder; add --resume to continue "
            "it, or choose another folder"
        )
    distributed.wait()  # until all processes have seen that there is no run
    out.mkdir(parents=True, exist_ok=True)
    about = {"config": config.to_dict(), "commit": commit(), "data_sha256": planes.sha256}
    about |= {"skipped": planes.skipped, "threads": place.threads, "device": place.device}
    (out / "config.json").write_text(json.dumps(about, indent=2) + "\n")
    return state


def _check_finite(state: State, loss: float) -> None:
    """Raise TrainingStopped if the loss or a parameter is NaN or infinite.

    Parameters are checked too, because a NaN among them disappears in the uint8 signals of the
    native library and need not reach the loss.
    """
    if not math.isfinite(loss) or not all(p.isfinite().all() for p in state.network.parameters()):
        raise TrainingStopped(
            f"the loss or a parameter is not finite at step {state.step}, expected finite numbers; "
            "try a smaller train.learning_rate"
        )


def _describe(row: dict[str, Any]) -> str:
    """The words of the progress line for a row of the log."""
    score = f", {row['psnr_db']:.3f} dB" if "psnr_db" in row else ""
    return f"steps, loss {row['loss']:.3e}{score}"
