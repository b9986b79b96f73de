"""Enlarges a folder of 1,000 small pictures, 50 of them broken, and kills the run ten times: `stress_batch.py FOLDER`.

In the end there are the very files that a run without interruption makes, and every broken one has its reason.
`--pictures N` and `--kills N` make it smaller.
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

import numpy as np
from PIL import Image

_BREAKS = {  # ten ways, from the bytes of a sound PNG file
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
    """Fills the folder; the names of the broken ones, one in twenty."""
    rng, broken = np.random.default_rng(1), set()
    for i in range(pictures):
        file = folder / f"{i // 100:02}" / f"{i:04}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (*rng.integers(8, 17, 2), 3), dtype=np.uint8)).save(file)
        if i % 20 == 7:
            file.write_bytes(list(_BREAKS.values())[i // 20 % len(_BREAKS)](file.read_bytes()))
            broken.add(str(file))
    return broken


def run(source: Path, target: Path, kill_after_s: float | None = None) -> tuple[int, list[dict[str, str]]]:
    """The exit code of a run, and its rows; killed, not asked to end, after so long."""
    command = [sys.executable, "-m", "iqlut", "upscale", source, "-o", target, "--quiet", "--json", "-t", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            printed = process.communicate(timeout=kill_after_s)[0]
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return process.returncode, []
    return process.returncode, json.loads(printed)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def stress(folder: Path, pictures: int, kills: int) -> dict[str, int]:
    """Counts of what happened; AssertionError where a promise is broken."""
    source, whole, torn = (folder / name for name in ("in", "whole", "torn"))
    broken = make(source, pictures)
    start = time.monotonic()
    code, rows = run(source, whole)
    elapsed_s = time.monotonic() - start
    failed = {row["source"]: row["reason"] for row in rows if row["status"] == "failed"}
    assert code == 1 and set(failed) == broken and all(failed.values()), (code, set(failed) ^ broken)
    expected = contents(whole)
    assert len(expected) == pictures - len(broken)
    chance, seen = random.Random(3), 0
    for _ in range(kills):
        run(source, torn, chance.uniform(0.3, 0.3 + elapsed_s / 3))
        found = contents(torn) if torn.exists() else {}
        seen = max(seen, sum(name.endswith(".part") for name in found))
        assert all(expected[name] == data for name, data in found.items() if not name.endswith(".part"))
    code, rows = run(source, torn)
    assert code == 1 and {row["source"] for row in rows if row["status"] == "failed"} == broken
    assert contents(torn) == expected, "the results differ"
    skipped = sum(row["status"] == "skipped" for row in rows)
    return {"results": len(expected), "named": len(broken), "kills": kills, "skipped_last": skipped, "parts_seen": seen}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=10)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True)
    print(json.dumps(stress(arguments.folder, arguments.pictures, arguments.kills)))
    shutil.rmtree(arguments.folder)


if __name__ == "__main__":
    main()
