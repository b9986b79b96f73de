"""Reads and writes results/*.json, and states in each file where its numbers come from.

Two forms exist. A file that one command measures at once is `{"meta": {...}, "rows": [...]}` with a
single origin; a file whose rows are measured one at a time is a list, and each row has an origin of
its own. An origin is

    commit       of the source, with "-dirty" where tracked files had been changed
    arithmetic   `iqlut.arithmetic.VERSION`, which `Tables.sha256` does not cover
    cpu          name, family and model of the processor
    threads      that the processor runs; null where an old measurement did not record it
    date         YYYY-MM-DD, UTC

Beside the origin stands what was measured: `tables_sha256` (of one model, or of each model by its
name) or `config_sha256` for a training run. `scripts.render.check_results` compares all of it with
what is shipped.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import iqlut
from iqlut import arithmetic, provenance, upscaling
from iqlut.network import configuration
from iqlut.tables.restoration_tables import tables_at

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results"
ORIGIN_FIELDS = ("commit", "arithmetic", "cpu", "threads", "date")

Row = dict[str, Any]


def origin() -> Row:
    """Return the origin of what is measured now.

    Call it before anything is written: a results file that has changed makes the commit "-dirty".
    """
    return {
        "commit": provenance.commit(),
        "arithmetic": arithmetic.VERSION,
        "cpu": provenance.cpu_name(),
        "threads": upscaling.cores(),
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
    }


def described(measured_from: Row) -> str:
    """Return an origin as documents show it: commit, processor and date."""
    return f"commit `{measured_from['commit']}`, {measured_from['cpu']}, {measured_from['date']}"


def load(name: str) -> dict[str, Any]:
    """Return meta and rows of results/NAME.json, both empty where nothing was measured yet."""
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return {"meta": {}, "rows": []}
    return json.loads(path.read_text(encoding="utf-8"))


def load_rows(name: str) -> list[Row]:
    """Return the rows of a results/NAME.json whose rows are measured one at a time."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def write(
    name: str, measured_from: Row, commands: list[str], rows: Iterable[Row], models: Iterable[str]
) -> None:
    """Write results/NAME.json, measured at once on these `models`; equal rows are written once."""
    tables = {model: iqlut.load(model) for model in models}
    meta = {
        "origin": measured_from,
        "tables_sha256": {model: loaded.sha256 for model, loaded in tables.items()},
        "table_bytes": {model: tables_at(loaded).table_bytes for model, loaded in tables.items()},
        "commands": commands,
    }
    lines = list(dict.fromkeys(json.dumps(row) for row in rows))
    text = f'{{\n "meta": {json.dumps(meta)},\n "rows": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n"
    (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write a file whose rows are measured one at a time, one row a line."""
    text = "[\n " + ",\n ".join(json.dumps(row) for row in rows) + "\n]\n"
    path.write_text(text, encoding="utf-8")


def keep_row(name: str, row: Row) -> None:
    """Write a row to results/NAME.json; it replaces a row of the same `command`."""
    others = [other for other in load_rows(name) if other["command"] != row["command"]]
    write_rows(RESULTS / f"{name}.json", [*others, row])


def configuration_sha256(*configs: configuration.Config) -> str:
    """Return a checksum that changes with every value of these configurations that is not the
    default.
    """
    text = "\n".join(configuration.to_toml(config) for config in configs)
    return hashlib.sha256(text.encode()).hexdigest()
