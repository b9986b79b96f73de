"""Interrupts the upscaling of a large picture at random moments and measures the time to its end.

    python -m scripts.attack.interrupts [--megapixels 100] [--trials 20] [--range 60]
        [--models l8c8-x4 ...] [--formats png jpg] [--seed 1] [--results]

Each trial starts the command with the next of the models, sends Ctrl-C or SIGTERM after a random
time of up to `--range` seconds, and measures the time until the process has ended. Wrong are more
than 1 second, another exit code than that of an interrupt, more or less than one line on stderr,
and files that are left. A run that ends before its signal counts as no trial.
"""

from __future__ import annotations

import argparse
import math
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

import iqlut
from iqlut.command_line.exit_codes import INTERRUPTED
from scripts.attack import trials
from scripts.attack.trials import Trial, Trials
from scripts.shared.result_files import Row

ELAPSED_S_MAX = 1.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def write_picture(path: Path, megapixels: float) -> None:
    """Write a square picture in colour that repeats a tile of noise."""
    side, tile = round(1000 * math.sqrt(megapixels)), 64
    noise = np.random.default_rng(1).integers(0, 256, (tile, tile, 3), dtype=np.uint8)
    count = -(-side // tile)
    Image.fromarray(np.tile(noise, (count, count, 1))[:side, :side]).save(path, compress_level=1)


def interrupt_once(command: list[str], folder: Path, number: int, after_s: float) -> float | str:
    """Return the seconds from a signal to the end of the command, or what was wrong.

    "" means that the command had ended before the signal.
    """
    before = set(folder.iterdir())
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            start = time.monotonic()
            process.send_signal(number)
            said = process.communicate()[1]
            elapsed_s = time.monotonic() - start
        else:
            return ""
    left = sorted(file.name for file in set(folder.iterdir()) - before)
    if process.returncode != INTERRUPTED or said != "iqlut: interrupted\n" or left:
        return f"exit code {process.returncode}, said {said[-300:]!r}, left {left}"
    return elapsed_s


def main(arguments: Sequence[str] | None = None, measured_from: Row | None = None) -> int:
    """Run the command; the origin is that of now, unless one is given."""
    parser = trials.parser("interrupts", __doc__)
    parser.add_argument("--megapixels", type=float, default=100)
    parser.add_argument("--models", nargs="+", default=iqlut.models())
    parser.add_argument("--range", type=float, default=60.0, help="seconds")
    parser.add_argument("--formats", nargs="+", default=["png", "jpg"])
    given = parser.parse_args(arguments)
    found = Trials("interrupts", given, measured_from)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
    with tempfile.TemporaryDirectory() as folder:
        write_picture(Path(folder) / "large.png", given.megapixels)
        for number in map(str, range(given.trials)):
            if any(found.missing([number])):
                found.add(number, _trial(given, Path(folder), int(number)))
    times_s = found.figures("end_s")
    worst = f"{max(times_s):.2f} s (median {statistics.median(times_s):.2f} s)"
    attack = f"Ctrl-C or SIGTERM while {given.megapixels:g} megapixels are upscaled"
    return found.report(attack, worst)


def _trial(given: argparse.Namespace, folder: Path, number: int) -> Trial:
    """Interrupt one run; a run that ends before its signal counts as no trial."""
    chance = random.Random(f"{given.seed} {number}")
    model = given.models[number % len(given.models)]
    target = f"larger.{given.formats[number % len(given.formats)]}"
    command = [sys.executable, "-m", "iqlut", "upscale", "large.png", "-o", target, "-q"]
    after_s = given.range * chance.random()
    end_s = interrupt_once([*command, "-m", model], folder, chance.choice(_SIGNALS), after_s)
    (folder / target).unlink(missing_ok=True)
    print(f"{model} to {target} after {after_s:.1f} s: {end_s}", file=sys.stderr)
    if isinstance(end_s, str):
        return Trial(end_s, count=int(end_s != ""))
    slow = f"{end_s:.2f} s" if end_s > ELAPSED_S_MAX else ""
    return Trial(slow, {"end_s": end_s})


if __name__ == "__main__":
    sys.exit(main())
