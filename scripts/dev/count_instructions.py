"""Counts what the kernels execute for each low-resolution pixel.

x86, by valgrind, which knows no AVX-512:
    cmake -B build/plain -DIQLUT_CHECKS=plain && cmake --build build/plain --target check
    PYTHONPATH=tests python -m scripts.dev.count_instructions build/plain/check [MODEL...]

AArch64, by a plugin of qemu (Debian: gcc, gcc-aarch64-linux-gnu, qemu-user):
    PYTHONPATH=tests python -m scripts.dev.count_instructions aarch64 [MODEL...]
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
from scripts.shared import aarch64_check

WIDTH, HEIGHT = 240, 64
PLUGIN = Path(__file__).with_name("count_plugin.c")


def main(check: str, *models: str) -> None:
    """A line for each model and instruction set."""
    with TemporaryDirectory() as folder:
        for model in models or ("l8c8-x4",):
            tables = iqlut.load(model)
            lookups = sum(layer.channels_in for layer in tables.layers)
            of_rows = sum(layer.channels_in * _row(layer) for layer in tables.layers)
            print(f"{model}: {lookups} look-ups a pixel, {of_rows} bytes")
            if check == "aarch64":
                _count_aarch64(tables, Path(folder))
            else:
                _count_x86(tables, check)


def _row(layer: iqlut.tables.integer_tables.Layer) -> int:
    """Bytes of two entries for each tap and output."""
    return 2 * layer.kernel**2 * layer.channels_out


def _case(tables: iqlut.Tables, height: int) -> bytes:
    return case_of(tables, sample_plane(WIDTH, height))


def _count_x86(tables: iqlut.Tables, check: str) -> None:
    case = _case(tables, HEIGHT)
    for isa in ("portable", "avx2"):
        instructions, reads, writes = count(check, isa, case)
        print(
            f"{isa}: {instructions:.0f} instructions, {reads:.0f} reads, {writes:.0f} "
            "writes a pixel"
        )


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


def _count_aarch64(tables: iqlut.Tables, folder: Path) -> None:
    check, plugin = aarch64_check.build(folder), folder / "count.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", plugin, PLUGIN], check=True)
    # What a second half of the plane adds: neither the start nor the packing of tables counts.
    half, whole = _case(tables, HEIGHT), _case(tables, 2 * HEIGHT)
    for isa in aarch64_check.INSTRUCTION_SETS:
        more = _executed(check, plugin, isa, whole) - _executed(check, plugin, isa, half)
        print(f"{isa}: {more / (WIDTH * HEIGHT):.0f} instructions a pixel")


def _executed(check: Path, plugin: Path, isa: str, case: bytes) -> int:
    """How many instructions a run of native/check.c takes."""
    command = ["qemu-aarch64", "-plugin", plugin, check, isa]
    done = subprocess.run(command, input=case, capture_output=True)
    found = re.search(r"(\d+) instructions", done.stderr.decode())
    if done.returncode or found is None:
        sys.exit(done.stderr.decode() + done.stdout.decode())
    return int(found[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
