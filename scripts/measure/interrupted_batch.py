"""Upscales a folder of 1,000 small pictures, 50 of them broken, and kills the run ten times.

    python -m scripts.measure.interrupted_batch FOLDER [--results]

At the end the results must be byte for byte those of a run without interruption, and every broken
picture must have been reported with a reason. `--pictures N` and `--kills N` make it smaller;
`--results` keeps the row in results/batch.json.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import iqlut
from scripts.shared import result_files

MODEL = "everyday-x4"
_BREAKS = {  # ten kinds of damage to the bytes of a sound PNG file
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "header": lambda data: data[:20],
    "signature": lambda data: b"\0" * 8 + data[8:],
    "text": lambda data: b"Dear all,\nthis is a letter.\n",
    "checksum": lambda data: data[:60] + bytes([data[60] ^ 255]) + data[61:],
    "pixels": lambda data: data[:41] + b"\0" * 9 + data[50:],
    "lying": lambda data: data[:16] + (60_000).to_bytes(4, "big") * 2 + data[24:],
    "zero": lambda data: data[:16] + bytes(4) + data[20:],
    "zeros": lambda data: bytes(len(data)),
}


def make(folder: Path, pictures: int) -> set[str]:
    """Fill the folder with pictures and return the names of the broken ones, one in twenty."""
    rng, broken = np.random.default_rng(1), set()
    for i in range(pictures):
        file = folder / f"{i // 100:02}" / f"{i:04}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (*rng.integers(8, 17, 2), 3), dtype=np.uint8)).save(
            file
        )
        if i % 20 == 7:
            file.write_bytes(list(_BREAKS.values())[i // 20 % len(_BREAKS)](file.read_bytes()))
            broken.add(str(file))
    return broken


def start(source: Path, target: Path, stdout: int) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "iqlut",
        "upscale",
        source,
        "-o",
        target,
        "--quiet",
        "--json",
        *("-m", MODEL),
        *("-t", "1"),
    ]
    return subprocess.Popen(command, stdout=stdout, stderr=subprocess.DEVNULL)


def run(source: Path, target: Path) -> tuple[int, list[dict[str, str]]]:
    """Return the exit code of a complete run, and its rows."""
    with start(source, target, subprocess.PIPE) as process:
        printed = process.communicate()[0]
    return process.returncode, json.loads(printed)


def kill_a_run(source: Path, target: Path, after_s: float) -> None:
    """Send SIGKILL to a run, `after_s` seconds after it has written its first file."""
    before = len(complete(target))
    with start(source, target, subprocess.DEVNULL) as process:
        while process.poll() is None and len(complete(target)) == before:
            time.sleep(0.01)
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)


def complete(folder: Path) -> list[Path]:
    return [
        file for file in folder.rglob("*") if file.is_file() and not file.name.endswith(".part")
    ]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def stress(folder: Path, pictures: int, kills: int) -> dict[str, Any]:
    """Return counts of what happened; raise AssertionError where a promise is broken."""
    source, whole, torn = (folder / name for name in ("in", "whole", "torn"))
    broken = make(source, pictures)
    started = time.monotonic()
    code, rows = run(source, whole)
    elapsed_s = time.monotonic() - started
    failed = {row["source"]: row["reason"] for row in rows if row["status"] == "failed"}
    assert code == 1 and set(failed) == broken and all(failed.values()), (
        code,
        set(failed) ^ broken,
    )
    expected = contents(whole)
    assert len(expected) == pictures - len(broken)
    chance, there = random.Random(3), []
    for _ in range(kills):
        kill_a_run(source, torn, chance.uniform(0, elapsed_s / kills / 2))
        there.append(len(complete(torn)))
        for file in complete(torn):
            assert expected[str(file.relative_to(torn))] == file.read_bytes(), file
    code, rows = run(source, torn)
    assert code == 1 and {row["source"] for row in rows if row["status"] == "failed"} == broken
    assert contents(torn) == expected, "the results differ"
    assert sum(row["status"] == "skipped" for row in rows) == (there[-1] if there else 0)
    return {
        "results": len(expected),
        "named": len(broken),
        "exit_code": code,
        "there_after_kills": there,
        "threads": 1,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--results", action="store_true")
    given = parser.parse_args()
    given.folder.mkdir(parents=True)
    options = f"--pictures {given.pictures} --kills {given.kills}"
    measured_from, tables = result_files.origin(), iqlut.load(MODEL)
    row = {
        "command": f"python -m scripts.measure.interrupted_batch FOLDER {options}",
        **stress(given.folder, given.pictures, given.kills),
        "model": MODEL,
        "tables_sha256": tables.sha256,
        "origin": measured_from,
    }
    print(json.dumps(row))
    if given.results:
        result_files.keep_row("batch", row)
    shutil.rmtree(given.folder)


if __name__ == "__main__":
    main()
