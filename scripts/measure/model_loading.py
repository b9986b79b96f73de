"""Measure how long it takes to load each shipped model from memory, checks and checksum included.

Prints the least CPU time of 30 loads in ms, which other programs on the machine hardly affect.
"""

from __future__ import annotations

import time
from pathlib import Path

import iqlut
from iqlut.tables import file_format

LOADS = 30
MODELS = Path(iqlut.__file__).with_name("models")


def load_ms(data: bytes) -> float:
    """The least CPU time to load a model from the content of its file, in ms."""
    times_ns = []
    for _ in range(LOADS):
        start_ns = time.process_time_ns()
        file_format.from_bytes(data)
        times_ns.append(time.process_time_ns() - start_ns)
    return min(times_ns) / 1e6


if __name__ == "__main__":
    for name in iqlut.models():
        print(f"{name:16} {load_ms((MODELS / f'{name}.iqlut').read_bytes()):6.2f} ms")
