"""Measures what docs/results.md shows, and writes results/quality.json and results/speed.json.

    python -m scripts.measure.quality_and_speed FOLDER [quality|speed]

FOLDER holds the test sets Set5, Set14 and B100, and may hold Urban100 and Manga109; speed alone
needs no folder. The program runs the commands that a user would run and keeps the rows that they
print. Quality is measured on luma, and at x4 also with self-ensemble (x8, or x16 for models to
which flips and rotations make no difference) and on red, green and blue separately, since published
results use either.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import iqlut
from iqlut import upscaling
from iqlut.planes.self_ensemble import gains_nothing
from scripts.shared import result_files
from scripts.shared.result_files import Row

_SETS = ("Set5", "Set14", "B100")
_MORE_SETS = ("Urban100", "Manga109")  # measured where they exist
_KINDS = ("quality", "speed")
_RGB_SCALE = 4  # the scale of the published results


def main(folder: Path, kinds: Sequence[str] = _KINDS) -> None:
    """Measure quality, speed or both; end with one sentence where that is impossible."""
    if not set(kinds) <= set(_KINDS):
        sys.exit(
            f"there is no measurement {' '.join(kinds)}; "
            f"expected {' or '.join(_KINDS)}, or neither for both"
        )
    missing = [name for name in _SETS if not (folder / name).is_dir()]
    if missing and "quality" in kinds:
        sys.exit(
            f"{folder} holds no {', '.join(missing)}; "
            f"run make results DATA=FOLDER with a folder that holds {', '.join(_SETS)}"
        )
    names = iqlut.models()
    if not names:
        sys.exit("no model is shipped in src/iqlut/models; train and convert one first")
    measured_from = result_files.origin()
    commands = {"quality": quality_commands(folder, names), "speed": speed_commands(names)}
    measured = {kind: [row for command in commands[kind] for row in run(command)] for kind in kinds}
    for kind, rows in measured.items():
        shown = ["iqlut " + " ".join(_without_folders(command)) for command in commands[kind]]
        result_files.write(kind, measured_from, shown, rows, names)
        print(result_files.RESULTS / f"{kind}.json")


def quality_commands(folder: Path, names: Sequence[str]) -> list[list[str]]:
    """Return one command for each model, and further ones for models of the published scale."""
    more = [name for name in _MORE_SETS if (folder / name).is_dir()]
    sets = [str(folder / name) for name in (*_SETS, *more)]
    colours = [name for name in names if iqlut.load(name).scale == _RGB_SCALE]
    on_luma = [["evaluate", *sets, "-m", name] for name in names]
    with_ensemble = [
        ["evaluate", *sets, "-m", name, "--ensemble", str(count)]
        for name, count in ((name, _ensemble_of(name)) for name in colours)
        if count > 1
    ]
    return (
        on_luma
        + with_ensemble
        + [["evaluate", *sets, "-m", name, "--path", "rgb"] for name in colours]
    )


def _ensemble_of(name: str) -> int:
    """Return the smallest of the common ensembles that changes the pixels of a model, or 1."""
    model = iqlut.load(name)
    if not gains_nothing(8, model.symmetry):
        return 8
    return 1 if model.negative else 16


def speed_commands(names: Sequence[str]) -> list[list[str]]:
    """Return one command for all models, so that their runs are interleaved."""
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
            "9",
            "--threads",
            *map(str, threads),
        ]
    ]


def run(command: list[str], environment: Mapping[str, str] = MappingProxyType({})) -> list[Row]:
    """Return the rows that an `iqlut` command prints, run with these additional environment
    variables.
    """
    whole = [sys.executable, "-m", "iqlut", *command, "--json"]
    everything = {**os.environ, **environment}
    return json.loads(
        subprocess.run(whole, check=True, stdout=subprocess.PIPE, text=True, env=everything).stdout
    )


def _without_folders(command: list[str]) -> list[str]:
    """Return the command with test sets by name alone, without the folders of this machine."""
    return [
        Path(word).name if Path(word).name in (*_SETS, *_MORE_SETS) else word for word in command
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or _KINDS)
