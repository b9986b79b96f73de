"""Counts what the kernels execute for each low-resolution pixel, by valgrind, which knows no
AVX-512.

cmake -B build/plain -DIQLUT_CHECKS=plain && cmake --build build/plain --target check
PYTHONPATH=tests python -m scripts.dev.count_instructions build/plain/check [MODEL]
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import iqlut
from check_cases import case_of
from iqlut.timing.timed_upscalers import sample_plane

WIDTH, HEIGHT = 240, 64


def main(check: str, model: str) -> None:
    """A line for each instruction set that valgrind can run."""
    tables = iqlut.load(model)
    lookups = sum(layer.channels_in for layer in tables.layers)
    print(
        f"{model}: {lookups} look-ups a pixel, "
        f"{sum(layer.channels_in * _row(layer) for layer in tables.layers)} bytes"
    )
    for isa in ("portable", "avx2"):
        instructions, reads, writes = count(
            check, isa, case_of(tables, sample_plane(WIDTH, HEIGHT))
        )
        print(
            f"{isa}: {instructions:.0f} instructions, {reads:.0f} reads, {writes:.0f} "
            "writes a pixel"
        )


def _row(layer: iqlut.tables.integer_tables.Layer) -> int:
    """Bytes of two entries for each tap and output."""
    return 2 * layer.kernel**2 * layer.channels_out


def count(check: str, isa: str, case: bytes) -> tuple[float, ...]:
    """Instructions, reads and writes for each low-resolution pixel."""
    with TemporaryDirectory() as folder:
        out = f"--callgrind-out-file={Path(folder) / 'out'}"
        collect = ("--toggle-collect=iqlut_upscale", "--cache-sim=yes")
        command = ["valgrind", "--tool=callgrind", *collect, out, check, isa]
        done = subprocess.run(command, input=case, capture_output=True)
    found = re.search(r"Collected : (\d+) (\d+) (\d+)", done.stderr.decode())
    if done.returncode or found is None:
        sys.exit(done.stderr.decode() + done.stdout.decode())
    return tuple(int(events) / (WIDTH * HEIGHT) for events in found.groups())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "l8c8-x4")
