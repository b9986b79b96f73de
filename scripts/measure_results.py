"""Measures what docs/results.md shows: `measure_results.py FOLDER [quality|speed]`; FOLDER holds Set5, Set14 and B100,
which speed alone does without.

Runs the commands a user would run, and writes what they print, with what it speaks of, to `results/*.json`. Quality is
measured on luma, and at x4 also as the mean of eight turns, and on red, green and blue each, as others publish.
"""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import iqlut
from iqlut import provenance, upscaling
from iqlut.planes.flips_rotations import gains_nothing
from iqlut.tables.restoration_tables import tables_at

RESULTS = Path(__file__).parents[1] / "results"
_SETS = ("Set5", "Set14", "B100")
_MORE_SETS = ("Urban100", "Manga109")  # measured where they are
_KINDS = ("quality", "speed")
_RGB_SCALE = 4  # where the published rows are


def main(folder: Path, kinds: Sequence[str] = _KINDS) -> None:
    """Writes `quality.json` and `speed.json`, or one of them; ends with a sentence where it cannot."""
    if not set(kinds) <= set(_KINDS):
        sys.exit(
            f"there is no measurement {' '.join(kinds)}; expected {' or '.join(_KINDS)}, or neither for both"
        )
    missing = [name for name in _SETS if not (folder / name).is_dir()]
    if missing and "quality" in kinds:
        sys.exit(
            f"{folder} holds no {', '.join(missing)}; make results DATA=a folder with {', '.join(_SETS)}"
        )
    names = iqlut.models()
    if not names:
        sys.exit("no model is shipped in src/iqlut/models; train and convert one first")
    commands = {"quality": quality_commands(folder, names), "speed": speed_commands(names)}
    measured = {kind: [row for command in commands[kind] for row in run(command)] for kind in kinds}
    source = (
        provenance.commit()
    )  # before the first result is written: from then on the source counts as changed
    for kind, rows in measured.items():
        shown = ["iqlut " + " ".join(_without_folders(command)) for command in commands[kind]]
        write(RESULTS / f"{kind}.json", source, shown, rows)


def quality_commands(folder: Path, names: Sequence[str]) -> list[list[str]]:
    """One for each model, and two more for each that upscales as much as the published ones."""
    more = [name for name in _MORE_SETS if (folder / name).is_dir()]
    sets = [str(folder / name) for name in (*_SETS, *more)]
    colours = [name for name in names if iqlut.load(name).scale == _RGB_SCALE]
    on_luma = [["evaluate", *sets, "-m", name] for name in names]
    changing = [name for name in colours if not gains_nothing(8, iqlut.load(name).symmetry)]
    flip_rotate = [["evaluate", *sets, "-m", name, "--ensemble", "8"] for name in changing]
    return (
        on_luma
        + flip_rotate
        + [["evaluate", *sets, "-m", name, "--path", "rgb"] for name in colours]
    )


def speed_commands(names: Sequence[str]) -> list[list[str]]:
    """All models in one, so that they take turns."""
    threads = sorted({1, upscaling.cores()})
    return [
        [
            "bench",
            "-m",
            *names,
            "--isa",
            "all",
            "--peers",
            "--repeats",
            "21",
            "--threads",
            *map(str, threads),
        ]
    ]


def run(
    command: list[str], environment: Mapping[str, str] = MappingProxyType({})
) -> list[dict[str, Any]]:
    """The rows that an `iqlut` command prints, with something added to its environment."""
    whole = [sys.executable, "-m", "iqlut", *command, "--json"]
    everything = {**os.environ, **environment}
    return json.loads(
        subprocess.run(whole, check=True, stdout=subprocess.PIPE, text=True, env=everything).stdout
    )


def read(path: Path) -> dict[str, Any]:
    """What `write` wrote."""
    return json.loads(path.read_text(encoding="utf-8"))


def write(path: Path, source: str, commands: list[str], rows: list[dict[str, Any]]) -> None:
    """A row a line, so that a change shows as one."""
    meta = {
        "commit": source,
        "tables_sha256": {name: iqlut.load(name).sha256 for name in iqlut.models()},
        "table_bytes": {name: tables_at(iqlut.load(name)).table_bytes for name in iqlut.models()},
        "machine": provenance.cpu_name(),
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "commands": commands,
    }
    unique = list(
        dict.fromkeys(json.dumps(row) for row in rows)
    )  # the bicubic rows come with every model
    path.write_text(
        f'{{\n "meta": {json.dumps(meta)},\n "rows": [\n  ' + ",\n  ".join(unique) + "\n ]\n}\n"
    )
    print(path)


def _without_folders(command: list[str]) -> list[str]:
    """Test sets by their names: where they lie is this machine's business."""
    return [
        Path(word).name if Path(word).name in (*_SETS, *_MORE_SETS) else word for word in command
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or _KINDS)
