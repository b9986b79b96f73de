"""Interrupts the upscaling of a large picture at random moments and measures the time to its end.

    python -m scripts.attack.interrupts [--megapixels 100] [--trials 5] [--model l8c8-x4]
        [--range 60] [--formats png jpg] [--seed 1] [--results]

Each trial starts the command, sends Ctrl-C or SIGTERM after a random time of up to `--range`
seconds, and measures the time until the process has ended. Wrong are more than 1 second, another
exit code than that of an interrupt, more or less than one line on stderr, and files that are left.
A run that ends before its signal counts as no trial.
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

from iqlut.command_line.exit_codes import INTERRUPTED
from scripts.attack import outcomes
from scripts.attack.outcomes import Outcome
from scripts.shared import result_files
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, default=100)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--model", default="l8c8-x4")
    parser.add_argument("--range", type=float, default=60.0, help="seconds")
    parser.add_argument("--formats", nargs="+", default=["png", "jpg"])
    parser.add_argument("--seed", type=int, default=1)
    outcomes.add_arguments(parser)
    given, origin = parser.parse_args(arguments), measured_from or result_files.origin()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
    chance, times_s, wrong = random.Random(given.seed), list[float](), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_picture(folder / "large.png", given.megapixels)
        for trial in range(given.trials):
            target = f"larger.{given.formats[trial % len(given.formats)]}"
            command = [sys.executable, "-m", "iqlut", "upscale", "large.png", "-o", target, "-q"]
            after_s = given.range * chance.random()
            found = interrupt_once(
                [*command, "-m", given.model], folder, chance.choice(_SIGNALS), after_s
            )
            if isinstance(found, float):
                times_s.append(found)
                wrong += found > ELAPSED_S_MAX
            elif found:
                wrong += 1
            print(f"{target} after {after_s:.1f} s: {found}", file=sys.stderr)
            (folder / target).unlink(missing_ok=True)
    worst = f"{max(times_s, default=0):.2f} s (median {statistics.median(times_s or [0]):.2f} s)"
    attack = f"Ctrl-C or SIGTERM while {given.megapixels:g} megapixels are upscaled"
    return outcomes.report(Outcome("interrupts", attack, len(times_s), wrong, worst), given, origin)


if __name__ == "__main__":
    sys.exit(main())
