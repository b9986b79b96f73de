"""Compares the samples that all engines compute of random legal tables on random planes.

    python -m scripts.attack.samples [--samples 1e7] [--seed 1] [--results]

Each trial makes tables of random shape, scale and values and a plane of random size, and compares
with the pixels of the reference: the native engine in each instruction set of this machine, with
one thread and with several, in a first and a second call, and the torch engine. A sample is counted
once for each result that is compared. Wrong are samples that differ.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec

import numpy as np

from iqlut import engines
from iqlut.engines import native
from iqlut.planes.plane_types import UpscalePlane
from iqlut.tables.integer_tables import SCALES, Tables
from scripts.attack import outcomes
from scripts.attack.outcomes import Outcome
from scripts.shared import result_files
from scripts.shared.result_files import Row
from tests.random_tables import random_tables

_CHANNELS_MAX, _BLOCKS_MAX, _SIDE_MAX_PX = 24, 4, 200


def upscalers(tables: Tables, threads: int) -> Iterator[UpscalePlane]:
    """Every way to run the tables but the reference, twice for a plan that is used again."""
    for isa in (*native.instruction_sets(), native.REFERENCE):
        for count in (1, threads):
            plan = native.build(tables, count, isa)
            yield plan
            yield plan
    if find_spec("torch"):
        yield engines.get("torch").build(tables)


def compare(samples: float, seed: int) -> tuple[int, int]:
    """The number of samples that were compared, at least `samples`, and how many differed."""
    rng, compared, differing = np.random.default_rng(seed), 0, 0
    while compared < samples:
        blocks, channels = (int(rng.integers(1, most + 1)) for most in (_BLOCKS_MAX, _CHANNELS_MAX))
        tables = random_tables(rng, int(rng.choice(SCALES)), blocks, channels)
        plane = rng.integers(0, 256, rng.integers(1, _SIDE_MAX_PX, 2)).astype(np.uint8)
        expected = engines.get("reference").build(tables)(plane)
        for upscale in upscalers(tables, int(rng.integers(2, 6))):
            compared += expected.size
            differing += int((upscale(plane) != expected).sum())
    return compared, differing


def main(arguments: Sequence[str] | None = None, measured_from: Row | None = None) -> int:
    """Run the command; the origin is that of now, unless one is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=float, default=1e7)
    parser.add_argument("--seed", type=int, default=1)
    outcomes.add_arguments(parser)
    given, origin = parser.parse_args(arguments), measured_from or result_files.origin()
    compared, differing = compare(given.samples, given.seed)
    attack = "samples of random tables, compared between engines, instruction sets and threads"
    return outcomes.report(Outcome("samples", attack, compared, differing), given, origin)


if __name__ == "__main__":
    sys.exit(main())
