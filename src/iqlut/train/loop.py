"""The training loop: one function, readable top to bottom. A run is a folder:

config.json       what it is: configuration, commit, hash of the data, seed, threads
checkpoint.pt     the newest state, whole at any time
log.jsonl         one line each time something was measured; the same for TensorBoard beside it
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from iqlut import files
from iqlut.config import BadConfig, Config, TrainConfig
from iqlut.metrics import psnr
from iqlut.model.network import Network
from iqlut.model.quantiser import CENTRE
from iqlut.provenance import commit
from iqlut.train import data, processes
from iqlut.train import state as states
from iqlut.train.loss import LOSSES
from iqlut.train.state import State, TrainingStopped

CHECKPOINT = "checkpoint.pt"

Progress = Callable[[str, int, int], None]  # what, done, total


def train(
    config: Config, out: Path, resume: bool = False, threads: int = 1, minutes: float = math.inf,
    progress: Progress = lambda *_: None,
) -> Path:  # fmt: skip
    """Trains `config` into the folder `out` and returns its checkpoint; stops early after `minutes`.

    `resume` goes on from the folder's checkpoint, bit for bit as if there had been no pause (on the
    same machine with the same number of threads). BadData, BadConfig and TrainingStopped say in a
    sentence what is wrong.
    """
    torch.set_num_threads(threads)
    deadline = time.monotonic() + 60 * minutes
    settings, cache = config.train, out.parent / "cache"
    if settings.batch % processes.part()[1]:
        raise BadConfig(f"a batch of {settings.batch} cannot be shared by {processes.part()[1]} processes")
    planes = data.load(settings, config.model.scale, cache, progress)
    validation = data.load(_validation(settings), config.model.scale, cache, progress)
    teacher = teacher_of(config)
    state = _start(config, out, planes, resume, threads)
    if planes.skipped:
        count = len(planes.skipped)
        progress(f"{count} images are smaller than a patch and left out", state.step, settings.steps)
    losses, started = [], time.monotonic()
    with Log(out) as log:
        while state.step < settings.steps and not processes.first_says(time.monotonic() >= deadline):
            losses.append(_step(state, config, planes, teacher, threads))
            state.step += 1
            if state.step % settings.checkpoint_every == 0 or state.step == settings.steps:
                row: dict[str, Any] = {"step": state.step, "loss": float(torch.stack(losses).mean())}
                row["seconds"] = round(time.monotonic() - started, 2)
                losses, started = [], time.monotonic()
                _check_finite(state, row["loss"])
                if state.step % settings.validate_every == 0 or state.step == settings.steps:
                    row["psnr_db"] = validate(state.ema, validation, threads)
                _save(state, config, out)
                log.write(row)
                progress(_describe(row), state.step, settings.steps)
    _check_finite(state, float(torch.stack(losses).mean()) if losses else 0.0)
    _save(state, config, out)
    return out / CHECKPOINT


def _validation(settings: TrainConfig) -> TrainConfig:
    return TrainConfig(data=settings.validation, validation=settings.validation, patch=1)


def teacher_of(config: Config) -> Network | None:
    """The network that is followed too, if there is one; it must enlarge as much."""
    if not config.train.teacher:
        return None
    teacher, its = states.average(Path(config.train.teacher))
    if its.model.scale != config.model.scale:
        raise BadConfig(
            f"train.teacher is {its.name}, which enlarges {its.model.scale} times, wanted {config.model.scale}"
        )
    return teacher


def _save(state: State, config: Config, out: Path) -> None:
    if processes.is_first():
        states.save(state, config, out / CHECKPOINT)
    processes.wait()


def _start(config: Config, out: Path, planes: data.Planes, resume: bool, threads: int) -> State:
    """The state to go on from: the checkpoint's, or a new one in a new folder."""
    state = states.new(config, planes.sha256)
    if processes.is_first():
        files.sweep(out)  # what a killed run left half written
    if resume:
        states.restore(state, config, out / CHECKPOINT)
        return state
    if (out / CHECKPOINT).exists():
        raise TrainingStopped(f"{out} already holds a run; add --resume to go on, or choose another folder")
    processes.wait()  # until all have seen that there is no run
    out.mkdir(parents=True, exist_ok=True)
    about = {"config": config.to_dict(), "commit": commit(), "data_sha256": planes.sha256}
    about |= {"skipped": planes.skipped, "threads": threads}
    (out / "config.json").write_text(json.dumps(about, indent=2) + "\n")
    return state


