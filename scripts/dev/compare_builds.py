"""Compare the speed of two builds of the inference library.

    compare_builds.py LIBRARY LIBRARY [MODEL...]

For each model and instruction set, both builds upscale luma and colours of 480x270 pixels in turn
on one thread. The printed number is the median over all rounds of the CPU time of the second build
divided by that of the first. The pixels of both must be the same.
"""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np

import iqlut
from iqlut import native
from iqlut.engines import native as engine
from iqlut.native import inference
from iqlut.timing.timed_upscalers import sample_plane

ROUNDS, WIDTH, HEIGHT = 15, 480, 270


def load(path: str):
    """The library in this file, with its prototypes."""
    native.path_of = lambda name: path
    return inference.library.__wrapped__()


def main(paths: list[str], models: list[str]) -> None:
    """A line for each model, instruction set, and luma or colours."""
    libraries = [load(path) for path in paths]
    inference.library = lambda: libraries[0]  # type: ignore[assignment]
    plane = sample_plane(WIDTH, HEIGHT)
    colours = np.ascontiguousarray(np.stack([plane, np.roll(plane, 3, 0), 255 - plane], axis=2))
    for model in models:
        for isa in engine.instruction_sets():
            for what, pixels in (("luma", plane), ("colours", colours)):
                ratio, first_ms = compare(libraries, model, isa, pixels)
                print(
                    f"{model:16} {isa:11} {what:8} {first_ms:8.2f} ms, second to first {ratio:.3f}",
                    flush=True,
                )


def compare(libraries: list, model: str, isa: str, pixels: np.ndarray) -> tuple[float, float]:
    """The median ratio of times, second to first, and the median time of the first in ms."""
    tables = iqlut.load(model)
    if not isinstance(tables, iqlut.Tables):
        tables = tables.at(0)
    times, results = ([], []), []
    for library in libraries:
        inference.library = lambda library=library: library  # type: ignore[assignment]
        upscale = engine.build(tables, isa=isa)
        results.append((library, upscale if pixels.ndim == 2 else upscale.colours))
    for round_number in range(ROUNDS + 1):
        large = {}
        for index in (0, 1) if round_number % 2 else (1, 0):
            library, call = results[index]
            inference.library = lambda library=library: library  # type: ignore[assignment]
            start = time.process_time()
            large[index] = call(pixels)
            times[index].append(time.process_time() - start)
        assert (large[0] == large[1]).all(), f"{model}, {isa}: other pixels"
    pairs = list(zip(*times, strict=True))[1:]
    return statistics.median(b / a for a, b in pairs), 1000 * statistics.median(a for a, _ in pairs)


if __name__ == "__main__":
    main(sys.argv[1:3], sys.argv[3:] or list(iqlut.models()))
