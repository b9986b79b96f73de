"""Short trainings that differ in one value: `trials.py NAME [part.field=value ...]` adds a row to results/trials.json.

All trials see the same patches in the same order for the same number of steps (4000 of 4 patches of 48x48, one thread)
unless told otherwise, and are scored on the validation set. They rank recipes; they do not say how good one gets.
`trials.py --render` rewrites the table in docs/training.md, `--check` says whether it is fresh.
"""

from __future__ import annotations

import ast
import datetime
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from iqlut import config as configuration
from iqlut.provenance import commit, cpu_name

ROOT = Path(__file__).parents[1]
RESULTS, DOCUMENT = ROOT / "results" / "trials.json", ROOT / "docs" / "training.md"
BEGIN, END = "<!-- trials:begin -->", "<!-- trials:end -->"
BASE = {"steps": 4000, "batch": 4, "patch": 48, "validate_every": 4000, "loss": "charbonnier", "ema": 0.998}


def main(name: str, overrides: list[str]) -> None:
    """Trains, scores and writes one trial."""
    values: dict[str, Any] = {"name": name, "model": {}, "train": {"exclude": ["6fda61f9de1a", "96942fd11724"], **BASE}}
    for override in overrides:
        key, value = override.split("=", 1)
        part, field = key.split(".")
        values[part][field] = literal(value)
    config = configuration.from_dict(values)
    from iqlut.train import loop

    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cache").symlink_to(cache())
        loop.train(config, Path(folder) / "run")
        last = json.loads((Path(folder) / "run/log.jsonl").read_text().splitlines()[-1])
    row = {
        "trial": name,
        "changes": " ".join(overrides),
        "psnr_db": round(last["psnr_db"], 4),
        "megapixels": round(config.train.steps * config.train.batch * config.train.patch**2 / 1e6, 1),
        "seconds": round(time.monotonic() - started),
        "commit": commit(),
        "cpu": cpu_name(),
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
    }
    rows = [other for other in read() if other["trial"] != name]
    RESULTS.write_text("[\n " + ",\n ".join(json.dumps(r) for r in [*rows, row]) + "\n]\n")
    print(json.dumps(row))


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


def rendered() -> str:
    """The document with its table as the results say."""
    text = DOCUMENT.read_text()
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    lines = ["| trial | what differs | dB | seen, MP |", "|---|---|--:|--:|"]
    lines += [
        f"| {row['trial']} | `{row['changes']}` | {row['psnr_db']:.3f} | {row['megapixels']:.0f} |"
        for row in sorted(read(), key=lambda row: -row["psnr_db"])
    ]
    return before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + after


if __name__ == "__main__":
    if sys.argv[1:] == ["--render"]:
        DOCUMENT.write_text(rendered())
    elif sys.argv[1:] == ["--check"]:
        if DOCUMENT.read_text() != rendered():
            sys.exit("docs/training.md is stale; python scripts/trials.py --render")
    else:
        main(sys.argv[1], sys.argv[2:])
