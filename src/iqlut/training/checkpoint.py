"""What a run is between two steps, and its checkpoint: written to a temporary name and renamed."""

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
    """All that decides the next step. `ema` is the moving average of `network`: what is converted and scored."""

    network: Network
    ema: Network
    optimiser: torch.optim.Optimizer
    step: int = 0
    data_sha256: str = ""


def new(config: Config, data_sha256: str, device: str = "cpu") -> State:
    """The state before the first step; with `train.start`, from the entries, knots and gates of that checkpoint."""
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
    """Adam, with a group for each rate that there is: `part` of the step's."""
    upsampler = set(network.tables[-1].parameters())
    groups: dict[float, list[torch.nn.Parameter]] = {}
    for parameter in network.parameters():
        groups.setdefault(settings.upsample_rate if parameter in upsampler else 1.0, []).append(
            parameter
        )
    rates = [{"params": parameters, "part": part} for part, parameters in groups.items()]
    return torch.optim.Adam(rates, settings.learning_rate, (0.9, settings.beta2), fused=True)


def restore(state: State, config: Config, path: Path) -> None:
    """The state of the checkpoint at `path`, of the same configuration."""
    saved = read(path)
    if configuration.from_dict(saved["config"]) != config:
        raise TrainingStopped(
            f"{path.parent} was trained with another configuration; choose another folder, or drop --resume"
        )
    state.network.load_state_dict(saved["network"])
    state.ema.load_state_dict(saved["ema"])
    state.optimiser.load_state_dict(saved["optimiser"])
    state.step = saved["step"]


def save(state: State, config: Config, path: Path) -> None:
    """The checkpoint of `state`, whole or not at all; where there is no room the one before is kept."""
    saved = {
        "config": config.to_dict(),
        "step": state.step,
        "data_sha256": state.data_sha256,
        "network": state.network.state_dict(),
        "ema": state.ema.state_dict(),
        "optimiser": state.optimiser.state_dict(),
    }
    whole = io.BytesIO()  # torch's own errors about a full disk say nothing
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
    """What is said where a file of a run has no room, or its folder is gone."""
    return TrainingStopped(
        f"{path} cannot be written ({error.strerror or error}); the checkpoint before it, if there is one, "
        "is kept: make room, then go on with --resume"
    )


def read(path: Path) -> dict[str, Any]:
    """A checkpoint's values, read without executing anything in it; TrainingStopped where it is none."""
    if not path.is_file():
        raise TrainingStopped(f"{path} is not there; expected a checkpoint made by `iqlut train`")
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        config = configuration.from_dict(saved["config"])
        _ = [saved[name] for name in ("step", "data_sha256")]
        for part in (
            "network",
            "ema",
        ):  # what the first checkpoints lack: offsets, and rates of their own
            saved[part].setdefault("offset", torch.zeros(config.model.scale**2))
        for group in saved["optimiser"]["param_groups"]:
            group.setdefault("part", 1.0)
    except Exception as error:  # torch raises many kinds for a damaged file
        raise TrainingStopped(
            f"{path} is no whole checkpoint of `iqlut train` ({type(error).__name__})"
        ) from None
    return saved


def average(path: Path) -> tuple[Network, Config]:
    """The averaged network of the checkpoint at `path`, and its configuration."""
    saved = read(path)
    config = configuration.from_dict(saved["config"])
    network = Network(config.model)
    network.load_state_dict(saved["ema"])
    return network.eval().requires_grad_(False), config
