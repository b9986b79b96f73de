"""The training loop: one function, readable top to bottom. A run is a folder:

config.json       what it is: configuration, commit, hash of the data, seed, threads
checkpoint.pt     the newest state, written to a temporary name and renamed
log.jsonl         one line each time something was measured
"""

from __future__ import annotations

import copy
import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from iqlut import config as configuration
from iqlut.config import Config, TrainConfig
from iqlut.metrics import psnr
from iqlut.model.network import Network
from iqlut.model.quantiser import CENTRE
from iqlut.provenance import commit
from iqlut.train import data
from iqlut.train.loss import LOSSES

Progress = Callable[[str, int, int], None]  # what, done, total


class TrainingStopped(RuntimeError):
    """Training cannot go on; the last good checkpoint is kept. The message is one sentence."""


@dataclass
class State:
    """All that decides the next step."""

    network: Network
    ema: Network
    optimiser: torch.optim.Optimizer
    step: int = 0
    data_sha256: str = ""


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
    settings = config.train
    planes = data.load(settings, config.model.scale, out.parent / "cache", progress)
    validation = data.load(_validation(settings), config.model.scale, out.parent / "cache", progress)
    state = _start(config, out, planes, resume, threads)
    log = (out / "log.jsonl").open("a", encoding="utf-8")
    losses, started = [], time.monotonic()
    with log:
        while state.step < settings.steps and time.monotonic() < deadline:
            losses.append(_step(state, config, planes, threads))
            state.step += 1
            if state.step % settings.checkpoint_every == 0 or state.step == settings.steps:
                row: dict[str, Any] = {"step": state.step, "loss": float(torch.stack(losses).mean())}
                row["seconds"] = round(time.monotonic() - started, 2)
                losses, started = [], time.monotonic()
                _check_finite(state, row["loss"])
                if state.step % settings.validate_every == 0 or state.step == settings.steps:
                    row["psnr_db"] = validate(state.ema, validation, threads)
                save(state, config, out)
                log.write(json.dumps(row) + "\n")
                log.flush()
                progress(_describe(row), state.step, settings.steps)
    save(state, config, out)
    return out / "checkpoint.pt"


def _step(state: State, config: Config, planes: data.Planes, threads: int) -> torch.Tensor:
    settings = config.train
    lr, hr = planes.patches(settings.seed, state.step, settings.batch, settings.patch)
    luma, truth = torch.from_numpy(lr), torch.from_numpy(hr)
    wanted = (truth.float() - CENTRE) / CENTRE - state.network.base(luma)
    loss = LOSSES[settings.loss](state.network(luma, threads=threads) - wanted)
    loss.backward()
    for group in state.optimiser.param_groups:
        group["lr"] = learning_rate(settings, state.step)
    state.optimiser.step()
    state.optimiser.zero_grad(set_to_none=True)
    _average(state, settings.ema)
    return loss.detach()


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


def _validation(settings: TrainConfig) -> TrainConfig:
    return TrainConfig(data=settings.validation, patch=1)


def _start(config: Config, out: Path, planes: data.Planes, resume: bool, threads: int) -> State:
    """The state to go on from: the checkpoint's, or a new one in a new folder."""
    torch.manual_seed(config.train.seed)
    network = Network(config.model)
    optimiser = torch.optim.Adam(
        network.parameters(), config.train.learning_rate, (0.9, config.train.beta2), fused=True
    )
    state = State(network, copy.deepcopy(network).requires_grad_(False), optimiser, data_sha256=planes.sha256)
    if resume:
        return _restore(state, config, out)
    if (out / "checkpoint.pt").exists():
        raise TrainingStopped(f"{out} already holds a run; add --resume to go on, or choose another folder")
    out.mkdir(parents=True, exist_ok=True)
    about = {"config": config.to_dict(), "commit": commit(), "data_sha256": planes.sha256}
    about |= {"skipped": planes.skipped, "threads": threads}
    (out / "config.json").write_text(json.dumps(about, indent=2) + "\n")
    return state


def _restore(state: State, config: Config, out: Path) -> State:
    saved = read_checkpoint(out / "checkpoint.pt")
    if configuration.from_dict(saved["config"]) != config:
        raise TrainingStopped(f"{out} was trained with another configuration; choose another folder, or drop --resume")
    state.network.load_state_dict(saved["network"])
    state.ema.load_state_dict(saved["ema"])
    state.optimiser.load_state_dict(saved["optimiser"])
    state.step = saved["step"]
    return state


def save(state: State, config: Config, out: Path) -> None:
    """The checkpoint of `state`, whole or not at all."""
    part = out / f"checkpoint.{os.getpid()}.part"
    saved = {
        "config": config.to_dict(),
        "step": state.step,
        "data_sha256": state.data_sha256,
        "network": state.network.state_dict(),
        "ema": state.ema.state_dict(),
        "optimiser": state.optimiser.state_dict(),
    }
    try:
        torch.save(saved, part)
        part.replace(out / "checkpoint.pt")
    finally:
        part.unlink(missing_ok=True)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint's values, read without executing anything in it; TrainingStopped where it is none."""
    if not path.is_file():
        raise TrainingStopped(f"{path} is not there; wanted a checkpoint made by `iqlut train`")
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        configuration.from_dict(saved["config"])
    except Exception as error:  # torch raises many kinds for a damaged file
        raise TrainingStopped(f"{path} is no whole checkpoint of `iqlut train` ({type(error).__name__})") from None
    return saved


def _describe(row: dict[str, Any]) -> str:
    score = f", {row['psnr_db']:.3f} dB" if "psnr_db" in row else ""
    return f"loss {row['loss']:.3e}{score}"
