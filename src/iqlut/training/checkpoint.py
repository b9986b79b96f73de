"""The training state between two steps, and its checkpoint: written under a temporary name, then
renamed.

A checkpoint that is kept holds the averaged network only: enough to start another run and to
convert.
"""

from __future__ import annotations

import copy
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from iqlut import atomic_files
from iqlut.errors import TrainingStopped
from iqlut.network import configuration
from iqlut.network.configuration import Config, TrainConfig
from iqlut.network.network import Network
from iqlut.network.start_from import start_from


@dataclass
class State:
    """Everything that decides the next step. `ema` is the moving average of `network`, which is
    scored and converted.
    """

    network: Network
    ema: Network
    optimiser: torch.optim.Optimizer
    step: int = 0
    data_sha256: str = ""


def new(config: Config, data_sha256: str, device: str = "cpu") -> State:
    """The state before the first step, with the entries, knots and gates of the checkpoint
    `train.start` if it is set.
    """
    torch.manual_seed(config.train.seed)
    network = Network(config.model)
    if config.train.start:
        start_from(network, average(Path(config.train.start))[0])
    network.to(device)
    optimiser = _adam(network, config.train)
    return State(
        network, copy.deepcopy(network).requires_grad_(False), optimiser, data_sha256=data_sha256
    )


def _adam(network: Network, settings: TrainConfig) -> torch.optim.Optimizer:
    """Adam with a group of parameters for each learning-rate multiplier; checkpoints call that
    multiplier `part`.
    """
    upsampler = set(network.tables[-1].parameters())
    groups: dict[float, list[torch.nn.Parameter]] = {}
    for parameter in network.parameters():
        multiplier = settings.upsample_rate if parameter in upsampler else 1.0
        groups.setdefault(multiplier, []).append(parameter)
    rates = [{"params": owned, "part": multiplier} for multiplier, owned in groups.items()]
    return torch.optim.Adam(rates, settings.learning_rate, (0.9, settings.beta2), fused=True)


def restore(state: State, config: Config, path: Path) -> None:
    """Fill `state` from the checkpoint at `path`; TrainingStopped if it belongs to another
    configuration.
    """
    saved = read(path)
    if not {"network", "optimiser"} <= saved.keys():
        raise TrainingStopped(
            f"{path} is no whole checkpoint of `iqlut train`: it holds an averaged network only; "
            "name it in train.start"
        )
    if configuration.from_dict(saved["config"]) != config:
        raise TrainingStopped(
            f"{path.parent} was trained with another configuration, expected the same; choose "
            "another folder, or drop "
            "--resume"
        )
    state.network.load_state_dict(saved["network"])
    state.ema.load_state_dict(saved["ema"])
    state.optimiser.load_state_dict(saved["optimiser"])
    state.step = saved["step"]


def save(state: State, config: Config, path: Path) -> None:
    """Write the checkpoint of `state`, completely or not at all; without room the one before is
    kept.
    """
    saved = {
        "config": config.to_dict(),
        "step": state.step,
        "data_sha256": state.data_sha256,
        "network": state.network.state_dict(),
        "ema": state.ema.state_dict(),
        "optimiser": state.optimiser.state_dict(),
    }
    whole = io.BytesIO()  # torch's own errors about a full disk do not name the cause
    torch.save(saved, whole)

    def fill(file: io.BufferedIOBase) -> None:
        file.write(whole.getbuffer())
        file.flush()
        os.fsync(file.fileno())

    try:
        atomic_files.write_atomically(path, fill)
    except OSError as error:
        raise cannot_write(path, error) from None


def cannot_write(path: Path, error: OSError) -> TrainingStopped:
    """The error for a file of a run that has no room, or whose folder is gone."""
    return TrainingStopped(
        f"{path} cannot be written ({error.strerror or error}); the checkpoint before it, if "
        "there is one, "
        "is kept: make room, then go on with --resume"
    )


def read(path: Path) -> dict[str, Any]:
    """The values of a checkpoint, read without executing anything in it; TrainingStopped where
    there are none.
    """
    if not path.is_file():
        raise TrainingStopped(
            f"{path} is not there, expected a checkpoint; make one with `iqlut train`"
        )
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        config = configuration.from_dict(saved["config"])
        _ = [saved[name] for name in ("step", "data_sha256", "ema")]
        # the oldest checkpoints have no offsets, and no learning-rate multipliers
        for name in {"network", "ema"} & saved.keys():
            saved[name].setdefault("offset", torch.zeros(config.model.scale**2))
        for group in saved.get("optimiser", {}).get("param_groups", ()):
            group.setdefault("part", 1.0)
    except Exception as error:  # torch raises many kinds for a damaged file
        raise TrainingStopped(
            f"{path} is no whole checkpoint of `iqlut train` ({type(error).__name__}); take an "
            "earlier one"
        ) from None
    return saved


def averaged_only(saved: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a checkpoint: enough to start another run and to convert, not to resume."""
    return {name: saved[name] for name in ("config", "step", "data_sha256", "ema")}


def progress_of(path: Path) -> tuple[int, int]:
    """The step of the checkpoint at `path`, and the steps of a whole run of its configuration."""
    saved = read(path)
    return saved["step"], saved["config"]["train"]["steps"]


def average(path: Path) -> tuple[Network, Config]:
    """The averaged network of the checkpoint at `path`, and its configuration."""
    return averaged_network(read(path))


def averaged_network(saved: dict[str, Any]) -> tuple[Network, Config]:
    """The averaged network of a checkpoint's values, and its configuration."""
    config = configuration.from_dict(saved["config"])
    network = Network(config.model)
    network.load_state_dict(saved["ema"])
    return network.eval().requires_grad_(False), config
