"""Short trainings that differ in one value: `trials.py GROUP NAME [part.field=value ...]` adds a row to
results/trials.json.

All trials of a group see the same patches in the same order for the same number of steps and are scored on the
validation set. They rank recipes and shapes; they do not say how good one gets. The groups:

    recipe    4000 steps of 4 patches of 48x48 from nothing, the default of all groups: docs/training.md
    loss      2000 steps of 8, going on from l8c8-x4-first at 1e-3: docs/training.md
    shape     as recipe, with the recipe that won there: docs/frontier.md

`trials.py --render` rewrites the tables in the documents, `--check` says whether they are fresh.
"""

from __future__ import annotations

import ast
import datetime
import json
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from iqlut.network import configuration
from iqlut.provenance import commit, cpu_name

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "trials.json"
DOCUMENTS = {"recipe": "training.md", "loss": "training.md", "shape": "frontier.md"}
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
FINE = {"start": "checkpoints/l8c8-x4-first.pt", "steps": 2000, "batch": 8, "learning_rate": 1e-3}


def main(group: str, name: str, overrides: list[str]) -> None:
    """Trains, scores and writes one trial."""
    values: dict[str, Any] = {
        "name": name,
        "model": {**MODEL},
        "train": TRAIN | (FINE if group == "loss" else {}),
    }
    for override in overrides:
        key, value = override.split("=", 1)
        part, field = key.split(".")
        values[part][field] = literal(value)
    config = configuration.from_dict(values)
    from iqlut.training import loop

    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cache").symlink_to(cache())
        loop.train(config, Path(folder) / "run")
        last = json.loads((Path(folder) / "run/log.jsonl").read_text().splitlines()[-1])
    row = {
        "group": group,
        "trial": name,
        "changes": " ".join(overrides),
        "psnr_db": round(last["psnr_db"], 4),
        "table_bytes": table_bytes(config.model),
        "megapixels": round(
            config.train.steps * config.train.batch * config.train.patch**2 / 1e6, 1
        ),
        "seconds": round(time.monotonic() - started),
        "commit": commit(),
        "cpu": cpu_name(),
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
    }
    rows = [other for other in read() if (other["group"], other["trial"]) != (group, name)]
    RESULTS.write_text("[\n " + ",\n ".join(json.dumps(r) for r in [*rows, row]) + "\n]\n")
    print(json.dumps(row))


def table_bytes(model: configuration.ModelConfig) -> int:
    """Of the entries alone, one each."""
    from iqlut.network.network import layer_shapes

    return sum(math.prod(shape) for shape in layer_shapes(model))


def cache() -> Path:
    """The decoded images, shared with the runs."""
    folder = ROOT / "runs" / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def literal(text: str) -> Any:
    """A number, a list, a truth value; anything else is a string."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def read() -> list[dict[str, Any]]:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else []


def rendered(document: str) -> str:
    """A document with its tables as the results say."""
    text = (ROOT / "docs" / document).read_text()
    for group in (group for group, where in DOCUMENTS.items() if where == document):
        begin, end = f"<!-- {group}:begin -->", f"<!-- {group}:end -->"
        before, after = text.split(begin)[0], text.split(end)[1]
        text = before + begin + "\n" + "\n".join(_table(group)) + "\n" + end + after
    return text


def _table(group: str) -> list[str]:
    lines = ["| trial | what differs | tables, bytes | dB | seen, MP |", "|---|---|--:|--:|--:|"]
    rows = sorted((row for row in read() if row["group"] == group), key=lambda row: -row["psnr_db"])
    for row in rows:
        changes = f"`{row['changes']}`" if row["changes"] else ""
        seen = f"{row['megapixels']:.0f}"
        lines.append(
            f"| {row['trial']} | {changes} | {row['table_bytes']:,} | {row['psnr_db']:.3f} | {seen} |"
        )
    return lines


def documents(check: bool) -> None:
    """Renders all, or ends with a sentence where one is stale."""
    for document in sorted(set(DOCUMENTS.values())):
        path, text = ROOT / "docs" / document, rendered(document)
        if check and path.read_text() != text:
            sys.exit(f"docs/{document} is stale; python scripts/trials.py --render")
        if path.read_text() != text:
            path.write_text(text)


if __name__ == "__main__":
    if sys.argv[1:] in (["--render"], ["--check"]):
        documents(check=sys.argv[1] == "--check")
    elif sys.argv[1:2] and sys.argv[1] in DOCUMENTS:
        main(sys.argv[1], sys.argv[2], sys.argv[3:])
    else:
        sys.exit(f"expected a group ({', '.join(DOCUMENTS)}) and a name, --render or --check")