def _step(
    state: State, config: Config, planes: data.Planes, teacher: Network | None, threads: int
) -> torch.Tensor:  # fmt: skip
    """One step; the loss of the pixels, and of the distance to the teacher's pixels (IQ-LUT, stage 2)."""
    settings = config.train
    lr, hr = planes.patches(settings.seed, state.step, settings.batch, settings.patch, processes.part())
    luma, truth = torch.from_numpy(lr), torch.from_numpy(hr)
    wanted = (truth.float() - CENTRE) / CENTRE - state.network.base(luma)
    residual, distance = state.network(luma, threads=threads), LOSSES[settings.loss]
    loss = distance(residual - wanted)
    if teacher is not None:
        with torch.no_grad():
            taught = teacher(luma, threads=threads)
        loss = loss + settings.distillation * distance(residual - taught)
    loss.backward()
    mean = loss.detach().clone()
    processes.average([*(parameter.grad for parameter in state.network.parameters()), mean])
    for group in state.optimiser.param_groups:
        group["lr"] = learning_rate(settings, state.step)
    state.optimiser.step()
    state.optimiser.zero_grad(set_to_none=True)
    _average(state, settings.ema)
    return mean


def _check_finite(state: State, loss: float) -> None:
    """The kernel's uint8 signals hide a NaN, so the parameters are looked at too."""
    if not math.isfinite(loss) or not all(p.isfinite().all() for p in state.network.parameters()):
        raise TrainingStopped(f"the loss or a parameter is no number at step {state.step}; try a smaller learning_rate")


@torch.no_grad()
def _average(state: State, ema: float) -> None:
    """The moving average of the parameters; shorter at the start, so that it forgets the beginning."""
    keep = min(ema, (1 + state.step) / (10 + state.step))
    for mean, new in zip(state.ema.parameters(), state.network.parameters(), strict=True):
        mean.lerp_(new, 1 - keep)


def learning_rate(settings: TrainConfig, step: int) -> float:
    """The rate of a step."""
    done = step / settings.steps
    if settings.schedule == "paper":  # halved at 200, 400, 600 and 800 thousand of 1e6 steps
        return settings.learning_rate * 0.5 ** math.floor(done * 5 + 1e-9)
    if done < settings.warmup:
        return settings.learning_rate * (step + 1) / (settings.warmup * settings.steps + 1)
    rest = (done - settings.warmup) / (1 - settings.warmup)
    if settings.schedule == "linear":
        return settings.learning_rate * (1 - rest)
    return settings.learning_rate * (0.5 + 0.5 * math.cos(math.pi * rest))


@torch.no_grad()
def validate(network: Network, planes: data.Planes, threads: int = 1) -> float:
    """Mean PSNR in dB of the rounded network over whole planes, `scale` pixels shaved."""
    scores, r = [], planes.scale
    for index in range(len(planes.sizes)):
        lr, hr = planes.pair(index)
        luma = torch.from_numpy(np.array(lr)).unsqueeze(0)
        phases = network.base(luma) + network(luma, threads=threads)
        plane = (phases * CENTRE + CENTRE + 0.5).floor().clamp(0, 255)[0].view(*lr.shape, r, r)
        sr = plane.permute(0, 2, 1, 3).reshape(hr.shape).numpy()
        scores.append(psnr(sr, hr, shave_px=r))
    return float(np.mean(scores))


def _describe(row: dict[str, Any]) -> str:
    score = f", {row['psnr_db']:.3f} dB" if "psnr_db" in row else ""
    return f"loss {row['loss']:.3e}{score}"


class Log:
    """The rows of a run, as JSON lines and for TensorBoard; only the first process writes them."""

    def __init__(self, out: Path) -> None:
        self._lines = self._board = None
        if processes.is_first():
            from torch.utils.tensorboard import SummaryWriter  # slow to import, and only needed here

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
