"""Prints how much memory a 100-megapixel result takes beyond the picture and the result:
`engine_memory.py`.

Each case runs in a process of its own, which knows its peak; expected are at most 64 MB.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from typing import Any

import iqlut
from iqlut.timing.timed_upscalers import sample_picture

WIDTH, HEIGHT = 3160, 1978  # x4: 100 megapixels
EXTRA_MAX_MB = 64
_MB = 1e6


def main() -> int:
    """1 if a case takes more than EXTRA_MAX_MB."""
    measured = rows()
    for row in measured:
        print(json.dumps(row))
    return int(max(row["extra_mb"] for row in measured) > EXTRA_MAX_MB)


def rows() -> list[dict[str, Any]]:
    """Luma and colours, on one thread and on two."""
    cases = [(what, threads) for what in ("luma", "rgb") for threads in (1, 2)]
    commands = [[sys.executable, __file__, what, str(threads)] for what, threads in cases]
    return [
        json.loads(subprocess.run(one, check=True, stdout=subprocess.PIPE, text=True).stdout)
        for one in commands
    ]


def measure(what: str, threads: int) -> dict[str, Any]:
    """One upscaling after a small one, which loads all that is needed."""
    picture = (
        sample_picture(WIDTH, HEIGHT)
        if what == "rgb"
        else sample_picture(WIDTH, HEIGHT)[:, :, 0].copy()
    )
    iqlut.upscale(picture[:64, :64], threads=threads)
    _forget_peak()
    before = _status_bytes("VmRSS")
    result = iqlut.upscale(picture, threads=threads)
    extra = _status_bytes("VmHWM") - before - result.nbytes
    return {
        "what": what,
        "threads": threads,
        "megapixels": round(result.shape[0] * result.shape[1] / 1e6, 1),
        "picture_mb": round(picture.nbytes / _MB, 1),
        "result_mb": round(result.nbytes / _MB, 1),
        "extra_mb": round(extra / _MB, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _MB, 1),
    }


def _forget_peak() -> None:
    """Linux: the peak counts from now on; making the sample took more."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("5")


def _status_bytes(name: str) -> int:
    with open("/proc/self/status", encoding="ascii") as file:  # noqa: PTH123
        line = next(line for line in file if line.startswith(name + ":"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
    else:
        sys.exit(main())
