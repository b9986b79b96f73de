"""A checkpoint to integer tables that say where they come from."""

from __future__ import annotations

from pathlib import Path

from iqlut import config as configuration
from iqlut.model.convert import convert
from iqlut.model.network import Network
from iqlut.provenance import commit
from iqlut.tables import Tables
from iqlut.train.loop import read_checkpoint


def network_of(path: Path) -> tuple[Network, configuration.Config]:
    """The averaged network in the checkpoint at `path`, and its configuration."""
    saved = read_checkpoint(path)
    config = configuration.from_dict(saved["config"])
    network = Network(config.model)
    network.load_state_dict(saved["ema"])
    return network.eval().requires_grad_(False), config


def tables_of(path: Path) -> Tables:
    """The integer tables of the checkpoint at `path`; TrainingStopped or CannotConvert say in a sentence why not."""
    saved = read_checkpoint(path)
    network, config = network_of(path)
    about = {
        "config": config.to_dict(),
        "step": saved["step"],
        "seed": config.train.seed,
        "data_sha256": saved["data_sha256"],
        "commit": commit(),
        "licence": "Apache-2.0",
    }
    return convert(network, config, about)
