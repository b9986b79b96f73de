"""A checkpoint to integer tables that say where they come from."""

from __future__ import annotations

from pathlib import Path

from iqlut.network.convert_to_tables import convert
from iqlut.provenance import commit
from iqlut.tables.integer_tables import Tables
from iqlut.tables.restoration_tables import RestorationTables
from iqlut.training import checkpoint as states


def tables_of(path: Path) -> Tables | RestorationTables:
    """The integer tables of the checkpoint at `path`; TrainingStopped or CannotConvert say in a sentence why not."""
    saved = states.read(path)
    network, config = states.average(path)
    about = {
        "config": config.to_dict(),
        "step": saved["step"],
        "seed": config.train.seed,
        "data_sha256": saved["data_sha256"],
        "commit": commit(),
        "licence": "Apache-2.0",
        "purpose": config.purpose,
    }
    return convert(network, config, about)
