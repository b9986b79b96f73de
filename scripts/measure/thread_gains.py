"""Prints what a second thread gains, beside what a second process gains.

    python -m scripts.measure.thread_gains

Two processes that know nothing of each other are all that a machine can give: where its two
processors are halves of one core, they gain little, and so do two threads. Each runs the same
upscaling again and again; all ways take turns.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import numpy as np

import iqlut
from iqlut.engines import native
from iqlut.timing.timed_upscalers import sample_plane

MODEL = "l8c8-x4"
SIZES = ((480, 270), (1000, 625))  # x4: 2 and 10 megapixels
ROUNDS = 9
SECONDS = 0.4  # that one thread works in a round, about
WAYS = ((1, 1), (1, 2), (2, 1))  # processes, threads of each


def rows() -> list[dict[str, Any]]:
    """Return the speed of two threads and of two processes relative to one thread, by size."""
    return [gains(width, height, ROUNDS, SECONDS) for width, height in SIZES]


def gains(width: int, height: int, rounds: int, seconds: float) -> dict[str, Any]:
    """Medians over the rounds of the ratio within a round."""
    workers = {
        threads: [_Worker(width, height, threads) for _ in range(3 - threads)] for threads in (1, 2)
    }
    repeats = max(1, round(seconds / workers[1][0].elapsed_s(1)))
    speeds = np.array(
        [[_speed(workers[n][:count], repeats) for count, n in WAYS] for _ in range(rounds)]
    )
    for worker in (*workers[1], *workers[2]):
        worker.end()
    one, two_threads, two_processes = speeds.T
    return {
        "model": MODEL,
        "width": width,
        "height": height,
        "rounds": rounds,
        "gain_threads": round(float(np.median(two_threads / one)), 3),
        "gain_processes": round(float(np.median(two_processes / one)), 3),
        "gain_to_processes": round(float(np.median(two_threads / two_processes)), 3),
    }


class _Worker:
    """A process that upscales when it is told to, so many times, and says how long that took."""

    def __init__(self, width: int, height: int, threads: int) -> None:
        command = [sys.executable, __file__, str(width), str(height), str(threads)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.elapsed_s(1)

    def start(self, repeats: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{repeats}\n")
        self._process.stdin.flush()

    def wait_s(self) -> float:
        assert self._process.stdout is not None
        return float(self._process.stdout.readline())

    def elapsed_s(self, repeats: int) -> float:
        self.start(repeats)
        return self.wait_s()

    def end(self) -> None:
        self._process.communicate()


def _speed(workers: list[_Worker], repeats: int) -> float:
    """Upscaling a second of all together."""
    for worker in workers:
        worker.start(repeats)
    return repeats * len(workers) / max(worker.wait_s() for worker in workers)


def work(width: int, height: int, threads: int) -> None:
    """What a worker does."""
    upscale_plane, plane = native.build(iqlut.load(MODEL), threads), sample_plane(width, height)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            upscale_plane(plane)
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        work(*map(int, sys.argv[1:]))
    else:
        for row in rows():
            print(json.dumps(row))
