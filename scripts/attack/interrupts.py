"""Interrupts the upscaling of a large picture at random moments and measures the time to its end.

    python -m scripts.attack.interrupts [--megapixels 100] [--trials 5] [--model iqlut-115k-x4]

Prints a line of JSON: how often each exit code came, and the longest time in seconds from the
signal to the end of the process. The exit code is 1 if a file was left or if a run ended with
another exit code than that of an interrupt.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from iqlut.command_line.exit_codes import INTERRUPTED

_START_S, _RANGE_S = 1.0, 20.0  # an interrupt comes this long after the start of a process


def write_picture(path: Path, megapixels: float) -> None:
    """Write a square picture in colour that repeats a tile of noise."""
    side, tile = round(1000 * math.sqrt(megapixels)), 64
    noise = np.random.default_rng(1).integers(0, 256, (tile, tile, 3), dtype=np.uint8)
    count = -(-side // tile)
    Image.fromarray(np.tile(noise, (count, count, 1))[:side, :side]).save(path, compress_level=1)


def interrupt_once(folder: Path, model: str, after_s: float) -> tuple[int, float]:
    """Return the exit code of an interrupted run, and the time in seconds that it took to end."""
    command = [sys.executable, "-m", "iqlut", "upscale", "large.png", "-o", "larger.png"]
    with subprocess.Popen([*command, "-m", model], cwd=folder, stderr=subprocess.PIPE) as process:
        time.sleep(after_s)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate()
        return process.returncode, time.monotonic() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, default=100)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--model", default="iqlut-115k-x4")
    given = parser.parse_args()
    chance, codes, longest_s = random.Random(1), Counter[int](), 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_picture(folder / "large.png", given.megapixels)
        for _ in range(given.trials):
            after_s = _START_S + _RANGE_S * chance.random()
            code, elapsed_s = interrupt_once(folder, given.model, after_s)
            codes[code] += 1
            longest_s = max(longest_s, elapsed_s)
        left = [file.name for file in folder.iterdir() if file.name != "large.png"]
    print(json.dumps({"exit_codes": codes, "longest_s": round(longest_s, 2), "left": left}))
    return int(bool(left) or set(codes) != {INTERRUPTED})


if __name__ == "__main__":
    sys.exit(main())
