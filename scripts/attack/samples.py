"""Compares the samples that all engines compute of random legal tables on random planes.

    python -m scripts.attack.samples [--trials 10000000000] [--seed 1] [--results]

Each comparison makes tables of random shape, scale and values and a plane of random size, and takes
the pixels of the reference. Compared with them are the torch engine, the plain C loops, and the
native engine in each instruction set of this machine, with one thread and with two random numbers
of threads, in a first and a second call and in strips of rows, all of it again after a new start of
the engine. A sample counts once for each result that is compared. Wrong are samples that differ.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec

import numpy as np

from iqlut import engines
from iqlut.engines import native
from iqlut.planes.plane_types import UpscalePlane
from iqlut.tables.integer_tables import SCALES, Tables
from scripts.attack import trials
from scripts.attack.trials import Trial, Trials
from scripts.shared.result_files import Row
from tests.random_tables import random_tables

_CHANNELS_MAX, _BLOCKS_MAX, _SIDE_MAX_PX = 24, 4, 200
_STRIPS, _RESTARTS = 3, 2


def results(tables: Tables, plane: np.ndarray, threads: Sequence[int]) -> Iterator[np.ndarray]:
    """What every way to run the tables makes of a plane, except the reference."""
    rows = max(1, len(plane) // _STRIPS)
    for isa, count in itertools.product(native.instruction_sets(), threads):
        for _ in range(_RESTARTS):
            upscale = native.build(tables, count, isa)
            yield upscale(plane)
            yield upscale(plane)
            yield in_strips(upscale, tables, plane, rows)
    yield native.build(tables, threads[-1], native.REFERENCE)(plane)
    if find_spec("torch"):
        yield engines.get("torch").build(tables)(plane)


def in_strips(upscale: UpscalePlane, tables: Tables, plane: np.ndarray, rows: int) -> np.ndarray:
    """The plane upscaled in strips of so many rows, each with the rows that it depends on."""
    (before, after), strips = tables.halo, list[np.ndarray]()
    for top in range(0, len(plane), rows):
        start, bottom = max(0, top - before), min(top + rows, len(plane))
        strip = upscale(plane[start : bottom + after])
        strips.append(strip[tables.scale * (top - start) : tables.scale * (bottom - start)])
    return np.concatenate(strips)


def compare(seed: str) -> Trial:
    """Compare the samples of one plane and tables."""
    rng = np.random.default_rng(list(seed.encode()))
    blocks, channels = (int(rng.integers(1, most + 1)) for most in (_BLOCKS_MAX, _CHANNELS_MAX))
    scale = int(rng.choice(SCALES))
    tables = random_tables(rng, scale, blocks, channels)
    plane = rng.integers(0, 256, rng.integers(1, _SIDE_MAX_PX, 2)).astype(np.uint8)
    expected = engines.get("reference").build(tables)(plane)
    compared = differing = 0
    for found in results(tables, plane, (1, *map(int, rng.integers(2, 9, 2)))):
        compared += expected.size
        differing += int((found != expected).sum())
    shape = f"{blocks} blocks, {channels} channels, scale {scale}, {plane.shape} pixels"
    return Trial(f"{differing} samples: {shape}" if differing else "", {}, compared, differing)


def main(arguments: Sequence[str] | None = None, measured_from: Row | None = None) -> int:
    """Run the command; the origin is that of now, unless one is given."""
    given = trials.parser("samples", __doc__).parse_args(arguments)
    found = Trials("samples", given, measured_from)
    names = found.missing(map(str, itertools.count()))
    while found.count < given.trials:
        name = next(names)
        found.add(name, compare(f"{given.seed} {name}"))
    attack = (
        "samples of random tables, compared between engines, instruction sets, threads, strips and "
        "restarts"
    )
    return found.report(attack)


if __name__ == "__main__":
    sys.exit(main())
