"""Runs a short training that differs from its group in a few values, and keeps its score in
results/trials.json.

    python -m scripts.measure.training_trials GROUP NAME [section.field=value ...]

All trials of a group see the same patches in the same order for the same number of steps, and are
scored on the validation set. They rank recipes and shapes; they do not say how good a model
becomes. The groups are

    recipe    4000 steps of 4 patches of 48x48 from random weights, shown in docs/training.md
    loss      2000 steps of 8 patches, continued from l8c8-x4-first at rate 1e-3; shown there too
    shape     as recipe, shown in docs/frontier.md
    taps      4000 steps of 16 patches of 24x24 from random weights, shown in docs/frontier.md; they
              are scored on drawings, text and buildings as well (`structure_set`), and their tables
              are kept in runs/trials for `scripts.measure.shape_times`
"""

from __future__ import annotations

import ast
import json
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from iqlut.evaluation import scores
from iqlut.network import configuration
from iqlut.network.network import layer_shapes
from iqlut.network.stored_entries import places_of
from iqlut.tables import shipped_models
from scripts.measure import structure_set
from scripts.shared import result_files
from scripts.shared.result_files import ROOT, Row

NAME = "trials"
GROUPS = ("recipe", "loss", "shape", "taps")
MODEL = {"gate": "channel", "knot_a": [0.5], "knot_b": [0.65]}
TRAIN = {
    **{
        "exclude": ["6fda61f9de1a", "96942fd11724"],
        "steps": 4000,
        "batch": 4,
        "patch": 48,
        "ema": 0.998,
    },
    **{"loss": "charbonnier", "learning_rate": 5e-3, "beta2": 0.99, "validate_every": 10**6},
}
TAPS = {
    **{"exclude": [*TRAIN["exclude"], *structure_set.LEFT_OUT]},  # type: ignore[misc]
    **{"batch": 16, "patch": 24, "margin": 2, "ema": 0.999},
}
FINE = {"start": "checkpoints/l8c8-x4-first.pt", "steps": 2000, "batch": 8, "learning_rate": 1e-3}


def main(group: str, name: str, changes: list[str]) -> None:
    """Train and score one trial, and write its row."""
    from iqlut.training import checkpoint_to_tables, loop

    measured_from = result_files.origin()
    config = config_of(group, name, changes)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cache").symlink_to(_image_cache())
        checkpoint = loop.train(config, Path(folder) / "run")
        last = json.loads((Path(folder) / "run/log.jsonl").read_text().splitlines()[-1])
        kept = {}
        if group == "taps":
            tables = checkpoint_to_tables.tables_of(checkpoint)
            images = structure_set.link(Path(config.train.data), Path(folder) / "structure")
            score = scores.evaluate(tables, images, tables.scale, scores.How(threads=1))
            kept = {"structure_db": round(score.psnr_db, 4), "tables_sha256": tables.sha256}
            place = tables_path(tables.sha256)
            place.parent.mkdir(parents=True, exist_ok=True)
            shipped_models.save(tables, place)
    seen = config.train.steps * config.train.batch * config.train.patch**2
    row = {
        "group": group,
        "trial": name,
        "changes": " ".join(changes),
        "psnr_db": round(last["psnr_db"], 4),
        **kept,
        "table_bytes": table_bytes(config.model),
        "megapixels": round(seen / 1e6, 1),
        "seconds": round(time.monotonic() - started),
        "config_sha256": result_files.configuration_sha256(config),
        "origin": measured_from,
    }
    others = [one for one in read() if (one["group"], one["trial"]) != (group, name)]
    result_files.write_rows(result_files.RESULTS / f"{NAME}.json", [*others, row])
    print(json.dumps(row))


def config_of(group: str, name: str, changes: Sequence[str]) -> configuration.Config:
    """Return the configuration of a group with some values changed, each written
    `section.field=value`.
    """
    values: dict[str, Any] = {
        "name": name,
        "model": {**MODEL},
        "train": TRAIN | {"loss": FINE, "taps": TAPS}.get(group, {}),
    }
    for change in changes:
        key, value = change.split("=", 1)
        section, field = key.split(".")
        values[section][field] = literal(value)
    return configuration.from_dict(values)


def tables_path(tables_sha256: str) -> Path:
    """Return where the tables of a trial are kept."""
    return ROOT / "runs" / "trials" / f"{tables_sha256[:12]}.iqlut"


def split_changes(changes: str) -> list[str]:
    """Split the `changes` of a row; values may contain spaces."""
    return re.split(r" (?=\w+\.\w+=)", changes) if changes else []


def expected_sha256(row: Row) -> str:
    """Return the checksum that the configuration of a row has today."""
    config = config_of(row["group"], row["trial"], split_changes(row["changes"]))
    return result_files.configuration_sha256(config)


def table_bytes(model: configuration.ModelConfig) -> int:
    """Return the number of stored table entries, one byte each; missing taps are not stored."""
    total, taps = 0, zip(model.layer_spatial_channels, model.layer_has_lines, strict=True)
    for index, (shape, (few, lines)) in enumerate(zip(layer_shapes(model), taps, strict=True)):
        places = places_of(shape, few, model.group, index == model.blocks, lines)
        mask = places.get("mask", np.ones(1))
        total += int(np.broadcast_to(mask, shape).sum())
    return total


def literal(text: str) -> Any:
    """Return a number, list or boolean written as in Python; anything else is a string."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def read() -> list[Row]:
    """Return the rows of results/trials.json."""
    return result_files.load_rows(NAME)


def _image_cache() -> Path:
    """Return the folder of decoded training images, which all runs share."""
    folder = ROOT / "runs" / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in GROUPS:
        sys.exit(f"expected a group ({', '.join(GROUPS)}), a name and changes; got {sys.argv[1:]}")
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
