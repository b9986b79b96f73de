"""Rows of results/*.json that scripts measure one at a time: a newer row takes the place of the one it repeats."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from iqlut import provenance

RESULTS = Path(__file__).parents[1] / "results"


def about() -> dict[str, Any]:
    """Where a row comes from. Ask before anything is written: from then on the source counts as changed."""
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    return {"commit": provenance.commit(), "cpu": provenance.cpu_name(), "date": today}


def keep(name: str, row: dict[str, Any]) -> None:
    """Write a row, with the `command` that measured it, to results/NAME.json: a row for each command."""
    path = RESULTS / f"{name}.json"
    rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    rows = [other for other in rows if other["command"] != row["command"]]
    path.write_text(
        "[\n " + ",\n ".join(json.dumps(other) for other in [*rows, row]) + "\n]\n",
        encoding="utf-8",
    )
