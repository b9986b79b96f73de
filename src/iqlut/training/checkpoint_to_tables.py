"""Conversion of a checkpoint to integer tables that record how they were trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from iqlut.network.convert_to_tables import convert
from iqlut.provenance import commit
from iqlut.tables.integer_tables import Tables
from iqlut.tables.restoration_tables import RestorationTables
from iqlut.training import checkpoint as states


@dataclass(frozen=True, eq=False)
class Converted:
    """The tables of a checkpoint.

    `unfinished` is empty for a finished run, and otherwise says how far it got: "138 of 3000".
    """

    tables: Tables | RestorationTables
    unfinished: str


def tables_of(path: Path) -> Tables | RestorationTables:
    """The integer tables of the checkpoint at `path`.

    Raises TrainingStopped if it cannot be read, and CannotConvert or IllegalTables if the network
    cannot be expressed as tables.
    """
    return converted(path).tables


def converted(path: Path) -> Converted:
    """The integer tables of the checkpoint at `path`, and whether its run was finished."""
    saved = states.read(path)
    network, config = states.averaged_network(saved)
    step, steps = saved["step"], config.train.steps
    unfinished = f"{step} of {steps}" if step < steps else ""
    about = {
        "config": config.to_dict(),
        "step": step,
        "seed": config.train.seed,
        "data_sha256": saved["data_sha256"],
        "commit": commit(),
        "licence": "Apache-2.0",
        "purpose": config.purpose,
    }
    if unfinished:
        about["steps"] = unfinished
    return Converted(convert(network, config, about), unfinished)
