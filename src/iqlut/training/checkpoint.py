"""The training state between two steps, and its checkpoint.

A checkpoint is written under a temporary name and then renamed, so that the file is complete at any
time. One that is kept permanently holds only the averaged network, which suffices to start another
run and to convert.
"""

from __future__ import annotations

import copy
import io
import os
import zipfile
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
from iqlut.path_states import exists, is_file

_FILE_BYTES_MAX = 1 << 30  # of a checkpoint, also when its archive is unpacked


@dataclass
class State:
    """Everything that decides the next step.

    `ema` is the moving average of `network`; it is what is scored and converted.
    """

    network: Network
    ema: Network
    optimiser: torch.optim.Optimizer
    step: int = 0
    data_sha256: str = ""


def new(config: Config, data_sha256: str, device: str = "cpu") -> State:
    """The state before the first step.

    If `train.start` is set, entries, knots and gates are taken from that checkpoint.
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
    """The optimiser Adam, with a parameter group for each learning-rate multiplier.

    Groups, and therefore checkpoints, store the multiplier under the name `part`.
    """
    upsampler = set(network.tables[-1].parameters())
    groups: dict[float, list[torch.nn.Parameter]] = {}
    for parameter in network.parameters():
        multiplier = settings.upsample_rate if parameter in upsampler else 1.0
        groups.setdefault(multiplier, []).append(parameter)
    rates = [{"params": owned, "part": multiplier} for multiplier, owned in groups.items()]
    return torch.optim.Adam(rates, settings.learning_rate, (0.9, settings.beta2), fused=True)


def restore(state: State, config: Config, path: Path) -> None:
    """Fill `state` from the checkpoint at `path`.

    Raises TrainingStopped if the checkpoint belongs to another configuration or cannot be resumed.
    """
    saved = read(path)
    if not {"network", "optimiser"} <= saved.keys():
        raise TrainingStopped(
            f"{path} is not a complete checkpoint, because it contains only an averaged network, "
            "expected a training state to resume; name the file in train.start instead"
        )
    if configuration.from_dict(saved["config"]) != config:
        raise TrainingStopped(
            f"{path.parent} was trained with another configuration, expected the same; choose "
            "another folder, or leave --resume out"
        )
    state.network.load_state_dict(saved["network"])
    state.ema.load_state_dict(saved["ema"])
    state.optimiser.load_state_dict(saved["optimiser"])
    state.step = saved["step"]


def save(state: State, config: Config, path: Path) -> None:
    """Write the checkpoint of `state` completely or not at all.

    Raises TrainingStopped if it cannot be written; the previous checkpoint is then kept.
    """
    saved = {
        "config": config.to_dict(),
        "step": state.step,
        "data_sha256": state.data_sha256,
        "network": state.network.state_dict(),
        "ema": state.ema.state_dict(),
        "optimiser": state.optimiser.state_dict(),
    }
    # serialised in memory first, because torch's errors about a full disk do not name the cause
    whole = io.BytesIO()
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
    """The error for a file of a run that cannot be written, for example on a full disk."""
    return TrainingStopped(
        f"{path} cannot be written ({error.strerror or error}), expected free space in its folder; "
        "make room, then continue with --resume from the last checkpoint, "
        "which is kept if there is one"
    )


def read(path: Path) -> dict[str, Any]:
    """Read the values of a checkpoint, without executing code that the file may contain.

    Raises TrainingStopped if there is no file, or no complete checkpoint in it.
    """
    if not is_file(path):
        found = "is not a file" if exists(path) else "does not exist"
        raise TrainingStopped(
            f"{path} {found}, expected a checkpoint; create one with `iqlut train`"
        )
    try:
        _check_size(path)
        saved = torch.load(path, map_location="cpu", weights_only=True)
        config = configuration.from_dict(saved["config"])
        if type(saved["step"]) is not int or not isinstance(saved["data_sha256"], str):
            raise TypeError("step and data_sha256")
        _ = saved["ema"]
        # the oldest checkpoints have neither offsets nor learning-rate multipliers
        for name in {"network", "ema"} & saved.keys():
            saved[name].setdefault("offset", torch.zeros(config.model.scale**2))
        for group in saved.get("optimiser", {}).get("param_groups", ()):
            group.setdefault("part", 1.0)
    except Exception as error:  # torch raises many kinds of exception for a damaged file
        raise TrainingStopped(
            f"{path} is not a complete checkpoint ({type(error).__name__}), expected one that "
            "`iqlut train` wrote; use an earlier checkpoint"
        ) from None
    return saved


def _check_size(path: Path) -> None:
    """Raise ValueError for a checkpoint that is larger than any network needs, packed or not."""
    sizes = [path.stat().st_size]
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            sizes.append(sum(member.file_size for member in archive.infolist()))
    if max(sizes) > _FILE_BYTES_MAX:
        raise ValueError(f"{max(sizes)} bytes")


def averaged_only(saved: dict[str, Any]) -> dict[str, Any]:
    """The values of a checkpoint that are kept permanently.

    They suffice to start another run and to convert, but not to resume the run.
    """
    return {name: saved[name] for name in ("config", "step", "data_sha256", "ema")}


def progress_of(path: Path) -> tuple[int, int]:
    """The step of the checkpoint at `path`, and the number of steps of a complete run."""
    saved = read(path)
    return saved["step"], saved["config"]["train"]["steps"]


def average(path: Path) -> tuple[Network, Config]:
    """The averaged network of the checkpoint at `path`, and its configuration."""
    return averaged_network(read(path))


def averaged_network(saved: dict[str, Any]) -> tuple[Network, Config]:
    """The averaged network of a checkpoint's values, and its configuration."""
    config = configuration.from_dict(saved["config"])
    network = Network(config.model)
    try:
        network.load_state_dict(saved["ema"])
    except (RuntimeError, TypeError, AttributeError, ValueError):  # other tensors, or none
        raise TrainingStopped(
            "the averaged network of the checkpoint does not have the shape that its configuration "
            "describes, expected tensors of that shape; use an earlier checkpoint"
        ) from None
    return network.eval().requires_grad_(False), config
