"""Measures what the README shows: `measure_results.py FOLDER`, which holds Set5, Set14 and B100.

Runs the commands a user would run, and writes what they print, with what it speaks of, to `results/*.json`.
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import iqlut
from iqlut import api, provenance

RESULTS = Path(__file__).parents[1] / "results"
_SETS = ("Set5", "Set14", "B100")


def main(folder: Path) -> None:
    """Writes `quality.json` and `speed.json`; ends with a sentence where it cannot."""
    missing = [name for name in _SETS if not (folder / name).is_dir()]
    if missing:
        sys.exit(f"{folder} holds no {', '.join(missing)}; make results DATA=a folder with {', '.join(_SETS)}")
    names = iqlut.models()
    if not names:
        sys.exit("no model is shipped in src/iqlut/models; train and convert one first")
    sets = [str(folder / name) for name in _SETS]
    quality = [["evaluate", *sets, "-m", name] for name in names]
    threads = sorted({1, api.cores()})
    speed = [["bench", "-m", *names, "--isa", "all", "--peers", "--repeats", "21", "--threads", *map(str, threads)]]
    measured = {
        file: (commands, [row for command in commands for row in run(command)])
        for file, commands in (("quality.json", quality), ("speed.json", speed))
    }
    source = provenance.commit()  # before the first result is written: from then on the source counts as changed
    for file, (commands, rows) in measured.items():
        write(RESULTS / file, source, commands, rows)


def run(command: list[str]) -> list[dict[str, Any]]:
    """The rows that an `iqlut` command prints."""
    whole = [sys.executable, "-m", "iqlut", *command, "--json"]
    return json.loads(subprocess.run(whole, check=True, stdout=subprocess.PIPE, text=True).stdout)


def write(path: Path, source: str, commands: list[list[str]], rows: list[dict[str, Any]]) -> None:
    """A row a line, so that a change shows as one."""
    meta = {
        "commit": source,
        "tables_sha256": {name: iqlut.load(name).sha256 for name in iqlut.models()},
        "table_bytes": {name: iqlut.load(name).table_bytes for name in iqlut.models()},
        "machine": provenance.cpu_name(),
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "commands": ["iqlut " + " ".join(_without_folders(command)) for command in commands],
    }
    unique = list(dict.fromkeys(json.dumps(row) for row in rows))  # the bicubic rows come with every model
    path.write_text(f'{{\n "meta": {json.dumps(meta)},\n "rows": [\n  ' + ",\n  ".join(unique) + "\n ]\n}\n")
    print(path)


def _without_folders(command: list[str]) -> list[str]:
    """Test sets by their names: where they lie is this machine's business."""
    return [Path(word).name if Path(word).name in _SETS else word for word in command]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
